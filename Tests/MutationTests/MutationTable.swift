/// Results by kind of mutation.
struct MutationTable {
  private struct Row {
    var right = 0
    var missed = 0
    var wrong = 0
    var idle = 0
  }

  private var rows: [String: Row] = [:]
  private(set) var missed: [String] = []
  private(set) var wrong: [String] = []
  private(set) var idle = 0

  /// Mutations that were done.
  var decidable: Int { rows.values.reduce(0) { $0 + $1.right + $1.missed + $1.wrong } }

  /// Takes a result in; nil when no stream had a place for the mutation.
  mutating func add(_ name: String, _ outcome: Outcome?, number: Int) {
    var row = rows[name] ?? Row()
    switch outcome {
    case .right?: row.right += 1
    case .missed(let what)?:
      row.missed += 1
      missed.append("#\(number) \(name): \(what)")
    case .wrong(let what)?:
      row.wrong += 1
      wrong.append("#\(number) \(name): \(what)")
    case nil:
      row.idle += 1
      idle += 1
    }
    rows[name] = row
  }

  var text: String {
    var lines = ["  right missed  wrong no place  mutation"]
    for mutation in Mutation.all {
      guard let row = rows[mutation.name] else { continue }
      let numbers = [row.right, row.missed, row.wrong, row.idle].map { number in
        let digits = "\(number)"
        return String(repeating: " ", count: max(0, 7 - digits.count)) + digits
      }
      lines.append(numbers.joined() + "   " + mutation.name)
    }
    return lines.joined(separator: "\n")
  }
}
