internal import LedgerCore

/// Counts names; those that come when it is full are counted together.
struct NameTally {
  private let limit: Int
  private var counts: [String: Int] = [:]
  private var others = 0

  init(limit: Int) { self.limit = limit }

  mutating func add(_ name: String) {
    guard !name.isEmpty else { return }
    if counts[name] != nil || counts.count < limit {
      counts[name, default: 0] += 1
    } else {
      others += 1
    }
  }

  /// The most frequent first.
  var table: NameTable {
    var table = NameTable()
    table.rows = counts.map { NameCount(name: $0.key, captures: $0.value) }
    table.rows.sort { ($1.captures, $0.name) < ($0.captures, $1.name) }
    table.others = others
    return table
  }
}
