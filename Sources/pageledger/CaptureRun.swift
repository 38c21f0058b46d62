import LedgerCapture
import LedgerCore
import LedgerInput
import LedgerReplay
import LedgerRules
import LedgerSymbols

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
  /// Events behind this time are not replayed.
  var until: TimeArgument?
  /// Hears of each finding as soon as it is certain.
  var follow: ((Finding, CaptureInfo) -> Void)?
  /// Where the names of functions come from beside the capture.
  let symbols: SymbolFinder.Files
  /// A kernel log to read beside the capture.
  var console: String?

  init(
    _ options: CommonOptions, watch: WatchRange? = nil, until: TimeArgument? = nil,
    quiet: Bool = false
  ) {
    self.until = until
    memoryLimit = options.maxMemory.bytes
    expandLimit = options.input.maxExpand.bytes
    self.quiet = quiet || options.quiet
    symbols = options.symbols.files
    verbose = options.verbose
    self.watch = watch
  }

  /// The checksum of each input is wanted.
  var sums = false

  /// Shows the analysis of each capture that a path leads to, and gives the checksum of what lies there, if it is wanted; `show` learns whether it is the only one and says whether to go on.
  @discardableResult
  func analyzeAll(
    _ path: String, _ show: (Analysis, _ isOnly: Bool) -> Bool
  ) -> InputDigest? {
    let walk = CaptureWalk(path: path, detail: .replay, expandLimit: expandLimit, sums: sums)
    walk.forEach { found in
      for note in found.notes where !quiet { Diagnostics.say("\(found.name): \(note)") }
      let analysis = analyze(found.name) { () throws(CaptureError) in try found.open(.replay) }
      return show(analysis, found.isOnly) && !Interruption.isRequested
    }
    tell(walk, path)
    return walk.inputDigest()
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
      let log = try console.map { path throws(CaptureError) in try readLog(path) }
      return replay(try open(), log, observe)
    } catch { return unreadable(path, error) }
  }

  /// The analysis of a capture that is open already.
  func analyze(_ path: String, _ reader: any CaptureReader) -> Analysis {
    analyze(path) { () throws(CaptureError) in reader }
  }

  /// The analysis of a capture that cannot be opened.
  func unreadable(_ path: String, _ error: CaptureError) -> Analysis {
    Analysis(
      verdict: .unreadable, capture: CaptureInfo(path: path, kind: ""), eventsUsed: 0,
      losses: [], rules: [], findings: [], failure: error.message)
  }

  /// Drops what lies behind the end; true if there was any.
  private func cut(_ batch: inout EventBatch, _ nanoseconds: @autoclosure () -> Bool) -> Bool {
    guard let end = until?.units(nanoseconds: nanoseconds()),
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
    return KernelLog(
      info: reader.info, complaints: reader.complaints, offset: reader.clues.offset)
  }

  /// Names the functions in findings that have call chains; what the files of symbols lack is said once.
  private func name(_ analysis: inout Analysis, _ clues: KernelClues) {
    guard analysis.findings.contains(where: { !$0.paths.isEmpty }) else { return }
    var finder = SymbolFinder(symbols, clues: clues)
    analysis.namePaths(&finder)
    for complaint in finder.complaints { Diagnostics.say(complaint) }
  }

  /// The same for findings that are told before the end; files of symbols are read once.
  private func name(
    _ findings: inout [Finding], _ finder: inout SymbolFinder?, _ reader: any CaptureReader
  ) {
    guard findings.contains(where: { !$0.paths.isEmpty }) else { return }
    var known = finder ?? SymbolFinder(symbols, clues: reader.clues)
    Analysis.namePaths(of: &findings, &known)
    finder = known
  }

  /// Tells what has become certain; an empty batch says that the kernel's log pauses.
  private func tell(
    _ reader: any CaptureReader, _ audit: inout Audit, _ told: inout Int,
    _ finder: inout SymbolFinder?, isPause: Bool,
    _ follow: (Finding, CaptureInfo) -> Void
  ) {
    let complaints = reader.complaints
    let mayComplain = isPause || complaints.complaints.count > told
    guard audit.hasUntold || mayComplain else { return }
    let info = reader.info
    var findings =
      audit.hasUntold
      ? audit.newlyCertain(
        info: info, losses: reader.losses, late: reader.bringsChainsLate
      ) { reader.stacks } : []
    if mayComplain { findings += audit.newlyComplained(complaints, info: info) }
    told = complaints.complaints.count
    name(&findings, &finder, reader)
    for finding in findings { follow(finding, info) }
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
    var finder: SymbolFinder?
    var told = 0
    do throws(CaptureError) {
      while try reader.next(&batch) {
        let isPast = cut(&batch, reader.info.timeIsNanoseconds)
        audit.consume(batch)
        if let follow {
          tell(reader, &audit, &told, &finder, isPause: batch.events.isEmpty, follow)
        }
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
    var analysis = audit.finish(
      info: info, losses: losses, complaints: complaints, stacks: reader.stacks)
    var clues = reader.clues
    if clues.offset == nil { clues.offset = log?.offset }
    name(&analysis, clues)
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
  /// How far KASLR moved the kernel, when the log says it.
  let offset: UInt64?

  /// Adds it to what the capture says; marks and orders of the log's own dumps mean nothing to the capture.
  func join(_ info: inout CaptureInfo, _ complaints: inout ComplaintLog) {
    info.logPath = self.info.path
    info.logLines &+= self.info.logLines
    info.logDropped &+= self.info.logDropped
    if info.kernel.isEmpty { info.kernel = self.info.kernel }
    complaints.merge(self.complaints.apart)
  }
}
