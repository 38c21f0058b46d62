internal import Dispatch
public import LedgerCore

/// Text in blocks of whole lines, read ahead by a thread of its own where there is a CPU for it.
///
/// A block ends behind a newline, except the last one of a source that ends without. Behind the text lie
/// `padding` zero bytes, so that wide loads at any place of the text stay inside the block. At most three
/// blocks exist at a time.
public final class TextBlocks {
  /// Zero bytes behind the text of a block.
  public static let padding = 128
  /// Longest line that is handed over whole, in bytes; of a longer one only a piece of `lineLimit + 1`
  /// bytes and a newline come, the rest is skipped.
  public static let lineLimit = 1 << 16
  /// A file below this size is not worth a thread.
  private static let floor: UInt64 = 1 << 20

  /// Blocks that the other thread has read.
  private let handOver: HandOver<[UInt8]>?
  /// Without another thread.
  private var cutter: BlockCutter?

  /// Starts to read; `prefix` are bytes that were already taken from the source.
  public init(source: ByteSource, prefix: [UInt8]) {
    let isSmall = source.size.map { $0 < Self.floor } ?? false
    guard !source.isLive, isSmall || OwnProcess.processors == 1 else {
      handOver = Self.ahead(source, prefix)
      return
    }
    handOver = nil
    cutter = BlockCutter(source: source, carry: prefix, fullStep: 1 << 17)
  }

  private static func ahead(_ source: ByteSource, _ prefix: [UInt8]) -> HandOver<[UInt8]> {
    let handOver = HandOver<[UInt8]>(ahead: 2)
    DispatchQueue(label: "pageledger.text").async {
      var cutter = BlockCutter(source: source, carry: prefix, fullStep: 1 << 19)
      cutter.run(handOver)
    }
    return handOver
  }

  deinit { handOver?.cancel() }

  /// True if the next block, or the end, is there already.
  public var isReady: Bool { handOver?.isReady ?? true }

  /// True if the next block, or the end, comes within `milliseconds`.
  public func isReady(within milliseconds: Int) -> Bool {
    handOver?.isReady(within: milliseconds) ?? true
  }

  /// Replaces `block` by the next one and returns the bytes of text in it; nil at the end of the source.
  public func next(_ block: inout [UInt8]) throws(CaptureError) -> Int? {
    var spent: [UInt8] = []
    swap(&spent, &block)
    spent.removeAll(keepingCapacity: true)
    guard let handOver else {
      swap(&spent, &block)
      return try cutter?.next(&block)
    }
    guard let next = try handOver.take(returning: spent) else { return nil }
    block = next
    return block.count - Self.padding
  }
}

/// Reads a source and cuts it behind newlines.
private struct BlockCutter {
  /// Grows from small to full blocks, so that a short text and the first events of a long one come at once.
  private var step = 1 << 14
  private let fullStep: Int
  private let source: ByteSource
  private var carry: [UInt8]
  private var isSkipping = false
  private var isAtEnd = false

  init(source: ByteSource, carry: [UInt8], fullStep: Int) {
    self.source = source
    self.carry = carry
    self.fullStep = fullStep
  }

  mutating func run(_ handOver: HandOver<[UInt8]>) {
    while handOver.waitForRoom() {
      var block = handOver.spare() ?? []
      do throws(CaptureError) {
        guard try next(&block) != nil else { return handOver.finish(nil) }
        handOver.put(block)
      } catch {
        return handOver.finish(error)
      }
    }
  }

  /// Fills an empty block and returns the bytes of text in it; nil at the end.
  mutating func next(_ block: inout [UInt8]) throws(CaptureError) -> Int? {
    while !isAtEnd {
      isAtEnd = try !fill(&block)
      guard block.isEmpty else {
        block.append(contentsOf: repeatElement(0, count: TextBlocks.padding))
        return block.count - TextBlocks.padding
      }
    }
    return nil
  }

  /// Fills a block with at least one line; false when the source has ended.
  private mutating func fill(_ block: inout [UInt8]) throws(CaptureError) -> Bool {
    defer { step = min(step * 4, fullStep) }
    block.reserveCapacity(step + TextBlocks.lineLimit + 2 * TextBlocks.padding)
    block.append(contentsOf: carry)
    carry.removeAll(keepingCapacity: true)
    while true {
      let old = block.count
      // What was read before a pipe paused goes on its way at once.
      if old == 0 || source.isReady(within: 0) || hasNoLine(block) {
        let got = try source.read(into: &block, count: step)
        if isSkipping {
          // The rest of a line of zeros may be a hole of any size.
          if got > 0, block.last == 0 { source.skipHole() }
          skip(&block, from: old)
        }
        guard got > 0 else { return false }
      }
      let lines = block.withRawSpan { $0.lastOffset(of: 0x0a, from: 0, to: $0.byteCount) }
      let tail = (lines ?? -1) + 1
      if block.count - tail > TextBlocks.lineLimit {
        block.removeLast(block.count - tail - TextBlocks.lineLimit - 1)
        block.append(0x0a)
        isSkipping = true
        return true
      }
      guard lines != nil else { continue }
      carry.append(contentsOf: block[tail...])
      block.removeLast(block.count - tail)
      return true
    }
  }

  /// No line has ended yet.
  private func hasNoLine(_ block: [UInt8]) -> Bool { !block.contains(0x0a) }

  /// Drops the rest of a line that is too long.
  private mutating func skip(_ block: inout [UInt8], from old: Int) {
    let end = block.withRawSpan { $0.firstOffset(of: 0x0a, from: old, to: $0.byteCount) }
    isSkipping = end == nil
    block.removeSubrange(old..<(end.map { $0 + 1 } ?? block.count))
  }
}
