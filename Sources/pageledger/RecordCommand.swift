import ArgumentParser
import LedgerCore
import LedgerInput
import LedgerRecord

/// `pageledger record`: the capture that decides a question, planned for the running kernel.
struct RecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Record what rules need to decide.",
    usage: """
      pageledger record [--for RULES] [-o FILE] [OPTIONS] [--] [COMMAND...]
      pageledger record --explain|--print|--script [--for RULES] [OPTIONS]
      pageledger record --clean
      """,
    discussion: """
      RULES are rules (PL007,PL010), kvm, ttm, gup or all. Records system-wide until
      COMMAND ends, or Ctrl-C; needs root. Works in an instance of tracefs of its
      own and removes all it made. Ends with the exit code of COMMAND; 2 when
      nothing can be recorded.
      """)

  @Option(name: .customLong("for"), help: ArgumentHelp("What to decide.", valueName: "rules"))
  var wish = "all"

  @Option(name: .shortAndLong, help: ArgumentHelp("The capture.", valueName: "file"))
  var output = "trace.dat"

  @Flag(help: "Say what is recorded, why, and what can be decided.")
  var explain = false

  @Flag(help: "Print the plan as commands.")
  var print = false

  @Flag(help: "Print a shell script that needs only sh and tracefs.")
  var script = false

  @Flag(help: "Remove what a killed recorder left in tracefs.")
  var clean = false

  @Flag(help: "Keep a small ring; save it on a WARN, bad page or SIGUSR1.")
  var flight = false

  @Option(
    help: ArgumentHelp(
      "Also save it then: 'kmem:mm_page_free if pfn == 1'.", valueName: "event"))
  var trigger: [String] = []

  @OptionGroup var limits: RecordLimits

  @OptionGroup var target: RecordTarget

  @Argument(parsing: .postTerminator, help: .hidden)
  var command: [String] = []

  /// Options that take the next word.
  private static let valued: Set<String> = [
    "--for", "-o", "--output", "--filter", "--buffer", "--clock", "--btf", "--kernel", "--with",
    "--tracefs", "--root", "--trigger",
  ]

  /// Puts `--` before a command, whose options are not ours.
  static func separated(_ words: [String]) -> [String] {
    var at = 1
    while at < words.count, words[at].hasPrefix("-"), words[at] != "--" {
      at += valued.contains(words[at]) ? 2 : 1
    }
    guard at < words.count, words[at] != "--" else { return words }
    return words[..<at] + ["--"] + words[at...]
  }

  func validate() throws {
    guard [explain, print, script, clean].count(where: \.self) <= 1 else {
      throw ValidationError("--explain, --print, --script and --clean exclude each other")
    }
    guard flight || trigger.isEmpty else { throw ValidationError("--trigger needs --flight") }
    for words in trigger where Flight.Trigger(words) == nil {
      throw ValidationError("--trigger takes EVENT or 'EVENT if CONDITION'")
    }
  }

  func run() throws {
    let code: Int32
    do throws(RecordError) {
      if clean { return try Self.tidy(target.tracefs) }
      var limits = try limits.limits()
      limits.overwrites = flight
      let plan = Planner.plan(try Wish(wish), for: try target.facts(), limits: limits)
      let triggers = trigger.compactMap(Flight.Trigger.init)
      try Flight.check(triggers, in: plan)
      if explain { return Self.show(PlanText.explain(plan)) }
      if print {
        let recipe = flight ? BootRecipe.text(plan) : ""
        return Self.show(
          PlanCommands.text(plan, command: command, output: output, triggers: triggers) + recipe)
      }
      if script { return Self.show(ShellScript.text(plan, triggers: triggers)) }
      try target.refuseForeign()
      code = try record(plan)
    } catch {
      Diagnostics.say(error.message)
      if case .usage = error { try ExitStatus.usage.exit() }
      try ExitStatus.unreadable.exit()
    }
    throw ExitCode(code)
  }

  private static func show(_ text: String) {
    var output = Output()
    output.write(Array(text.utf8))
    _ = output.close()
  }

  private static func tidy(_ tracefs: String?) throws(RecordError) {
    let facts = KernelFacts(tracefs: tracefs)
    for line in try Remains(tracefs: facts.tracefs).clean() { Diagnostics.say(line) }
  }
}

/// What keeps a recording small.
struct RecordLimits: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "pages=0x1000-0x1fff, tree (the command's tasks), or module=NAME.", valueName: "what"))
  var filter: [String] = []

  @Option(help: ArgumentHelp("KiB of each CPU's buffer.", valueName: "number"))
  var buffer: Int?

  @Option(help: ArgumentHelp("The trace clock.", valueName: "name"))
  var clock = ""

  @Flag(inversion: .prefixedNo, help: .hidden)
  var stacks = true

  func limits() throws(RecordError) -> Planner.Limits {
    var limits = Planner.Limits()
    limits.bufferKB = buffer
    limits.clock = clock
    limits.stacks = stacks
    if let buffer, !(64...(1 << 22)).contains(buffer) {
      throw .usage(reason: "--buffer takes 64 to 4194304 KiB")
    }
    guard clock.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else {
      throw .usage(reason: "--clock takes a name")
    }
    for word in filter {
      if word == "tree" {
        limits.tree = true
      } else if word.hasPrefix("pages=") {
        limits.pages = try Self.pages(word.dropFirst(6))
      } else if word.hasPrefix("module="), word.count > 7 {
        limits.modules.append(String(word.dropFirst(7)))
      } else {
        throw .usage(reason: "--filter \(word): pages=FIRST-LAST, tree or module=NAME")
      }
    }
    return limits
  }

  private static func pages(_ words: Substring) throws(RecordError) -> ClosedRange<UInt64> {
    let ends = words.split(separator: "-", maxSplits: 1).map { HexArgument(argument: String($0)) }
    guard let first = ends.first??.value, let last = ends.last??.value, first <= last,
      last < 1 << 52
    else { throw .usage(reason: "--filter pages=\(words): takes frame numbers, 0x1000-0x1fff") }
    return first...last
  }
}

/// The kernel that is to record.
struct RecordTarget: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Plan for another kernel: its vmlinux BTF, then kvm's and ttm's.", valueName: "file"))
  var btf: [String] = []

  @Option(help: ArgumentHelp("The release of that kernel.", valueName: "release"))
  var kernel = ""

  @Option(help: ArgumentHelp("tracefs or trace-cmd (default: if installed).", valueName: "what"))
  var with: RecordMeans?

  @Option(help: .hidden)
  var tracefs: String?

  /// A folder with the `/proc` and `/sys` of another machine.
  @Option(help: .hidden)
  var root = ""

  func facts() throws(RecordError) -> KernelFacts {
    guard btf.isEmpty else {
      return try KernelFacts(types: btf, release: kernel)
    }
    guard kernel.isEmpty else { throw .usage(reason: "--kernel needs --btf") }
    return KernelFacts(root: root, tracefs: tracefs)
  }

  /// Only the running kernel can be recorded.
  func refuseForeign() throws(RecordError) {
    guard btf.isEmpty, root.isEmpty else {
      throw .usage(reason: "--btf plans for another kernel: add --print, --script or --explain")
    }
  }
}

/// Who saves the trace.
enum RecordMeans: String, ExpressibleByArgument, CaseIterable {
  case tracefs
  case traceCmd = "trace-cmd"
}
