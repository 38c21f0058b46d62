public import LedgerCore
public import LedgerInput
internal import LedgerReport

/// What became of one capture, or of a file that is none.
public enum InputOutcome: Sendable {
  case analysis(Analysis)
  /// The input is no capture, for a reason.
  case noCapture(reason: String)
}

/// Analyzes the captures that a path leads to; the command has one.
public protocol InputAnalyzer {
  /// Shows every capture of an input: `begin` learns its name and says whether to analyze it, `finish` takes what became of it.
  ///
  /// Returns how many other files there were, and the first of them with the reason.
  func analyze(
    _ path: String, begin: (String) -> Bool, finish: (String, InputOutcome) -> Void
  ) -> (skipped: Int, others: [String])
}

/// The other end of `WorkerProcess`: takes inputs from standard input, one a line, and answers on standard output.
///
/// `W` it is there; `H KEY` names the content, and waits for `G` to go on or `K` when it is known; `B NAME` begins a capture;
/// `R ROWS DETAILS` ends it, with so many bytes of each; `E ROWS 0` ends the input.
public struct BatchWorker {
  /// Bytes of details that are kept of one capture; findings beyond it, the weakest, have only their rows.
  private static let detailLimit = 32 << 20
  private static let othersLimit = 1000
  private let salt: ContentKey
  private let analyzer: any InputAnalyzer

  /// A worker whose keys hold `salt`: the version of the tool, of the rules, and the options.
  public init(salt: ContentKey, analyzer: any InputAnalyzer) {
    self.salt = salt
    self.analyzer = analyzer
  }

  /// Serves until nobody asks any more.
  public func run() {
    guard let input = try? ByteSource(path: "-"), Self.say("W\n") else { return }
    var pending: [UInt8] = []
    while let line = Self.line(&pending, input) {
      guard let request = try? JSONReader.value(of: line), let path = request["path"]?.text
      else { return }
      let skip = Int(clamping: request["skip"]?.count ?? 0)
      let name = key(path, isFolder: request["folder"]?.flag ?? false)?.hex ?? "-"
      guard Self.say("H \(name)\n"), let answer = Self.line(&pending, input) else { return }
      if answer == [UInt8(ascii: "G")], !serve(path, skip: skip) { return }
    }
  }

  private static func line(_ pending: inout [UInt8], _ input: ByteSource) -> [UInt8]? {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(pending[..<end])
        pending.removeSubrange(...end)
        return line
      }
      guard let got = try? input.read(into: &pending, count: 1 << 16), got > 0 else { return nil }
    }
  }

  private static func say(_ words: String) -> Bool { send(Array(words.utf8)) }

  private static func send(_ bytes: [UInt8]) -> Bool {
    do throws(WriteError) {
      try ByteSink.standardOutput.write(bytes)
      return true
    } catch { return false }
  }

  /// Names the content of an input; nil when it cannot be read, or has no end.
  private func key(_ path: String, isFolder: Bool) -> ContentKey? {
    let hash = ContentHash()
    hash.add(Array(salt.hex.utf8))
    do throws(CaptureError) {
      guard isFolder else {
        guard FileIdentity(path: path) != nil else { return nil }
        try hash.add(file: path)
        return hash.key
      }
      for file in try FileTree(path: path).files {
        hash.add(Array("\n\(file.name)\n\(file.identity.size)\n".utf8))
        try hash.add(file: file.path)
      }
      return hash.key
    } catch { return nil }
  }

  /// Analyzes an input behind its first `skip` captures; false when nobody listens.
  private func serve(_ path: String, skip: Int) -> Bool {
    var seen = 0
    var isHeard = true
    let rest = analyzer.analyze(
      path,
      begin: { name in
        seen += 1
        guard seen > skip, isHeard else { return false }
        var writer = JSONWriter()
        writer.value(Self.member(name, of: path))
        isHeard = Self.send(Array("B ".utf8) + writer.bytes + [UInt8(ascii: "\n")])
        return isHeard
      },
      finish: { name, outcome in
        if isHeard { isHeard = Self.send(Self.result(outcome, Self.member(name, of: path), path)) }
      })
    var writer = JSONWriter()
    if rest.skipped > 0 {
      CaptureRow(
        skipped: rest.skipped,
        others: rest.others.prefix(Self.othersLimit).map { Self.member($0, of: path) }
      ).write(to: &writer)
    }
    return isHeard && Self.send(Array("E \(writer.bytes.count) 0\n".utf8) + writer.bytes)
  }

  /// What follows the path of the input in the name of a capture.
  private static func member(_ name: String, of path: String) -> String {
    if name.hasPrefix(path) { return String(name.dropFirst(path.count)) }
    return name.isEmpty ? "" : "!" + name
  }

  private static func result(_ outcome: InputOutcome, _ member: String, _ path: String) -> [UInt8] {
    var row: CaptureRow
    var details: [UInt8] = []
    switch outcome {
    case .noCapture(let reason):
      row = CaptureRow(skipped: 1, others: [member + ": " + reason])
    case .analysis(var analysis):
      row = CaptureRow(analysis, member: member, path: path)
      analysis.capture.path = member
      details = lines(analysis, &row)
    }
    var writer = JSONWriter()
    row.write(to: &writer)
    return Array("R \(writer.bytes.count) \(details.count)\n".utf8) + writer.bytes + details
  }

  /// The lines of `analyze --format ndjson`; the row learns where each finding stands.
  private static func lines(_ analysis: Analysis, _ row: inout CaptureRow) -> [UInt8] {
    let document = AnalysisDocument(analysis)
    var lines = document.captureLine()
    for finding in analysis.findings {
      var brief = FindingRow(finding)
      if lines.count < detailLimit {
        let line = document.line(of: finding)
        (brief.at, brief.size) = (lines.count, line.count)
        lines += line
      }
      row.findings.append(brief)
    }
    row.details = lines.count
    return lines
  }
}
