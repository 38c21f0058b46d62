public import ArgumentParser
public import LedgerBatch
import LedgerCapture
import LedgerCore
import LedgerInput
import LedgerReport

/// `pageledger batch`: many captures, with workers that may die and results that survive.
struct BatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "batch",
    abstract: "Analyze many captures; what is done is not done again.",
    usage: """
      pageledger batch [OPTIONS] PATH... --out DIR
      pageledger batch merge DIR... --out DIR
      pageledger batch list PATH... | rows DIR...
      """,
    discussion: """
      A manifest has one input a line: a path and, behind tabs, NAME=VALUE, or a
      JSON object with "path" and labels such as job, kernel, host, commit, date.
      --kallsyms, --vmlinux and their like work as in analyze.
      Exit codes as of analyze; with --shard 0 when every input has its row.
      """)

  @OptionGroup var sources: BatchSources

  @OptionGroup var target: BatchTarget

  @Option(help: ArgumentHelp("One part of n (0/n is n/n).", valueName: "i/n"))
  var shard: Shard?

  @Option(help: ArgumentHelp("Workers (default: CPUs).", valueName: "n"))
  var jobs: Int?

  @Option(help: ArgumentHelp("Limit of one capture.", valueName: "seconds"))
  var timeout = 300

  @Option(help: ArgumentHelp("Limit of a worker (K, M, G).", valueName: "size"))
  var maxMemory = SizeArgument.worker

  @Flag(help: "Try again what crashed or took too long.")
  var retry = false

  @Option(help: "On standard error: auto, json, none.")
  var progress = ProgressForm.auto

  @Flag(name: .shortAndLong, help: "Name the files that are no captures.")
  var verbose = false

  @Option(help: .hidden)
  var parent: Int32?

  @OptionGroup var input: InputOptions

  @OptionGroup(visibility: .hidden) var symbols: SymbolOptions

  func validate() throws {
    guard (1...1024).contains(jobs ?? 1) else { throw ValidationError("--jobs takes 1 to 1024") }
    guard timeout >= 1 else { throw ValidationError("--timeout takes seconds, from 1 on") }
  }

  func run() throws {
    let expectations = try target.verdict.expectations()
    if let parent, !OwnProcess.endWithParent(parent) { return }
    let inputs = try sources.list(verbose: verbose, shard).inputs
    let options = options
    let salt = target.verdict.salt(options)
    var status = ExitStatus.clean
    do throws(WriteError) {
      let store = try BatchStore(folder: target.out)
      if !retry, !verbose, let summary = store.unchangedSummary(of: inputs, salt: salt) {
        var meter = BatchMeter(target.quiet ? .none : progress)
        meter.show(BatchProgress(all: inputs.count, before: inputs.count))
        meter.end()
        status = target.tell(summary)
      } else {
        status = try run(inputs, options, store, expectations)
        if status != .internalError, status != .interrupted {
          try store.stamp(inputs, options: options, salt: salt)
        }
      }
      if shard != nil, status != .internalError, status != .interrupted { status = .clean }
    } catch {
      if case .failed(let reason) = error { Diagnostics.say(reason) }
      status = .internalError
    }
    try status.exit()
  }

  private func run(
    _ inputs: [BatchInput], _ options: BatchOptions, _ store: BatchStore,
    _ expectations: Expectations
  ) throws(WriteError) -> ExitStatus {
    try store.load()
    if retry { store.forgetFailures() }
    let isComplete = try work(inputs, options, store)
    let summary = target.summary(of: inputs, in: store, expectations, verbose: verbose)
    if isComplete { try store.tidy(inputs, always: shard != nil) }
    try target.write(summary, to: store)
    var status = target.tell(summary)
    if !isComplete {
      Diagnostics.say("interrupted: the same command goes on where it stopped")
      status.worsen(to: .interrupted)
    }
    return status
  }

  private var options: BatchOptions {
    let salt = ToolIdentity.salt(words: symbols.pairs, maxMemory, input.maxExpand)
    return BatchOptions(
      jobs: jobs ?? OwnProcess.processors,
      limits: RunLimits(seconds: UInt64(timeout), bytes: maxMemory.bytes), salt: salt,
      worker: workerArguments + ["--salt", salt.hex])
  }

  /// Has the inputs analyzed; true when all are done.
  private func work(_ inputs: [BatchInput], _ options: BatchOptions, _ store: BatchStore)
    throws(WriteError) -> Bool
  {
    var driver = try BatchDriver(inputs, store: store, options: options)
    var meter = BatchMeter(target.quiet ? .none : progress)
    let isComplete = try driver.run { progress in
      meter.show(progress)
      return !Interruption.isRequested
    }
    meter.end()
    return isComplete
  }

  private var workerArguments: [String] {
    var words = [
      WorkerCommand.name, "--parent", String(OwnProcess.id), "--process-memory",
      String(maxMemory.bytes), "--max-memory", String(max(1, maxMemory.bytes / 2)),
      "--max-expand", String(input.maxExpand.bytes),
    ]
    for (name, value) in symbols.pairs { words += ["--" + name, value] }
    return words
  }
}

/// Where a batch writes to, and what it tells.
struct BatchTarget: ParsableArguments {
  @Option(help: ArgumentHelp("Folder of the results.", valueName: "dir"))
  var out: String

  @Option(help: "Form of standard output: text, json.")
  var format = BatchFormat.text

  @Flag(help: "No progress; only titles.")
  var quiet = false

  @Option(help: "Colour.")
  var color = ColorChoice.auto

  @OptionGroup var verdict: VerdictOptions

  func summary(
    of inputs: [BatchInput], in store: BatchStore, _ expectations: Expectations, verbose: Bool
  ) -> BatchSummary {
    BatchCount.summary(
      of: inputs, in: store, identity: .current, expectations: expectations
    ) { if verbose { Diagnostics.say($0) } }
  }

  /// Writes the summary to its file.
  func write(_ summary: BatchSummary, to store: BatchStore) throws(WriteError) {
    try WholeFile.update(SummaryDocument(summary).json(), at: store.summaryPath)
  }

  /// Writes the summary to standard output.
  func tell(_ summary: BatchSummary) -> ExitStatus {
    var output = Output()
    switch format {
    case .json: output.write(SummaryDocument(summary).json())
    case .text:
      let text = BatchText(style: color.style, detail: quiet ? .titles : .full)
      output.write(Array(text.render(summary).utf8))
    }
    var status = verdict.policy.status(of: summary)
    status.worsen(to: output.close())
    return status
  }
}

/// Forms of what a batch prints.
enum BatchFormat: String, CaseIterable, ExpressibleByArgument {
  case text, json
}

extension Shard: ExpressibleByArgument {
  /// Reads `3/16`.
  public init?(argument: String) { self.init(argument) }
}
