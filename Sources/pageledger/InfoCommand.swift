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
      Reads the whole capture; of an archive or a folder, each. Exit codes: 0; 2 the capture cannot be read; 64 usage;
      70 internal or output error; 130 interrupted.
      """)

  /// Forms of the answer.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, json
  }

  @Argument(help: "Capture, folder, archive or archive!member; '-' is standard input.")
  var capture: String

  @Option(help: "Form of standard output.")
  var format = Format.text

  @OptionGroup var common: CommonOptions

  func run() throws {
    var output = Output()
    var status = ExitStatus.clean
    var isArray = false
    var shown = 0
    CaptureRun(common).analyzeAll(capture) { analysis, isOnly in
      if let failure = analysis.failure {
        Diagnostics.say(failure)
        status.worsen(to: .unreadable)
      }
      switch format {
      case .json:
        if shown == 0 { isArray = !isOnly }
        if isArray { output.write(Array((shown == 0 ? "[" : ",\n").utf8)) }
        output.write(InfoDocument(analysis).json())
      case .text where analysis.failure == nil:
        if shown > 0 { output.write([UInt8(ascii: "\n")]) }
        output.write(Array(InfoText(style: common.color.style).render(analysis).utf8))
      case .text: return true
      }
      shown += 1
      output.flush()
      return output.isWanted
    }
    if isArray { output.write(Array("]\n".utf8)) }
    status.worsen(to: output.close())
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }
}
