import ArgumentParser
import LedgerCore
import LedgerReport

/// `pageledger info`: what a capture holds, and what it lets the rules decide.
struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show what a capture holds and which rules it lets decide.",
    usage: "pageledger info [OPTIONS] CAPTURE",
    discussion: """
      Reads the whole capture. Exit codes: 0; 2 the capture cannot be read; 64 usage;
      70 internal or output error; 130 interrupted.
      """)

  /// Forms of the answer.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json
  }

  @Argument(help: "trace.dat, perf.data or text, packed or not; '-' is standard input.")
  var capture: String

  @Option(help: "Form of standard output.")
  var format = Format.text

  @OptionGroup var common: CommonOptions

  func run() throws {
    let analysis = CaptureRun(common).analyze(capture)
    var output = Output()
    switch format {
    case .json: output.write(InfoDocument(analysis).json())
    case .text where analysis.failure == nil:
      output.write(Array(InfoText(style: common.color.style).render(analysis).utf8))
    case .text: break
    }
    var status = output.close()
    if let failure = analysis.failure {
      Diagnostics.say(failure)
      status.worsen(to: .unreadable)
    }
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }
}
