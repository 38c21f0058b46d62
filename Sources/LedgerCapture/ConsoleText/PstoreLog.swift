import LedgerCore
import LedgerInput

/// The parts of one or more logs that pstore kept, put into their order.
///
/// The newest part has number 1, and whoever prints the files by name prints it first.
struct PstoreLog {
  private struct Part {
    var header: PstoreRecord.Header
    var text: ArraySlice<UInt8>
  }

  /// Firmware keeps kilobytes, ramoops megabytes.
  static let limit = 1 << 26

  private var dumps: [[Part]] = []

  /// Adds the records of a text; one with a number that the dump has already begins another dump.
  mutating func add(_ text: [UInt8]) {
    var at = 0
    var open: (header: PstoreRecord.Header, start: Int)?
    while at < text.count {
      if let header = PstoreRecord.header(text[at...]) {
        close(open, text, at)
        open = (header, at + header.size)
      }
      at = (text[at...].firstIndex(of: 0x0a) ?? text.count - 1) + 1
    }
    close(open, text, text.count)
  }

  private mutating func close(
    _ open: (header: PstoreRecord.Header, start: Int)?, _ text: [UInt8], _ end: Int
  ) {
    guard let open else { return }
    let part = Part(header: open.header, text: text[min(open.start, end)..<end])
    if let last = dumps.last, last[0].header.dump == part.header.dump,
      !last.contains(where: { $0.header.part == part.header.part })
    {
      dumps[dumps.count - 1].append(part)
    } else {
      dumps.append([part])
    }
  }

  /// The logs, each from its oldest part to the newest; where one is missing, a line says what printk says of lost messages.
  var texts: [[UInt8]] {
    dumps.map { parts in
      var text: [UInt8] = []
      var next = 0
      for part in parts.sorted(by: { $0.header.part > $1.header.part }) {
        if next > 0, part.header.part != next { text += "** 1 printk messages dropped **\n".utf8 }
        next = part.header.part - 1
        text += part.text
        if text.last != 0x0a { text.append(0x0a) }
      }
      return text
    }
  }
}
