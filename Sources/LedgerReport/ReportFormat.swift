public import LedgerCore

/// The forms in which an analysis can be written.
public enum ReportFormat: String, CaseIterable, Sendable {
  /// For people, 100 columns.
  case text
  /// One JSON document, `pageledger.analysis/1`.
  case json
  /// One JSON object a line: the capture, then each finding.
  case ndjson

  /// All names, for an error message: `text, json, ndjson`.
  public static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
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

  /// A report over `captures` captures; `style`, `detail` and `explains` concern text only.
  public init(
    format: ReportFormat, captures: Int, style: TextStyle = .plain, detail: TextDetail = .full,
    explains: Bool = false
  ) {
    self.format = format
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
    }
    written += 1
  }

  /// Ends the report; call once, after the last capture, also when some captures were not reached.
  public mutating func finish() {
    guard format == .json, captures > 1 else { return }
    bytes.append(contentsOf: (written == 0 ? "[]\n" : "]\n").utf8)
  }

  /// Gives what was added since the last call.
  public mutating func take() -> [UInt8] {
    defer { bytes = [] }
    return bytes
  }
}
