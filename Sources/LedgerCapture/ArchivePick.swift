import LedgerCore
import LedgerInput

/// Finds the one capture in an archive.
struct ArchivePick {
  /// How much of a text is looked at, and how many names an error lists.
  private static let textLook = 1 << 20
  private static let namesShown = 8

  private let members: ArchiveMembers
  private let packing: Packing
  private let source: ByteSource

  init(_ source: ByteSource, _ packing: Packing, prefix: [UInt8], limit: UInt64)
    throws(CaptureError)
  {
    self.source = source
    self.packing = packing
    members = try ArchiveMembers(source, packing, prefix: prefix, limit: limit)
  }

  /// The content of the only member that looks like a capture, copied to a nameless temporary file.
  ///
  /// Compressed members count as captures. Throws when there is none, and names the members when there are
  /// several.
  func capture() throws(CaptureError) -> ByteSource {
    var found: ByteSource?
    var names: [String] = []
    var others = 0
    while let (name, content) = try members.next() {
      guard let look = try Self.look(content) else {
        others += 1
        continue
      }
      if names.isEmpty { found = try content.spooled(prefix: look) }
      names.append(name)
    }
    guard names.count <= 1 else { throw several(names) }
    if let found { return found }
    let loss = source.damage.losses.rows.first.map { "; \($0.detail)" } ?? ""
    throw .notACapture(
      path: source.path,
      hint: "none of the \(others) files in this \(packing.rawValue) archive is a capture\(loss)")
  }

  private func several(_ names: [String]) -> CaptureError {
    let shown = names.prefix(Self.namesShown).joined(separator: ", ")
    let more = names.count - Self.namesShown
    let rest = more > 0 ? " and \(more) more" : ""
    return .notACapture(
      path: source.path,
      hint: "this \(packing.rawValue) archive holds \(names.count) captures, unpack it first: "
        + shown + rest)
  }

  /// The bytes read to judge a member, nil when it is no capture.
  private static func look(_ content: ByteSource) throws(CaptureError) -> [UInt8]? {
    var bytes = try content.prefix(CaptureSniffer.prefixSize)
    guard !bytes.isEmpty else { return nil }
    switch CaptureSniffer.sniff(bytes) {
    case .traceDat, .perfData, .packed: return bytes
    case .foreign: return nil
    case .text:
      bytes += try content.prefix(textLook - bytes.count)
      var sniffer = TextSniffer()
      let padded = bytes + Array(repeating: 0, count: TextBlocks.padding)
      padded.withRawSpan { sniffer.look($0, to: bytes.count) }
      return sniffer.isCapture ? bytes : nil
    }
  }
}
