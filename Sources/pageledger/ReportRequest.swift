public import ArgumentParser
public import LedgerBatch
import LedgerCore
import LedgerInput
public import LedgerReport
import LedgerRules

/// `FORMAT=PATH`: a report to be written to a file.
struct ReportRequest {
  let format: ReportFormat
  let path: String

  init(argument: String) throws {
    guard let sign = argument.firstIndex(of: "=") else {
      throw ValidationError("'\(argument)' is not FORMAT=PATH; formats: \(ReportFormat.names)")
    }
    let name = String(argument[..<sign])
    guard let format = ReportFormat(rawValue: name) else {
      throw ValidationError("unknown report format '\(name)'; known: \(ReportFormat.names)")
    }
    path = String(argument[argument.index(after: sign)...])
    self.format = format
    guard !path.isEmpty, path != "-" else {
      throw ValidationError("'\(argument)' names no file; use --format for standard output")
    }
  }
}

/// A report that is collected during the run and written at its end.
struct ReportFile {
  private let path: String
  private var stream: ReportStream
  private var bytes: [UInt8] = []
  /// Takes captures as they come, in place of the stream.
  private var database: SQLiteReport?
  private var failure: WriteError?

  /// Fails before the run when the folder takes no file.
  init(
    _ request: ReportRequest, captures: Int, page: PageOptions, ci: CIOptions
  ) throws(WriteError) {
    try WholeFile.check(request.path)
    path = request.path
    stream = ReportStream(format: request.format, captures: captures, page: page, ci: ci)
    if request.format == .sqlite { database = try SQLiteReport(path: path, options: page) }
  }

  /// More than one capture will come, against what was said at first.
  mutating func expectSeveral() { stream.expectSeveral() }

  mutating func append(_ analysis: Analysis) {
    guard let database else {
      stream.append(analysis)
      bytes += stream.take()
      return
    }
    guard failure == nil else { return }
    do throws(WriteError) {
      try database.append(analysis)
      if let comparison = analysis.comparison { last = comparison }
    } catch { failure = error }
  }

  /// What the last capture tells of the whole run.
  private var last: Comparison?

  mutating func write(inputs: [InputDigest]) throws(WriteError) {
    if let database {
      if let failure { throw failure }
      if let last { try database.append(last) }
      return try database.finish()
    }
    stream.finish(inputs: inputs)
    let whole = bytes + stream.take()
    try WholeFile.write(whole, to: path)
    if stream.format == .html, let words = PageWeight.warning(bytes: whole.count) {
      Diagnostics.say("\(path): \(words)")
    }
  }
}

extension ReportFormat: ExpressibleByArgument {
  /// What standard output takes; a database is a file.
  public static var allValueStrings: [String] {
    allCases.filter { $0 != .sqlite }.map(\.rawValue)
  }
}

extension SQLiteReport: BatchVisitor {}

extension PageOptions {
  /// The manual of all rules, the command and its version, for pages of at most `limit` bytes.
  static func all(limit: SizeArgument) -> PageOptions {
    PageOptions(
      manual: RuleCatalog.all.map(\.manual), version: PageLedger.version,
      ruleSet: RuleCatalog.version, command: CommandWords.shown(CommandLine.arguments),
      limit: limit.bytes)
  }
}

extension CIOptions {
  /// The manual of all rules, the version, and what fails a run.
  static func all(anchor: Anchor?, policy: FailurePolicy) -> CIOptions {
    CIOptions(
      manual: RuleCatalog.all.map(\.manual),
      version: PageLedger.version.split(separator: " ").last.map(String.init) ?? "",
      anchor: anchor, bar: policy.bar)
  }
}

extension RuleDescription {
  /// The rule's text as the page shows it.
  var manual: RuleManual {
    RuleManual(
      id: id, name: name, severity: severity, summary: summary,
      sections: [
        ("What is true", truth), ("Kernels", versions), ("Record", needs.joined(separator: ", ")),
        ("What proves it", proof), ("Looks alike", lookAlikes), ("Undecidable when", undecidable),
        ("What to do", fix), ("Source", source),
      ], example: example)
  }
}

extension Anchor {
  init(argument: String) throws {
    guard let anchor = Anchor(argument) else {
      throw ValidationError("'\(argument)' is not PATH[:LINE]; lines count from 1")
    }
    self = anchor
  }
}
