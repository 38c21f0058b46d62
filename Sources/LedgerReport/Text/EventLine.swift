public import LedgerCore

/// Writes decoded events for people, one a line, as the kernel's own `trace` file does.
public struct EventLine {
  /// Columns of `comm-pid`, as in the kernel's file.
  private static let taskWidth = 22
  private let nanoseconds: Bool

  /// A writer for a clock that counts nanoseconds or something else.
  public init(nanoseconds: Bool) { self.nanoseconds = nanoseconds }

  /// Appends `comm-pid [cpu] time: name: field=value ...` and a newline.
  public func append(_ event: Event, _ detail: EventDetail, to bytes: inout [UInt8]) {
    if event.kind.isGap {
      appendGap(event, to: &bytes)
    } else {
      Self.appendTask(detail.comm, event.pid, to: &bytes)
      bytes.append(contentsOf: " [".utf8)
      bytes.append(digits: UInt64(event.cpu), radix: 10, width: 3)
      bytes.append(contentsOf: "] ".utf8)
      appendTime(event.time, to: &bytes)
      bytes.append(contentsOf: ": ".utf8)
      bytes.append(escaped: detail.name)
      bytes.append(UInt8(ascii: ":"))
      Self.appendFields(detail, to: &bytes)
    }
    bytes.append(UInt8(ascii: "\n"))
  }

  private func appendGap(_ event: Event, to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "# CPU ".utf8)
    bytes.append(decimal: event.cpu)
    let begins = event.kind == .gapOpens
    bytes.append(contentsOf: (begins ? ": gap begins at " : ": gap ends at ").utf8)
    appendTime(event.time, to: &bytes)
    guard !begins, event.value > 0 else { return }
    bytes.append(contentsOf: ", events lost: ".utf8)
    bytes.append(decimal: event.value)
  }

  private func appendTime(_ time: UInt64, to bytes: inout [UInt8]) {
    guard nanoseconds else { return bytes.append(decimal: time) }
    let (seconds, rest) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
    bytes.append(decimal: seconds)
    bytes.append(UInt8(ascii: "."))
    bytes.append(digits: rest, radix: 10, width: 9)
  }

  private static func appendFields(_ detail: EventDetail, to bytes: inout [UInt8]) {
    guard !detail.fields.isEmpty else {
      guard !detail.body.isEmpty else { return }
      bytes.append(UInt8(ascii: " "))
      return bytes.append(escaped: detail.body)
    }
    for field in detail.fields {
      bytes.append(UInt8(ascii: " "))
      bytes.append(escaped: field.name)
      bytes.append(UInt8(ascii: "="))
      append(field.value, to: &bytes)
    }
  }

  /// Right-aligned as long as it fits.
  private static func appendTask(_ comm: String, _ pid: Int32, to bytes: inout [UInt8]) {
    let first = bytes.count
    bytes.append(escaped: comm.isEmpty ? "<...>" : comm)
    bytes.append(UInt8(ascii: "-"))
    if pid < 0 { bytes.append(UInt8(ascii: "?")) } else { bytes.append(decimal: pid) }
    let missing = taskWidth - (bytes.count - first)
    guard missing > 0 else { return }
    bytes.insert(contentsOf: repeatElement(UInt8(ascii: " "), count: missing), at: first)
  }

  private static func append(_ value: FieldValue, to bytes: inout [UInt8]) {
    switch value {
    case .signed(let number): bytes.append(decimal: number)
    case .unsigned(let number): bytes.append(decimal: number)
    case .hex(let number):
      bytes.append(contentsOf: "0x".utf8)
      bytes.append(digits: number, radix: 16)
    case .string(let text): bytes.append(escaped: text)
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        bytes.append(UInt8(ascii: index == 0 ? "[" : ","))
        bytes.append(decimal: element)
      }
      bytes.append(contentsOf: (elements.isEmpty ? "[]" : "]").utf8)
    }
  }
}
