import LedgerCore

/// Rows of evidence in aligned columns: time, cpu, task, event and its fields; below each, the state it changed.
struct EvidenceTable {
  private struct Row {
    var time: String
    var cpu: String
    var task: String
    var event: String
    var text: String
    var change: String
  }

  private let nanoseconds: Bool
  private var rows: [Row] = []

  /// An empty table for a clock that counts nanoseconds or something else.
  init(nanoseconds: Bool) { self.nanoseconds = nanoseconds }

  /// Adds an event with its state on both sides.
  mutating func add(_ evidence: Evidence) {
    rows.append(
      Row(
        time: NumberText.time(evidence.time, nanoseconds: nanoseconds),
        cpu: evidence.cpu < 0 ? "-" : "\(evidence.cpu)",
        task: TaskText.name(evidence.comm, evidence.pid),
        event: evidence.event.escapedForTerminal, text: evidence.text.escapedForTerminal,
        change: Self.change(evidence.before, evidence.after)))
  }

  /// Prints the rows; of more than `limit` the middle ones are only counted.
  func render(limit: Int, style: TextStyle, on page: inout TextPage) {
    let time = max(4, width(\.time))
    let cpu = max(3, width(\.cpu))
    let task = max(4, min(24, width(\.task)))
    let column = 4 + time + 2 + cpu + 2 + task + 2
    page.line(
      style.paint(
        "    " + "time".padded(left: time) + "  " + "cpu".padded(left: cpu) + "  "
          + "task".padded(right: task) + "  event", .faint))
    for (index, row) in rows.enumerated() {
      guard rows.count <= limit || index < limit / 2 || index >= rows.count - limit / 2 else {
        if index == limit / 2 { page.line("    ... \(rows.count - limit / 2 * 2) more events") }
        continue
      }
      let label =
        "    " + row.time.padded(left: time) + "  " + row.cpu.padded(left: cpu) + "  "
        + row.task.padded(right: task) + "  "
      page.paragraph(row.event + " " + row.text, label: label, indent: column)
      page.paragraph(row.change, indent: column + 2)
    }
  }

  private func width(_ column: KeyPath<Row, String>) -> Int {
    rows.reduce(0) { max($0, $1[keyPath: column].unicodeScalars.count) }
  }

  /// `live, count 1 -> live, count 2`; a state that stays is named once.
  static func change(_ before: String, _ after: String) -> String {
    guard !before.isEmpty || !after.isEmpty else { return "" }
    guard before != after else { return "stays " + after.escapedForTerminal }
    let old = before.isEmpty ? "?" : before.escapedForTerminal
    return old + " -> " + (after.isEmpty ? "?" : after.escapedForTerminal)
  }
}
