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
  /// Longest line that is handed over whole for certain, in bytes. Of a longer one come its first `lineLimit` bytes, a NUL, what
  /// stands in its rest around the first of the words that are watched for, and a newline; the rest is skipped.
  public static let lineLimit = 1 << 16
  /// A file below this size is not worth a thread.
  private static let floor: UInt64 = 1 << 20

  /// Blocks that the other thread has read.
  private let handOver: HandOver<[UInt8]>?
  /// Without another thread.
  private var cutter: BlockCutter?

  /// Starts to read; `prefix` are bytes that were already taken from the source, `words` what is watched for in lines that are too
  /// long.
  public init(source: ByteSource, prefix: [UInt8], watching words: [String] = []) {
    let words = words.map { Array($0.utf8) }
    let isSmall = source.size.map { $0 < Self.floor } ?? false
    guard !source.isLive, isSmall || OwnProcess.processors == 1 else {
      handOver = Self.ahead(source, prefix, words)
      return
    }
    handOver = nil
    cutter = BlockCutter(source: source, carry: prefix, fullStep: 1 << 17, words: words)
  }

  private static func ahead(
    _ source: ByteSource, _ prefix: [UInt8], _ words: [[UInt8]]
  ) -> HandOver<[UInt8]> {
    let handOver = HandOver<[UInt8]>(ahead: 2)
    DispatchQueue(label: "pageledger.text").async {
      var cutter = BlockCutter(source: source, carry: prefix, fullStep: 1 << 19, words: words)
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
  private var isAtEnd = false
  private let words: [[UInt8]]

  init(source: ByteSource, carry: [UInt8], fullStep: Int, words: [[UInt8]]) {
    self.source = source
    self.carry = carry
    self.fullStep = fullStep
    self.words = words
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
        guard try source.read(into: &block, count: step) > 0 else { return false }
      }
      let lines = block.withRawSpan { $0.lastOffset(of: 0x0a, from: 0, to: $0.byteCount) }
      let tail = (lines ?? -1) + 1
      if tail == 0, block.count > TextBlocks.lineLimit { return try shorten(&block) }
      guard lines != nil else { continue }
      carry.append(contentsOf: block[tail...])
      block.removeLast(block.count - tail)
      return true
    }
  }

  /// No line has ended yet.
  private func hasNoLine(_ block: [UInt8]) -> Bool { !block.contains(0x0a) }

  /// Bytes that are kept on each side of a word that is watched for.
  private static let reach = 1 << 10

  /// Reads on to the end of the line that fills the block; false when the source has ended.
  private mutating func shorten(_ block: inout [UInt8]) throws(CaptureError) -> Bool {
    var rest = Array(block[TextBlocks.lineLimit...])
    block.removeLast(rest.count)
    block.append(0)
    var piece: [UInt8]?
    var fresh = 0
    var isOver = false
    while true {
      let newline = rest.withRawSpan { $0.firstOffset(of: 0x0a, from: fresh, to: $0.byteCount) }
      let end = newline ?? rest.count
      if piece == nil, let hit = firstWord(rest, end),
        newline != nil || isOver || end - hit >= Self.reach
      {
        piece = Array(rest[max(0, hit - Self.reach)..<min(end, hit + Self.reach)])
      }
      if let newline { carry.append(contentsOf: rest[(newline + 1)...]) }
      guard newline == nil, !isOver else { break }
      rest.removeFirst(max(0, rest.count - 2 * Self.reach))
      fresh = rest.count
      isOver = try source.read(into: &rest, count: fullStep) == 0
      // The rest of a line of zeros may be a hole of any size.
      if rest.last == 0 { source.skipHole() }
    }
    block += (piece ?? []) + [0x0a]
    return !isOver
  }

  private func firstWord(_ bytes: [UInt8], _ end: Int) -> Int? {
    bytes.withRawSpan { span in words.compactMap { span.firstOffset(of: $0, to: end) }.min() }
  }
}

extension RawSpan {
  /// Offset of the first `word` before `end`.
  fileprivate func firstOffset(of word: [UInt8], to end: Int) -> Int? {
    guard let first = word.first else { return nil }
    var from = 0
    while let hit = firstOffset(of: first, from: from, to: end) {
      if hit + word.count <= end, word.indices.allSatisfy({ u8(hit + $0) == word[$0] }) {
        return hit
      }
      from = hit + 1
    }
    return nil
  }
}
