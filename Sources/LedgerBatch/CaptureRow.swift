public import LedgerCore
internal import LedgerReport

/// What a batch keeps of one capture to count with: one line of a shard. Its name is what follows the path of its input, so that a copy
/// elsewhere has the same row.
public struct CaptureRow: Sendable {
  /// `!lab/dmesg.txt`; empty for the input itself.
  public var member = ""
  /// How the work on it ended; nil for files that are no captures.
  public var status: CaptureStatus?
  /// As in `CaptureInfo`.
  public var kind = ""
  /// As in `CaptureInfo`.
  public var kernel = ""
  /// As in `CaptureInfo`.
  public var eventsRead: UInt64 = 0
  /// As in `Analysis`.
  public var eventsUsed: UInt64 = 0
  /// Codes of losses and their sums.
  public var losses: [(code: LossCode, count: UInt64)] = []
  /// What each rule said, in the order of the rules: its id and a letter, `PL001c PL002f`.
  public var rules = ""
  /// Why there is no result.
  public var error = ""
  /// In the order of the analysis.
  public var findings: [FindingRow] = []
  /// Bytes of its lines in full, which follow the rows of its record.
  public var details = 0
  /// Files that are no captures: how many, and the first of them with the reason.
  public var skipped = 0
  /// The first of them, with the reason.
  public var others: [String] = []

  /// A row without a result.
  public init(member: String, status: CaptureStatus?, error: String) {
    self.member = member
    self.status = status
    self.error = error
  }

  /// Files that are no captures; `others` are name and reason.
  init(skipped: Int, others: [String]) {
    self.skipped = skipped
    self.others = others
  }

  /// What an analysis comes to; `path` is that of the input.
  init(_ analysis: Analysis, member: String, path: String) {
    self.member = member
    status = Self.status(of: analysis.verdict)
    kind = analysis.capture.kind
    kernel = analysis.capture.kernel
    eventsRead = analysis.capture.eventsRead
    eventsUsed = analysis.eventsUsed
    error = Self.words(analysis.failure ?? "", without: path + member)
    for loss in analysis.losses {
      if let row = losses.firstIndex(where: { $0.code == loss.code }) {
        losses[row].count = sum(losses[row].count, loss.count)
      } else {
        losses.append((loss.code, loss.count))
      }
    }
    rules = analysis.rules.map { $0.id + Self.letter(of: $0.status) }.joined(separator: " ")
  }

  private static func letter(of status: RuleStatus) -> String {
    switch status {
    case .clean: "c"
    case .findings: "f"
    case .undecidable: "u"
    case .notRecorded: "n"
    }
  }

  private static func status(of verdict: AnalysisVerdict) -> CaptureStatus {
    switch verdict {
    case .clean: .ok
    case .findings: .findings
    case .incomplete: .incomplete
    case .unreadable: .unreadable
    }
  }

  private static func words(_ failure: String, without path: String) -> String {
    failure.hasPrefix(path + ": ") ? String(failure.dropFirst(path.count + 2)) : failure
  }
}

/// The larger of what fits and the largest number.
func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let (sum, isOver) = a.addingReportingOverflow(b)
  return isOver ? .max : sum
}

extension CaptureRow {
  /// Appends the row as a line of JSON.
  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("kind", "row")
      writer.member("member", member)
      writer.member("status", status?.rawValue ?? "skipped")
      if !error.isEmpty { writer.member("error", error) }
      if skipped > 0 { writer.member("skipped", skipped) }
      if !others.isEmpty { writer.member("others", others) }
      guard status != nil else { return }
      writer.member("capture", kind)
      writer.member("kernel", kernel)
      writer.member("read", eventsRead)
      writer.member("used", eventsUsed)
      writer.key("losses")
      writer.array { writer in
        for loss in losses {
          writer.array {
            $0.value(loss.code.rawValue)
            $0.value(loss.count)
          }
        }
      }
      writer.member("rules", rules)
      writer.key("findings")
      writer.array { for finding in findings { finding.write(to: &$0) } }
      writer.member("details", details)
    }
    writer.endLine()
  }

  /// Reads a line back; nil when it is none of these.
  public init?(_ value: JSONValue) {
    guard value["kind"]?.text == "row", let word = value["status"]?.text else { return nil }
    member = value["member"]?.text ?? ""
    status = CaptureStatus(rawValue: word)
    error = value["error"]?.text ?? ""
    skipped = value.number("skipped")
    others = value["others"]?.texts ?? []
    kind = value["capture"]?.text ?? ""
    kernel = value["kernel"]?.text ?? ""
    eventsRead = value["read"]?.count ?? 0
    eventsUsed = value["used"]?.count ?? 0
    for pair in value["losses"]?.elements ?? [] {
      guard let parts = pair.elements, parts.count == 2,
        let code = LossCode(rawValue: parts[0].text ?? "")
      else { continue }
      losses.append((code, parts[1].count ?? 0))
    }
    rules = value["rules"]?.text ?? ""
    findings = (value["findings"]?.elements ?? []).compactMap(FindingRow.init)
    details = Int(clamping: value["details"]?.count ?? 0)
  }
}
