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
  /// A kernel log to read beside the capture.
  var console: String?

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
      let log = try console.map { path throws(CaptureError) in try readLog(path) }
      let reader = try openCapture(path: path, detail: .replay, expandLimit: expandLimit)
      return replay(reader, log, observe)
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

  /// Reads a log of the kernel for its complaints; a dump of the trace buffer in it is left aside.
  private func readLog(_ path: String) throws(CaptureError) -> KernelLog {
    let reader = try openCapture(path: path, detail: .replay, expandLimit: expandLimit)
    var batch = EventBatch()
    while try reader.next(&batch) {
      guard !Interruption.isRequested else { break }
    }
    guard reader.info.logLines > 0 else {
      throw .notACapture(path: path, hint: "--console takes a log of the kernel")
    }
    return KernelLog(info: reader.info, complaints: reader.complaints)
  }

  private func replay(
    _ reader: any CaptureReader, _ log: KernelLog?,
    _ observe: (inout Audit, any CaptureReader) -> Bool
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
    var info = reader.info
    var complaints = reader.complaints
    log?.join(&info, &complaints)
    var analysis = audit.finish(info: info, losses: losses, complaints: complaints)
    if let failure {
      analysis.verdict = .unreadable
      analysis.failure = failure.message
    }
    return analysis
  }
}

/// What a log beside the capture says.
struct KernelLog {
  let info: CaptureInfo
  let complaints: ComplaintLog

  /// Adds it to what the capture says; marks and orders of the log's own dumps mean nothing to the capture.
  func join(_ info: inout CaptureInfo, _ complaints: inout ComplaintLog) {
    info.logPath = self.info.path
    info.logLines &+= self.info.logLines
    info.logDropped &+= self.info.logDropped
    if info.kernel.isEmpty { info.kernel = self.info.kernel }
    complaints.merge(self.complaints.apart)
  }
}
