public import LedgerCore

/// The state of a page at one moment: count, block, who reaches it, who took references.
public struct PageMoment: Sendable {
  private let pfn: UInt64
  private let state: String
  private let block: BlockReference?
  private let holders: [(words: String, event: Event)]
  private let references: [(pid: Int32, comm: String, count: Int64)]

  /// `references` is what each task took less what it gave back.
  public init(
    pfn: UInt64, state: String, block: BlockReference?, holders: [(words: String, event: Event)],
    references: [(pid: Int32, comm: String, count: Int64)]
  ) {
    self.pfn = pfn
    self.state = state
    self.block = block
    self.holders = holders
    self.references = references
  }

  private static let indent = 14

  /// A few lines.
  public func text(nanoseconds: Bool) -> String {
    var page = TextPage()
    page.paragraph("\(hex(pfn)), \(state)", label: "page", indent: Self.indent)
    if let block {
      page.paragraph(
        "page \(pfn &- block.pfn) of the order-\(block.order) \(block.kind.rawValue) block at \(hex(block.pfn))",
        label: "block", indent: Self.indent)
    }
    for (index, holder) in holders.enumerated() {
      let time = NumberText.time(holder.event.time, nanoseconds: nanoseconds)
      page.paragraph(
        "\(holder.words), since \(time)", label: index == 0 ? "reached" : "", indent: Self.indent)
    }
    if holders.isEmpty {
      page.paragraph(
        "by nobody without a reference, as far as recorded", label: "reached", indent: Self.indent)
    }
    for (index, row) in references.enumerated() {
      let sign = row.count > 0 ? "+" : ""
      page.paragraph(
        "\(sign)\(row.count) by \(TaskText.name(row.comm, row.pid))",
        label: index == 0 ? "references" : "", indent: Self.indent)
    }
    return page.text
  }

  /// One line: `{"pfn","state","block","holders","references"}`.
  public func json() -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("pfn", pfn)
      writer.member("state", state)
      writer.key("block")
      if let block {
        writer.object {
          $0.member("pfn", block.pfn)
          $0.member("order", block.order)
          $0.member("kind", block.kind.rawValue)
        }
      } else {
        writer.null()
      }
      writer.key("holders")
      writer.array { for holder in holders { write(holder, to: &$0) } }
      writer.key("references")
      writer.array { for row in references { write(row, to: &$0) } }
    }
    writer.endLine()
    return writer.bytes
  }

  private func write(_ holder: (words: String, event: Event), to writer: inout JSONWriter) {
    writer.object {
      $0.member("words", holder.words)
      $0.member("since", holder.event.time)
      $0.member("event", holder.event.kind.name)
      $0.member("text", holder.event.words)
      $0.member("pid", holder.event.pid)
    }
  }

  private func write(
    _ row: (pid: Int32, comm: String, count: Int64), to writer: inout JSONWriter
  ) {
    writer.object {
      $0.member("pid", row.pid)
      $0.member("comm", row.comm)
      $0.member("count", row.count)
    }
  }
}
