import LedgerCapture
public import LedgerCore
import LedgerReport
import LedgerRules
import LedgerSymbols

/// What `pageledger analyze` does with a path, inside this process.
public enum Analyses {
  /// Bytes that packing may give: damage must not cost more than this.
  public static let expandLimit: UInt64 = 256 << 20

  /// The analysis of each capture that a path leads to; one that cannot be read has the verdict `unreadable`.
  public static func all(at path: String) -> [Analysis] {
    var all: [Analysis] = []
    CaptureWalk(path: path, detail: .replay, expandLimit: expandLimit).forEach { found in
      do throws(CaptureError) {
        all.append(analysis(of: try found.open(.replay)))
      } catch {
        all.append(
          Analysis(
            verdict: .unreadable, capture: CaptureInfo(path: found.name, kind: ""), eventsUsed: 0,
            losses: [], rules: [], findings: [], failure: error.message))
      }
      return true
    }
    return all
  }

  /// Replays and judges what a reader gives.
  static func analysis(of reader: any CaptureReader) -> Analysis {
    var audit = Audit(pageLimitBytes: 1 << 30)
    var batch = EventBatch()
    var failure: CaptureError?
    do throws(CaptureError) {
      while try reader.next(&batch) { audit.consume(batch) }
    } catch { failure = error }
    var analysis = audit.finish(
      info: reader.info, losses: reader.losses, complaints: reader.complaints,
      stacks: reader.stacks)
    var finder = SymbolFinder(SymbolFinder.Files(), clues: reader.clues)
    analysis.namePaths(&finder)
    if let failure {
      analysis.verdict = .unreadable
      analysis.failure = failure.message
    }
    return analysis
  }

  /// Reads every event with its fields; returns how many there were.
  public static func events(at path: String) -> Int {
    var count = 0
    CaptureWalk(path: path, detail: .fields, expandLimit: expandLimit).forEach { found in
      var batch = EventBatch()
      do throws(CaptureError) {
        let reader = try found.open(.fields)
        while try reader.next(&batch) { count += batch.events.count }
      } catch {}
      return true
    }
    return count
  }

  /// Forms of reports; the first two, text and JSON, are never empty.
  public static var formCount: Int { ReportFormat.allCases.count }

  /// Writes a report in one of the forms; returns its size.
  public static func report(_ analyses: [Analysis], form: Int) -> Int {
    let forms = ReportFormat.allCases
    var stream = ReportStream(
      format: forms[form % forms.count], captures: analyses.count,
      page: PageOptions(manual: RuleCatalog.all.map(manual)),
      ci: CIOptions(manual: RuleCatalog.all.map(manual)))
    for analysis in analyses { stream.append(analysis) }
    stream.finish()
    return stream.take().count
  }

  private static func manual(_ rule: RuleDescription) -> RuleManual {
    RuleManual(
      id: rule.id, name: rule.name, severity: rule.severity, summary: rule.summary, sections: [],
      example: rule.example)
  }
}
