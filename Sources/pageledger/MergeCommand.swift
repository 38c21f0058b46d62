import ArgumentParser
import LedgerBatch
import LedgerCore
import LedgerInput

/// `pageledger batch merge`: the results of several shards as those of one batch.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch-merge",
    abstract: "Join the results of shards.",
    usage: "pageledger batch merge DIR... --out DIR",
    discussion: """
      DIR: folders that batch has finished. The summary is the same as if one
      batch had done all; an input of several folders counts once.
      """, shouldDisplay: false)

  @Argument(help: "Folders of results.")
  var folder: [String]

  @OptionGroup var target: BatchTarget

  func run() throws {
    let expectations = try target.verdict.expectations()
    OwnProcess.openManyFiles()
    var status = ExitStatus.clean
    do throws(WriteError) {
      let store = try BatchStore(folder: target.out)
      try target.checkReports()
      try store.load()
      let inputs = try store.join(folder, ruleSet: ToolIdentity.current.ruleSet)
      let batch = target.count(inputs, in: store, expectations, verbose: false)
      try target.write(batch.summary, to: store)
      status = target.tell(batch) { (database) throws(WriteError) in
        try store.show(inputs, expectations, to: database)
      }
    } catch {
      if case .failed(let reason) = error { Diagnostics.say(reason) }
      status = .internalError
    }
    try status.exit()
  }
}
