import ArgumentParser
import LedgerBatch
import LedgerInput

/// `pageledger batch rows`: captures and findings of finished batches for tables of other programs.
struct RowsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch-rows",
    abstract: "Print captures and findings of batches as NDJSON.",
    usage: "pageledger batch rows DIR...",
    discussion: """
      DIR: folders that batch has finished. A line is a capture or one of its
      findings; Sources/LedgerReport/JSON/SCHEMA.md describes both.
      """, shouldDisplay: false)

  @Argument(help: "Folders of results.")
  var folder: [String]

  func run() throws {
    var output = Output()
    var status = ExitStatus.clean
    for name in folder where status == .clean {
      do throws(WriteError) {
        let rows = try BatchRows(folder: name, ruleSet: ToolIdentity.current.ruleSet)
        rows.forEach { output.write($0) }
      } catch {
        if case .failed(let reason) = error { Diagnostics.say(reason) }
        status = .internalError
      }
    }
    status.worsen(to: output.close())
    try status.exit()
  }
}
