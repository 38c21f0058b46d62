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
  /// Files that are no captures are named.
  let verbose: Bool
  var watch: WatchRange?

  init(_ options: CommonOptions, watch: WatchRange? = nil) {
    memoryLimit = options.maxMemory.bytes
    expandLimit = options.input.maxExpand.bytes
    quiet = options.quiet
    verbose = options.verbose
    self.watch = watch
  }

  /// Shows the analysis of each capture that a path leads to; `show` learns whether it is the only one and says whether to go on.
  func analyzeAll(_ path: String, _ show: (Analysis, _ isOnly: Bool) -> Bool) {
    let walk = CaptureWalk(path: path, detail: .replay, expandLimit: expandLimit)
    walk.forEach { found in
      for note in found.notes where !quiet { Diagnostics.say("\(found.name): \(note)") }
      let analysis = analyze(found.name) { () throws(CaptureError) in try found.open(.replay) }
      return show(analysis, found.isOnly) && !Interruption.isRequested
    }
    tell(walk, path)
  }

  /// Says what else was found beside captures.
  private func tell(_ walk: CaptureWalk, _ path: String) {
    if verbose {
      for other in walk.others { Diagnostics.say("\(other.name): no capture: \(other.reason)") }
    } else if walk.shown > 1, walk.otherCount > 0, !quiet {
      let files = walk.otherCount == 1 ? "1 other file is" : "\(walk.otherCount) other files are"
      let form = walk.otherCount == 1 ? "no capture" : "no captures"
      Diagnostics.say("\(path): \(files) \(form); --verbose lists them")
    }
  }

  /// The analysis of the one capture of a path; `observe` sees the watched steps of each batch and says whether to go on.
  ///
  /// A capture that cannot be read gives an analysis too, with the verdict `unreadable`.
  func analyze(
    _ path: String, observe: (inout Audit, any CaptureReader) -> Bool
  ) -> Analysis {
    analyze(path, observe) { () throws(CaptureError) in
      try openCapture(path: path, detail: .replay, expandLimit: expandLimit)
    }
  }

  private func analyze(
    _ path: String, _ observe: (inout Audit, any CaptureReader) -> Bool = { _, _ in true },
    open: () throws(CaptureError) -> any CaptureReader
  ) -> Analysis {
    do throws(CaptureError) {
      return replay(try open(), observe)
    } catch {
      return Analysis(
        verdict: .unreadable, capture: CaptureInfo(path: path, kind: ""), eventsUsed: 0,
        losses: [], rules: [], findings: [], failure: error.message)
    }
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
        audit.consume(batch)
        progress.step(events: reader.info.eventsRead)
        guard observe(&audit, reader), !Interruption.isRequested else { break }
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
