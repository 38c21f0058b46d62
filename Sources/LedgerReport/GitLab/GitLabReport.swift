import LedgerCore

/// Analyses as GitLab's code quality report: an array of issues, one a cause and place, suppressed ones left out.
struct GitLabReport {
  let options: CIOptions
  /// Issues in one report, by rank.
  private static let limit = 25_000
  /// Of a batch, issues that are shown at their line of source when it is known.
  private static let fullLimit = 5_000

  private struct Key: Hashable {
    var id: String
    var path: String
  }

  func render(_ analyses: [Analysis]) -> [UInt8] {
    var writer = JSONWriter()
    var known: Set<Key> = []
    writer.array { writer in
      for analysis in analyses where analysis.verdict == .unreadable {
        let anchor = Anchor.of(analysis.capture, options)
        let path = CIText.line(analysis.capture.path, limit: CIText.pathLimit)
        write(
          "unreadable", "unreadable:" + path, "major", anchor,
          CIText.line(analysis.failure ?? "\(path): cannot be read"), to: &writer)
      }
      for row in RankedFinding.all(analyses) where row.finding.standing != .suppressed {
        let finding = row.finding
        let anchor = Anchor.of(finding, in: analyses[row.capture].capture, options)
        let key = Key(id: finding.id, path: anchor.repositoryPath)
        guard known.count < Self.limit, known.insert(key).inserted else { continue }
        write(
          finding.rule, finding.id, Self.severity(finding), anchor,
          CIText.line("\(finding.rule): \(finding.title) (\(finding.verdict.rawValue))"),
          to: &writer)
      }
    }
    writer.endLine()
    return writer.bytes
  }

  /// An issue a cause, at its worst example, and one a capture without a result.
  func render(_ batch: BatchDetail) -> [UInt8] {
    let summary = batch.summary
    var writer = JSONWriter()
    var known: Set<Key> = []
    writer.array { writer in
      for trouble in summary.troubles {
        let path = CIText.line(trouble.path, limit: CIText.pathLimit)
        write(
          trouble.status.rawValue, "\(trouble.status.rawValue):\(path)", "major",
          options.anchor ?? Anchor(path: trouble.path),
          CIText.line("\(path): \(trouble.error)"), to: &writer)
      }
      for place in RankedFinding.order(summary.findings) {
        let sum = summary.findings[place]
        guard known.count < Self.limit, sum.standing != .suppressed else { continue }
        let (analysis, finding) = batch.worst(place, isFull: known.count < Self.fullLimit)
        let anchor = Anchor.of(finding, in: analysis.capture, options)
        guard known.insert(Key(id: sum.id, path: anchor.repositoryPath)).inserted else { continue }
        let captures = NumberText.counted(UInt64(sum.captures), "capture")
        write(
          sum.rule, sum.id, Self.severity(finding), anchor,
          CIText.line("\(sum.rule): \(sum.title) (\(sum.verdict.rawValue), \(captures))"),
          to: &writer)
      }
    }
    writer.endLine()
    return writer.bytes
  }

  private func write(
    _ check: String, _ fingerprint: String, _ severity: String, _ anchor: Anchor,
    _ description: String, to writer: inout JSONWriter
  ) {
    writer.object { writer in
      writer.member("type", "issue")
      writer.member("check_name", CIText.line(check, limit: 200))
      writer.member("description", description)
      writer.member("fingerprint", CIText.line(fingerprint))
      writer.member("severity", severity)
      writer.key("location")
      writer.object { writer in
        writer.member("path", anchor.repositoryPath)
        writer.key("lines")
        writer.object { $0.member("begin", anchor.line ?? 1) }
      }
    }
  }

  private static func severity(_ finding: Finding) -> String {
    guard finding.verdict != .explained else { return "info" }
    return switch finding.severity {
    case .critical: "blocker"
    case .high: "critical"
    case .medium: "major"
    case .low: "minor"
    case .info: "info"
    }
  }
}
