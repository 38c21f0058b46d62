public import LedgerCore
public import LedgerInput

/// The forms in which an analysis can be written.
public enum ReportFormat: String, CaseIterable, Sendable {
  /// For people, 100 columns.
  case text
  /// One JSON document, `pageledger.analysis/1`.
  case json
  /// One JSON object a line: the capture, then each finding.
  case ndjson
  /// One page for a browser, with everything in it.
  case html
  /// GitHub Markdown that fits a comment and a job summary.
  case markdown
  /// The body of a mail to a list, 72 columns.
  case mail
  /// A trace for Perfetto's UI, in protocol buffers.
  case perfetto
  /// SARIF 2.1.0, for code scanning.
  case sarif
  /// JUnit XML, a case a rule.
  case junit
  /// KTAP version 1, a test a rule.
  case ktap
  /// Workflow commands of GitHub Actions.
  case github
  /// GitLab's code quality report.
  case gitlab
  /// A database for questions in SQL; only files.
  case sqlite

  /// All names, for an error message: `text, json, ndjson`.
  public static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// What a page of HTML is made of beside analyses.
public struct PageOptions: Sendable {
  /// The text of the rules.
  public var manual: [RuleManual]
  /// Name and version of the command, for the foot of the page.
  public var version: String
  /// Number of the set of rules; 0 when it is not known.
  public var ruleSet: Int
  /// The command as it can be typed again, empty when it is not known.
  public var command: String
  /// Bytes that the page should not exceed; findings beyond it are left out by rank.
  public var limit: UInt64

  /// Options of a page; 10 MB is what browsers and mail gateways take without complaint.
  public init(
    manual: [RuleManual] = [], version: String = "pageledger", ruleSet: Int = 0,
    command: String = "", limit: UInt64 = 10_000_000
  ) {
    self.manual = manual
    self.version = version
    self.ruleSet = ruleSet
    self.command = command
    self.limit = limit
  }
}

/// One report over all captures of a run: collects bytes that the caller takes and writes.
///
/// JSON of one capture is an object, of several an array, so the number of captures is needed at the start.
public struct ReportStream {
  /// What the stream writes.
  public let format: ReportFormat
  private let text: TextReport
  private var captures: Int
  private var written = 0
  private var bytes: [UInt8] = []
  private var analyses: [Analysis] = []
  private let page: PageOptions
  private let ci: CIOptions

  /// A report over `captures` captures; `page` concerns HTML only, `ci` the formats of CI systems, `style`, `detail` and
  /// `explains` text only.
  public init(
    format: ReportFormat, captures: Int, style: TextStyle = .plain, detail: TextDetail = .full,
    explains: Bool = false, page: PageOptions = PageOptions(), ci: CIOptions = CIOptions()
  ) {
    self.format = format
    self.page = page
    self.ci = ci
    self.captures = captures
    self.text = TextReport(style: style, detail: detail, explains: explains)
  }

  /// More captures will come than were announced; call before the first one is added.
  public mutating func expectSeveral() { captures = max(captures, 2) }

  /// Adds the report of the next capture.
  public mutating func append(_ analysis: Analysis) {
    switch format {
    case .text:
      if written > 0 { bytes.append(UInt8(ascii: "\n")) }
      bytes.append(contentsOf: text.render(analysis).utf8)
    case .json:
      if captures > 1 { bytes.append(contentsOf: (written == 0 ? "[" : ",\n").utf8) }
      bytes.append(contentsOf: AnalysisDocument(analysis).json())
      if captures <= 1 { bytes.append(UInt8(ascii: "\n")) }
    case .ndjson:
      bytes.append(contentsOf: AnalysisDocument(analysis).lines())
    case .mail:
      if written > 0 { bytes.append(contentsOf: "\n\n".utf8) }
      bytes.append(contentsOf: MailReport().render(analysis))
    case .sqlite: break
    case .html, .markdown, .perfetto, .sarif, .junit, .ktap, .github, .gitlab:
      analyses.append(analysis)
    }
    written += 1
  }

  /// Ends the report; call once, after the last capture, also when some captures were not reached. `inputs` are told at the foot
  /// of a page.
  public mutating func finish(inputs: [InputDigest] = []) {
    switch format {
    case .json where captures > 1:
      bytes.append(contentsOf: (written == 0 ? "[]\n" : "]\n").utf8)
    case .html:
      bytes += HTMLReport(options: page, inputs: inputs).render(analyses)
    case .markdown: bytes += MarkdownReport().render(analyses)
    case .perfetto: bytes += PerfettoReport.render(analyses)
    case .sarif: bytes += SarifReport(options: ci).render(analyses)
    case .junit: bytes += JUnitReport(options: ci).render(analyses)
    case .ktap: bytes += KTAPReport(options: ci).render(analyses)
    case .github: bytes += GitHubReport(options: ci).render(analyses)
    case .gitlab: bytes += GitLabReport(options: ci).render(analyses)
    default: break
    }
    analyses = []
  }

  /// Gives what was added since the last call.
  public mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}
