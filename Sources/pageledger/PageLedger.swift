import ArgumentParser
import LedgerInput
import LedgerReport

/// The command: reads what a kernel recorded about its pages and says which were misused.
@main
struct PageLedger: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pageledger",
    abstract: "Audits what a Linux kernel recorded about its pages.",
    usage: """
      pageledger [analyze] [OPTIONS] CAPTURE...
      pageledger record|batch|diff|info|page|events|rules|symbols ...
      """,
    discussion: """
      Reads trace.dat files and ftrace text ('-' is standard input), replays the
      state of each page and names every misuse with the events that prove it.

        pageledger trace.dat                     was a page misused, by whom?
        pageledger record --for kvm -- COMMAND   what decides it, recorded
        pageledger info trace.dat                what does the capture hold?
        pageledger page 0x10af2c trace.dat       the life of one page
        pageledger events --name 'mm_*' t.dat    decoded events
        pageledger rules PL010                   one rule explained
        pageledger batch logs/ --out night/      many captures, in parallel
        pageledger diff last/ night/             what is new since then?

      Exit codes: 0 clean; 1 findings; 2 a capture cannot be read; 3 nothing found,
      but the capture is incomplete; 64 usage; 70 internal or output error;
      130 interrupted.
      """,
    version: version,
    subcommands: [
      AnalyzeCommand.self, BatchCommand.self, DiffCommand.self, InfoCommand.self,
      PageCommand.self, EventsCommand.self, RecordCommand.self, RulesCommand.self,
      SymbolsCommand.self,
      MergeCommand.self, ListCommand.self, RowsCommand.self, WorkerCommand.self,
    ],
    defaultSubcommand: AnalyzeCommand.self)

  /// Name and version, for `--version` and for the feet of reports.
  static let version = "pageledger 0.1.0"

  /// Runs the command; a reader that goes away must not end it before its exit code is known.
  static func main() {
    Interruption.watch()
    var words = Array(CommandLine.arguments.dropFirst())
    // Commands do not mix with arguments in the parser.
    if words.first == "batch", words.count > 1, ["merge", "list", "rows"].contains(words[1]) {
      words.replaceSubrange(..<2, with: ["batch-" + words[1]])
    }
    if words.first == "record" { words = RecordCommand.separated(words) }
    do {
      var command = try parseAsRoot(words)
      try command.run()
    } catch { quit(error) }
  }

  /// Ends as the parser of arguments would; the words that it quotes may be names of files.
  private static func quit(_ error: any Error) -> Never {
    let code = exitCode(for: error)
    guard !code.isSuccess else { exit(withError: error) }
    let lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
    let message = lines.map { String($0).escapedForTerminal }.joined(separator: "\n")
    if !message.isEmpty { try? ByteSink.standardError.write(Array((message + "\n").utf8)) }
    exit(withError: code)
  }
}
