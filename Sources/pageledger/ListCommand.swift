import ArgumentParser
import LedgerBatch

/// `pageledger batch list`: what a batch would read, as a manifest with sizes.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch-list",
    abstract: "List the inputs of a batch with their sizes.",
    usage: "pageledger batch list PATH... [--manifest FILE]",
    discussion: """
      Prints a manifest, one JSON object a line: "path", labels, "size" in bytes,
      and "seen", which changes with the file. No file is opened, and of what has
      a "size" in the manifest already none is looked at.
      """, shouldDisplay: false)

  @OptionGroup var sources: BatchSources

  func run() throws {
    var output = Output()
    for input in try sources.list(trustsSizes: true).inputs where output.isWanted {
      output.write(input.line)
    }
    try output.close().exit()
  }
}
