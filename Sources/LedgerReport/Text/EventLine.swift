public import LedgerCore

/// Writes decoded events for people, one a line, as the kernel's own `trace` file does.
public struct EventLine {
  private let nanoseconds: Bool

  /// A writer for a clock that counts nanoseconds or something else.
  public init(nanoseconds: Bool) { self.nanoseconds = nanoseconds }

  /// Appends `comm-pid [cpu] time: name: field=value ...` and a newline.
  public func append(_ event: Event, _ detail: EventDetail, to bytes: inout [UInt8]) {
    var line = ""
    if event.kind.isGap {
      line += "# CPU \(event.cpu): " + Self.gapWords(event)
      line += " at \(NumberText.time(event.time, nanoseconds: nanoseconds))"
    } else {
      line += Self.task(detail.comm, event.pid).padded(left: 22)
      line += " [\(String(event.cpu).padded(left: 3, with: "0"))] "
      line += NumberText.time(event.time, nanoseconds: nanoseconds) + ": "
      line += detail.name.escapedForTerminal + ":"
      appendFields(detail, to: &line)
    }
    bytes.append(contentsOf: line.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  private func appendFields(_ detail: EventDetail, to line: inout String) {
    guard !detail.fields.isEmpty else {
      if !detail.body.isEmpty { line += " " + detail.body.escapedForTerminal }
      return
    }
    for field in detail.fields {
      line += " \(field.name.escapedForTerminal)=\(Self.text(of: field.value))"
    }
  }

  private static func task(_ comm: String, _ pid: Int32) -> String {
    (comm.isEmpty ? "<...>" : comm.escapedForTerminal) + "-" + (pid < 0 ? "?" : String(pid))
  }

  private static func gapWords(_ event: Event) -> String {
    guard event.kind == .gapCloses else { return "gap begins" }
    return event.value > 0 ? "gap ends, \(event.value) events lost," : "gap ends"
  }

  private static func text(of value: FieldValue) -> String {
    switch value {
    case .signed(let number): String(number)
    case .unsigned(let number): String(number)
    case .hex(let number): NumberText.hex(number)
    case .string(let text): text.escapedForTerminal
    case .array(let elements): "[" + elements.map { String($0) }.joined(separator: ",") + "]"
    }
  }
}
