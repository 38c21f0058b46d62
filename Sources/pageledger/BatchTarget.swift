import ArgumentParser
import LedgerBatch
import LedgerCore
import LedgerInput
import LedgerReport

/// Where a batch writes to, and what it tells.
struct BatchTarget: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of the results.", valueName: "dir"))
  var out: String

  @Option(help: "Form of standard output: text, json, markdown, github, ...")
  var format = ReportForm.text

  @Option(
    help: ArgumentHelp("Also write a report to a file; repeatable.", valueName: "format=path"),
    transform: ReportRequest.init(argument:))
  var report: [ReportRequest] = []

  @Option(help: ArgumentHelp("Size limit of an HTML report.", visibility: .hidden))
  var htmlMaxSize = SizeArgument.page

  @Option(
    help: ArgumentHelp("FILE[:LINE] that CI shows findings at.", visibility: .hidden),
    transform: Anchor.init(argument:))
  var sarifAnchor: Anchor?

  @Flag(help: "No progress; only titles.")
  var quiet = false

  @Option(help: "Colour.")
  var color = ColorChoice.auto

  @OptionGroup var verdict: VerdictOptions

  func validate() throws {
    for request in report where !BatchReport.formats.contains(request.format) {
      throw ValidationError(
        "a batch has no report '\(request.format.rawValue)'; known: \(BatchReport.names)")
    }
  }

  /// More than the summary is wanted.
  var wantsDetail: Bool { !report.isEmpty || ![.text, .json].contains(format.format) }

  /// Fails before the run when a report cannot be written.
  func checkReports() throws(WriteError) {
    for request in report { try WholeFile.check(request.path) }
  }

  /// What the store knows of the inputs, in as much detail as is wanted.
  func count(
    _ inputs: [BatchInput], in store: BatchStore, _ expectations: Expectations, verbose: Bool
  ) -> BatchDetail {
    let tell: (String) -> Void = { if verbose { Diagnostics.say($0) } }
    guard wantsDetail else {
      return BatchDetail(
        BatchCount.summary(
          of: inputs, in: store, identity: .current, expectations: expectations, leftOut: tell))
    }
    return BatchCount.detail(
      of: inputs, in: store, identity: .current, expectations: expectations, leftOut: tell)
  }

  /// Writes the summary to its file.
  func write(_ summary: BatchSummary, to store: BatchStore) throws(WriteError) {
    try WholeFile.update(SummaryDocument(summary).json(), at: store.summaryPath)
  }

  /// Writes the batch to standard output and to all reports; `show` gives all captures to a database.
  func tell(
    _ batch: BatchDetail, show: (SQLiteReport) throws(WriteError) -> Void = { _ in }
  ) -> ExitStatus {
    var output = Output()
    output.write(bytes(batch))
    var status = verdict.policy.status(of: batch.summary)
    status.worsen(to: output.close())
    for request in report {
      do throws(WriteError) {
        guard request.format == .sqlite else {
          try write(batch, request)
          continue
        }
        let database = try SQLiteReport(path: request.path, options: page)
        try show(database)
        if let comparison = batch.summary.comparison { try database.append(comparison) }
        try database.finish()
      } catch {
        if case .failed(let reason) = error { Diagnostics.say(reason) }
        status.worsen(to: .internalError)
      }
    }
    return status
  }

  private func bytes(_ batch: BatchDetail) -> [UInt8] {
    guard format.format != .text else {
      let text = BatchText(style: color.style, detail: quiet ? .titles : .full)
      return Array(text.render(batch.summary).utf8)
    }
    return BatchReport.render(batch, as: format.format, page: page, ci: ci) ?? []
  }

  private func write(_ batch: BatchDetail, _ request: ReportRequest) throws(WriteError) {
    let bytes = BatchReport.render(batch, as: request.format, page: page, ci: ci) ?? []
    try WholeFile.write(bytes, to: request.path)
    if request.format == .html, let words = PageWeight.warning(bytes: bytes.count) {
      Diagnostics.say("\(request.path): \(words)")
    }
  }

  private var page: PageOptions { .all(limit: htmlMaxSize) }

  private var ci: CIOptions { .all(anchor: sarifAnchor, policy: verdict.policy) }
}

/// Forms of what a batch prints.
struct ReportForm: ExpressibleByArgument {
  let format: ReportFormat

  static let text = ReportForm(format: .text)

  private init(format: ReportFormat) { self.format = format }

  init?(argument: String) {
    guard let format = ReportFormat(rawValue: argument), BatchReport.formats.contains(format),
      format != .sqlite
    else { return nil }
    self.format = format
  }

  var defaultValueDescription: String { format.rawValue }
}
