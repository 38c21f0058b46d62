import LedgerInput

/// Colours and other control sequences that terminals and `dmesg --color` put into text.
enum TerminalCodes {
  private static let escape: UInt8 = 0x1b

  /// Takes the sequences out of the first `end` bytes of a block, which keeps its padding; returns the new end.
  static func strip(_ block: inout [UInt8], to end: Int) -> Int {
    let first = block.withRawSpan { $0.firstOffset(of: escape, from: 0, to: end) }
    guard let first else { return end }
    var read = first
    var write = first
    while read < end {
      if block[read] == escape {
        read = sequenceEnd(block, read, end)
      } else {
        block[write] = block[read]
        write &+= 1
        read &+= 1
      }
    }
    block.removeSubrange(write..<end)
    return write
  }

  /// `ESC [ parameters letter`, or the escape alone; a newline ends any sequence.
  private static func sequenceEnd(_ block: [UInt8], _ start: Int, _ end: Int) -> Int {
    var at = start &+ 1
    guard at < end, block[at] == 0x5b else { return at }
    at &+= 1
    while at < end, block[at] >= 0x20, block[at] < 0x40 { at &+= 1 }
    return at < end && block[at] >= 0x40 ? at &+ 1 : at
  }
}
