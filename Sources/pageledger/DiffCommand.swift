import ArgumentParser
import LedgerBatch
import LedgerCore
import LedgerInput
import LedgerReport

/// `pageledger diff`: what one run found that another one did not.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two captures, or two batches.",
    usage: "pageledger diff [OPTIONS] A B",
    discussion: """
      A, the earlier, and B: a capture, a folder of batch, its summary.json, or what
      analyze printed as JSON.

      Exit codes: 0 nothing new in B; 1 new findings; 2 A or B cannot be read;
      64 usage; 70 output error.
      """)

  @Argument(help: "The earlier one.")
  var a: String

  @Argument(help: "The later one.")
  var b: String

  @Option(help: "Form of standard output: text, json.")
  var format = DiffFormat.text

  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard a != "-" || b != "-" else {
      throw ValidationError("standard input can be read only once")
    }
  }

  func run() throws {
    var status = ExitStatus.clean
    let (earlier, later) = (try read(a, &status), try read(b, &status))
    let difference = later.difference(since: earlier)
    var output = Output()
    switch format {
    case .json: output.write(DifferenceDocument(difference).json())
    case .text:
      output.write(Array(DifferenceText(style: common.color.style).render(difference).utf8))
    }
    if !difference.new.isEmpty { status.worsen(to: .findings) }
    status.worsen(to: output.close())
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }

  /// The findings that a path leads to.
  private func read(_ path: String, _ status: inout ExitStatus) throws -> FindingSet {
    let summary = path + "/summary.json"
    if ByteSource.kind(ofPath: path) == .folder, ByteSource.kind(ofPath: summary) == .file {
      var set = try VerdictOptions.findings(in: summary)
      set.name = path
      return set
    }
    if isReport(path) { return try VerdictOptions.findings(in: path) }
    var set = FindingSet()
    var failed = false
    CaptureRun(common).analyzeAll(path) { analysis, _ in
      if let failure = analysis.failure {
        Diagnostics.say(failure)
        failed = true
      }
      set.add(analysis)
      return true
    }
    if failed { status.worsen(to: .unreadable) }
    set.name = path
    return set
  }

  /// JSON that this program has written begins with a brace or a bracket; no capture does.
  private func isReport(_ path: String) -> Bool {
    guard path != "-", ByteSource.kind(ofPath: path) == .file, FileIdentity(path: path) != nil,
      let source = try? ByteSource(path: path)
    else { return false }
    var start: [UInt8] = []
    guard let got = try? source.read(into: &start, count: 256), got > 0 else { return false }
    let words = String(decoding: start, as: UTF8.self)
    return words.contains("\"schema\":\"pageledger.") || words == "[]\n"
      || words.hasPrefix("{\"kind\":\"")
  }
}

/// Forms of what a comparison prints.
enum DiffFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json
}
