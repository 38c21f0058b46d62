import Dispatch
import LedgerCore
import LedgerInput
import Synchronization

/// A text that is parsed on a thread of its own, a few pieces ahead of the replay.
///
/// What the reader knows crosses with the events: each piece carries what was known at its end, so that names and losses
/// do not depend on how far ahead the other thread is.
final class TextAhead: CaptureReader {
  /// Smaller texts are not worth a thread.
  static let floor: UInt64 = 1 << 20
  private static let batchesInPiece = 16
  private static let piecesAhead = 3

  private struct Piece: Sendable {
    var batches: [EventBatch] = []
    var count = 0
    var facts = Facts()
  }

  private struct Facts: Sendable {
    var info = CaptureInfo(path: "", kind: "")
    var losses = LossLedger()
    var complaints = ComplaintLog()
    var clues = KernelClues()
    var bringsChainsLate = false
    /// Only known at the end: a copy for each piece would be as large as the table.
    var stacks: StackTable?
  }

  private let handOver = HandOver<Piece>(ahead: piecesAhead)
  private var piece = Piece()
  private var at = 0
  private var facts: Facts

  /// Looks at the first lines, and starts to read ahead.
  init(_ source: ByteSource, prefix: [UInt8]) throws(CaptureError) {
    let reader = try FtraceTextReader(source: source, prefix: prefix, detail: .replay)
    facts = Self.facts(of: reader)
    let lent = Lent(reader)
    let handOver = handOver
    DispatchQueue(label: "pageledger.parse").async {
      lent.reader.withLock { Self.run($0, handOver) }
    }
  }

  deinit { handOver.cancel() }

  var info: CaptureInfo { facts.info }

  var losses: LossLedger { facts.losses }

  var complaints: ComplaintLog { facts.complaints }

  var clues: KernelClues { facts.clues }

  var bringsChainsLate: Bool { facts.bringsChainsLate }

  /// Ends the reading when it has not come to its end.
  var stacks: StackTable {
    if facts.stacks == nil {
      handOver.cancel()
      while let next = try? handOver.take(returning: nil) { facts.stacks = next.facts.stacks }
    }
    return facts.stacks ?? StackTable()
  }

  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool {
    while at == piece.count {
      at = 0
      piece.count = 0
      guard let next = try handOver.take(returning: piece) else { return false }
      piece = next
      facts = next.facts
    }
    swap(&batch, &piece.batches[at])
    at += 1
    return true
  }

  private static func run(_ reader: FtraceTextReader, _ handOver: HandOver<Piece>) {
    var failure: CaptureError?
    var isAtEnd = false
    while !isAtEnd {
      let isWanted = handOver.waitForRoom()
      var piece = handOver.spare() ?? Piece()
      do throws(CaptureError) {
        isAtEnd = isWanted ? try !fill(&piece, reader) : true
      } catch {
        failure = error
        isAtEnd = true
      }
      piece.facts = facts(of: reader)
      if isAtEnd { piece.facts.stacks = reader.stacks }
      handOver.put(piece)
    }
    handOver.finish(failure)
  }

  /// False at the end of the text.
  private static func fill(
    _ piece: inout Piece, _ reader: FtraceTextReader
  ) throws(CaptureError) -> Bool {
    piece.count = 0
    while piece.count < batchesInPiece {
      if piece.count == piece.batches.count { piece.batches.append(EventBatch()) }
      guard try reader.next(&piece.batches[piece.count]) else { return false }
      piece.count += 1
    }
    return true
  }

  private static func facts(of reader: FtraceTextReader) -> Facts {
    var facts = Facts()
    facts.info = reader.info
    facts.losses = reader.losses
    facts.complaints = reader.complaints
    facts.clues = reader.clues
    facts.bringsChainsLate = reader.bringsChainsLate
    return facts
  }
}

/// A reader on its way to another thread.
private final class Lent: Sendable {
  let reader: Mutex<FtraceTextReader>

  init(_ reader: sending FtraceTextReader) { self.reader = Mutex(reader) }
}
