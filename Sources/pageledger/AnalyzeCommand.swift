import ArgumentParser
import LedgerBatch
import LedgerCore
import LedgerInput
import LedgerReport

/// `pageledger analyze`: was a page misused, which one, by whom, and what proves it?
struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Find misused pages (the default command).",
    usage: "pageledger [analyze] [OPTIONS] CAPTURE...",
    discussion: """
      Exit codes, the worst of all: 0 clean; 1 findings; 2 unreadable; 3 incomplete,
      nothing found; 64 usage; 70 internal or output error; 130 interrupted.
      """)

  @Argument(help: "Capture, folder, archive!member; '-': standard input.")
  var capture: [String]

  @Option(
    help: ArgumentHelp(
      "A kernel log (dmesg) to join with it.", valueName: "log"))
  var console: String?

  @Option(help: "Form of standard output.")
  var format = ReportFormat.text

  @Option(
    help: ArgumentHelp("Also write a report to a file; repeatable.", valueName: "format=path"),
    transform: ReportRequest.init(argument:))
  var report: [ReportRequest] = []

  @Option(
    help: ArgumentHelp("Size limit of an HTML report; K, M, G.", valueName: "size"))
  var htmlMaxSize = SizeArgument.page

  @Option(
    help: ArgumentHelp("FILE[:LINE] that CI shows findings at.", valueName: "file"),
    transform: Anchor.init(argument:))
  var sarifAnchor: Anchor?

  @OptionGroup var verdict: VerdictOptions

  @Flag(help: "Tell each finding as soon as it is certain.")
  var follow = false

  @Flag(help: "Also list what looks wrong and is legal.")
  var explain = false

  @OptionGroup var common: CommonOptions

  func validate() throws {
    for request in report where capture.contains(request.path) {
      throw ValidationError("--report would overwrite the capture '\(request.path)'")
    }
    guard !follow || format == .text || format == .ndjson else {
      throw ValidationError("--follow tells findings in text or ndjson")
    }
    guard format != .sqlite else {
      throw ValidationError("a database is a file: --report sqlite=PATH")
    }
    guard console == nil || capture.count == 1 else {
      throw ValidationError("--console belongs to one capture")
    }
    guard (capture + [console ?? ""]).count(where: { $0 == "-" }) <= 1 else {
      throw ValidationError("standard input can be read only once")
    }
  }

  func run() throws {
    var files = try openReports()
    var output = Output()
    var status = ExitStatus.clean
    var stream = ReportStream(
      format: format, captures: capture.count, style: common.color.style,
      detail: common.quiet ? .titles : .full, explains: explain, page: .all(limit: htmlMaxSize),
      ci: ci)
    let policy = verdict.policy
    var run = ComparedRun(try verdict.expectations())
    var isFirst = true
    func tell(_ analysis: Analysis) {
      if analysis.failure == nil || format != .text { stream.append(analysis) }
      output.write(stream.take())
      output.flush()
      if let failure = analysis.failure { Diagnostics.say(failure) }
      for index in files.indices { files[index].append(analysis) }
    }
    var inputs: [InputDigest] = []
    for path in capture where !Interruption.isRequested {
      var reading = CaptureRun(common)
      reading.console = console
      reading.sums = wantsSums
      if follow { reading.follow = follower }
      let digest = reading.analyzeAll(path) { found, isOnly in
        if isFirst, !isOnly {
          stream.expectSeveral()
          for index in files.indices { files[index].expectSeveral() }
        }
        isFirst = false
        let (judged, ready) = run.take(found)
        status.worsen(to: policy.status(of: judged))
        if let ready { tell(ready) }
        return true
      }
      if let digest { inputs.append(digest) }
    }
    if wantsSums, let console, let source = try? ByteSource(path: console), source.isSeekable,
      let digest = try? source.digest()
    {
      inputs.append(digest)
    }
    if let last = run.last() { tell(last) }
    if Interruption.isRequested {
      Diagnostics.say("interrupted: the results are partial")
      status.worsen(to: .interrupted)
    }
    stream.finish(inputs: inputs)
    output.write(stream.take())
    status.worsen(to: output.close())
    status.worsen(to: Self.write(&files, inputs))
    try status.exit()
  }

  private var ci: CIOptions { .all(anchor: sarifAnchor, policy: verdict.policy) }

  /// Writes a finding while its capture still grows.
  private var follower: (Finding, CaptureInfo) -> Void {
    let text = TextReport(style: common.color.style)
    let isText = format == .text
    return { finding, info in
      var output = Output()
      output.write(
        isText
          ? Array(text.render(finding, nanoseconds: info.timeIsNanoseconds).utf8)
          : AnalysisDocument.live(finding, path: info.path))
      output.flush()
    }
  }

  private func openReports() throws -> [ReportFile] {
    do {
      return try report.map {
        try ReportFile($0, captures: capture.count, page: .all(limit: htmlMaxSize), ci: ci)
      }
    } catch WriteError.failed(let reason) {
      Diagnostics.say(reason)
      try ExitStatus.internalError.exit()
    }
  }

  /// Pages tell the checksums of what was read; others need not pay for them.
  private var wantsSums: Bool { format == .html || report.contains { $0.format == .html } }

  private static func write(_ files: inout [ReportFile], _ inputs: [InputDigest]) -> ExitStatus {
    var status = ExitStatus.clean
    for index in files.indices {
      do throws(WriteError) {
        try files[index].write(inputs: inputs)
      } catch {
        if case .failed(let reason) = error { Diagnostics.say(reason) }
        status = .internalError
      }
    }
    return status
  }
}
