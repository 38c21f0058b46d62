public import LedgerCore

/// One step in the life of a page: an event and the state on both sides of it.
public struct PageStep: Sendable {
  private let event: Event
  private let name: String
  private let comm: String
  private let before: String
  private let after: String
  private let note: String

  /// A step; `note` says what the replay made of it.
  public init(
    event: Event, name: String, comm: String, before: String, after: String, note: String
  ) {
    self.event = event
    self.name = name
    self.comm = comm
    self.before = before
    self.after = after
    self.note = note
  }

  /// Two or three lines: the event; the change; the note.
  public func text(nanoseconds: Bool) -> String {
    var page = TextPage()
    let label =
      NumberText.time(event.time, nanoseconds: nanoseconds).padded(left: 16) + "  "
      + "\(event.cpu)".padded(left: 3) + "  " + TaskText.name(comm, event.pid).padded(right: 20)
      + "  "
    let indent = label.unicodeScalars.count
    page.paragraph(name.escapedForTerminal + " " + event.words, label: label, indent: indent)
    page.paragraph(EvidenceTable.change(before, after), indent: indent + 2)
    page.paragraph(note.escapedForTerminal, indent: indent + 2)
    return page.text
  }

  /// One line: `{"time","cpu","pid","comm","pfn","event","text","before","after","note"}`.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("time", event.time)
      writer.member("cpu", event.cpu)
      writer.member("pid", event.pid)
      writer.member("comm", comm)
      writer.key("pfn")
      if event.pfn == Event.noFrame { writer.null() } else { writer.value(event.pfn) }
      writer.member("event", name)
      writer.member("text", event.words)
      writer.member("before", before)
      writer.member("after", after)
      writer.member("note", note)
    }
    writer.endLine()
    return writer.bytes
  }
}
