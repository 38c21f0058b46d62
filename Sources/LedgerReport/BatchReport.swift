public import LedgerCore

/// A batch in the forms that CI systems read: findings of one cause are one.
public enum BatchReport {
  /// The forms that a batch can be written in.
  public static let formats: [ReportFormat] = [
    .text, .json, .ndjson, .html, .markdown, .sarif, .junit, .ktap, .github, .gitlab, .sqlite,
  ]

  /// Their names, for an error message.
  public static var names: String { formats.map(\.rawValue).joined(separator: ", ") }

  /// The whole report; `nil` for a form of single captures.
  public static func render(
    _ batch: BatchDetail, as format: ReportFormat, page: PageOptions = PageOptions(),
    ci: CIOptions = CIOptions()
  ) -> [UInt8]? {
    switch format {
    case .text: Array(BatchText().render(batch.summary).utf8)
    case .json: SummaryDocument(batch.summary).json()
    case .ndjson: BatchLines.render(batch)
    case .markdown: MarkdownBatch().render(batch)
    case .sarif: SarifBatch(options: ci).render(batch)
    case .junit: JUnitBatch(options: ci).render(batch)
    case .ktap: KTAPBatch(options: ci).render(batch)
    case .github: GitHubReport(options: ci).render(batch)
    case .gitlab: GitLabReport(options: ci).render(batch)
    case .html: IndexPage(options: page).render(batch)
    case .mail, .perfetto, .sqlite: nil
    }
  }
}
