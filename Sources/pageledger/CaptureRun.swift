import LedgerCapture
import LedgerCore
import LedgerReplay
import LedgerRules

/// Reads one capture to its end, or until the user interrupts, and audits it.
struct CaptureRun {
  /// Bytes that the page table may take.
  let memoryLimit: UInt64
  /// Bytes that a packed capture may unpack to.
  let expandLimit: UInt64
  let quiet: Bool
  var watch: WatchRange?
  /// Events behind this time are not replayed.
  var until: TimeArgument?

  init(_ options: CommonOptions, watch: WatchRange? = nil, until: TimeArgument? = nil) {
    self.until = until
    memoryLimit = options.maxMemory.bytes
    expandLimit = options.input.maxExpand.bytes
    quiet = options.quiet
    self.watch = watch
  }

  /// The analysis of a capture; `observe` sees the watched steps of each batch and says whether to go on.
  ///
  /// A capture that cannot be read gives an analysis too, with the verdict `unreadable`.
  func analyze(
    _ path: String, observe: (inout Audit, any CaptureReader) -> Bool = { _, _ in true }
  ) -> Analysis {
    do throws(CaptureError) {
      let reader = try openCapture(path: path, detail: .replay, expandLimit: expandLimit)
      return replay(reader, observe)
    } catch {
      return Analysis(
        verdict: .unreadable, capture: CaptureInfo(path: path, kind: ""), eventsUsed: 0,
        losses: [], rules: [], findings: [], failure: error.message)
    }
  }

  /// Drops what lies behind the end; true if there was any.
  private func cut(_ batch: inout EventBatch, _ nanoseconds: Bool) -> Bool {
    guard let end = until?.units(nanoseconds: nanoseconds),
      let first = batch.events.firstIndex(where: { $0.time > end })
    else { return false }
    batch.events.removeSubrange(first...)
    return true
  }

  private func replay(
    _ reader: any CaptureReader, _ observe: (inout Audit, any CaptureReader) -> Bool
  ) -> Analysis {
    var audit = Audit(pageLimitBytes: memoryLimit, watch: watch)
    var progress = Progress(quiet: quiet)
    var batch = EventBatch()
    var losses = LossLedger()
    var failure: CaptureError?
    do throws(CaptureError) {
      while try reader.next(&batch) {
        let isPast = cut(&batch, reader.info.timeIsNanoseconds)
        audit.consume(batch)
        progress.step(events: reader.info.eventsRead)
        guard observe(&audit, reader), !isPast, !Interruption.isRequested else { break }
      }
    } catch { failure = error }
    progress.erase()
    losses.merge(reader.losses)
    if Interruption.isRequested { losses.add(.interrupted) }
    var analysis = audit.finish(info: reader.info, losses: losses)
    if let failure {
      analysis.verdict = .unreadable
      analysis.failure = failure.message
    }
    return analysis
  }
}
