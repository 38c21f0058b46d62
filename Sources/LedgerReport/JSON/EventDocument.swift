public import LedgerCore

/// Writes decoded events as NDJSON, one object a line.
public struct EventDocument {
  private var writer = JSONWriter()

  /// A writer without lines.
  public init() {}

  /// Appends `{"time","cpu","pid","comm","event","system","fields"}`; a text body that has no fields
  /// becomes `"text"`.
  ///
  /// A gap is an event `gap_opens` or `gap_closes` of the system `pageledger`.
  public mutating func append(_ event: Event, _ detail: EventDetail, to bytes: inout [UInt8]) {
    writer.clear()
    writer.object { writer in
      writer.member("time", event.time)
      writer.member("cpu", event.cpu)
      writer.member("pid", event.pid)
      writer.member("comm", detail.comm)
      writer.member("event", event.kind.isGap ? Self.gapName(event.kind) : detail.name)
      writer.member("system", event.kind.isGap ? "pageledger" : detail.system)
      writer.key("fields")
      writer.object { Self.write(event, detail, to: &$0) }
      if detail.fields.isEmpty, !detail.body.isEmpty { writer.member("text", detail.body) }
    }
    writer.endLine()
    bytes.append(contentsOf: writer.bytes)
  }

  private static func write(_ event: Event, _ detail: EventDetail, to writer: inout JSONWriter) {
    if event.kind == .gapCloses { writer.member("lost", event.value) }
    guard !event.kind.isGap else { return }
    for field in detail.fields {
      writer.key(field.name)
      write(field.value, to: &writer)
    }
  }

  private static func write(_ value: FieldValue, to writer: inout JSONWriter) {
    switch value {
    case .signed(let number): writer.value(number)
    case .unsigned(let number), .hex(let number): writer.value(number)
    case .string(let text): writer.value(text)
    case .array(let elements): writer.array { for element in elements { $0.value(element) } }
    }
  }

  private static func gapName(_ kind: EventKind) -> String {
    kind == .gapOpens ? "gap_opens" : "gap_closes"
  }
}
