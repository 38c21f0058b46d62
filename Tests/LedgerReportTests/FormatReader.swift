import CommandTestSupport
import Foundation
import LedgerCore
import LedgerReport
import Testing

/// Reports as the readers of CI systems see them: schemas and kept parsers, through `tools/lib/check-format.py`.
enum FormatReader {
  static let formats: [ReportFormat] = [.sarif, .junit, .ktap, .github, .gitlab]

  static func bytes(
    _ format: ReportFormat, _ analyses: [Analysis], _ options: CIOptions = CIOptions()
  ) -> [UInt8] {
    var stream = ReportStream(format: format, captures: analyses.count, ci: options)
    for analysis in analyses { stream.append(analysis) }
    stream.finish()
    return stream.take()
  }

  static func text(
    _ format: ReportFormat, _ analyses: [Analysis], _ options: CIOptions = CIOptions()
  ) -> String {
    String(decoding: bytes(format, analyses, options), as: UTF8.self)
  }

  /// What a reader counts; nil when the reader is not on this machine, which is said.
  static func counts(_ format: ReportFormat, _ bytes: [UInt8]) throws -> [String: Any]? {
    try Repository.withFolder { folder in
      try Data(bytes).write(to: folder.appendingPathComponent("report"))
      let script = Repository.root.appendingPathComponent("tools/lib/check-format.py").path
      var reason = "no python3"
      for python in pythons {
        let outcome = try Invocation.shell(
          "'\(python)' '\(script)' \(format.rawValue) report", in: folder)
        if outcome.status == 77 || outcome.status == 127 {
          if outcome.status == 77 { reason = outcome.output }
          continue
        }
        #expect(outcome.status == 0, Comment(rawValue: String(outcome.errors.suffix(2000))))
        guard outcome.status == 0 else { return [:] }
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        return object as? [String: Any]
      }
      print("skipped: no reader of \(format.rawValue): \(reason)")
      return nil
    }
  }

  /// A Python with the parsers of `tools/test`, then Debian's, then any.
  private static let pythons: [String] = {
    let own = Repository.root.appendingPathComponent(".build/parsers/bin/python3").path
    let given = ProcessInfo.processInfo.environment["PAGELEDGER_PARSERS"]
    return [given ?? own, "/usr/bin/python3", "python3"]
  }()

  /// A finding with a severity and a standing of its own.
  static func finding(
    _ severity: Severity, _ standing: Standing? = nil, id: String = "PL010-1",
    rule: String = "PL010"
  ) -> Finding {
    var finding = SampleAnalysis.finding
    finding.severity = severity
    finding.standing = standing
    finding.id = id
    finding.rule = rule
    return finding
  }

  /// A capture that cannot be read.
  static var unreadable: Analysis {
    Analysis(
      verdict: .unreadable, capture: CaptureInfo(path: "broken.dat", kind: ""), eventsUsed: 0,
      losses: [], rules: [], findings: [], failure: "broken.dat: the file is empty")
  }

  /// A finding with call chains and lines of source.
  static var withCode: Analysis {
    var analysis = SampleAnalysis.full
    var frame = CodeFrame(function: "try_grab_folio", offset: 0x1c, address: 0xffff_ffff_8100_001c)
    frame.line = "mm/gup.c:142"
    frame.module = "kvm"
    analysis.findings[0].paths = [
      CodePath(
        role: .holder, event: "page_ref_mod", time: 1, pid: 1, comm: "a",
        frames: [frame, frame, CodeFrame(function: "hva_to_pfn")])
    ]
    analysis.findings[0].pathID = "PL010-path-1"
    return analysis
  }
}
