public import ArgumentParser
public import LedgerBatch
import LedgerCapture
import LedgerCore
import LedgerInput

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
      --report: html, sqlite, sarif, junit, ktap, github, gitlab, markdown, ndjson.
      --sarif-anchor, --kallsyms, exit codes: as of analyze; a whole --shard gives 0.
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
    for request in target.report
    where sources.path.contains(request.path) || request.path == sources.manifest {
      throw ValidationError("--report would overwrite the input '\(request.path)'")
    }
  }

  func run() throws {
    let expectations = try target.verdict.expectations()
    if let parent, !OwnProcess.endWithParent(parent) { return }
    let inputs = try sources.list(verbose: verbose, shard).inputs.filter { !isOutput($0.path) }
    let options = options
    let salt = target.verdict.salt(options)
    var status = ExitStatus.clean
    do throws(WriteError) {
      let store = try BatchStore(folder: target.out)
      try target.checkReports()
      if !retry, !verbose, !target.wantsDetail,
        let summary = store.unchangedSummary(of: inputs, salt: salt)
      {
        var meter = BatchMeter(target.quiet ? .none : progress)
        meter.show(BatchProgress(all: inputs.count, before: inputs.count))
        meter.end()
        status = target.tell(BatchDetail(summary))
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
    if isComplete { try store.tidy(inputs, always: shard != nil) }
    let batch = target.count(inputs, in: store, expectations, verbose: verbose)
    try target.write(batch.summary, to: store)
    var status = target.tell(batch) { (database) throws(WriteError) in
      try store.show(inputs, expectations, to: database)
    }
    if !isComplete {
      Diagnostics.say("interrupted: the same command goes on where it stopped")
      status.worsen(to: .interrupted)
    }
    return status
  }

  /// What this command writes lies beside what it reads: results of an earlier run are no inputs.
  private func isOutput(_ path: String) -> Bool {
    guard !sources.path.contains(path) else { return false }
    return BatchStore.isOwn(path, of: target.out) || target.report.contains { $0.path == path }
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

extension Shard: ExpressibleByArgument {
  /// Reads `3/16`.
  public init?(argument: String) { self.init(argument) }
}
