import ArgumentParser
import LedgerCapture
import LedgerCore
import LedgerReplay
import LedgerReport
import LedgerRules

/// `pageledger page`: the life of one page, or of its block, event by event.
struct PageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "page",
    abstract: "Show the life of one page, event by event.",
    usage: "pageledger page [OPTIONS] PFN CAPTURE",
    discussion: """
      Each step shows the state of the page before and after it.

        pageledger page 0x10af2c trace.dat
        pageledger page --block --format ndjson 1093420 trace.dat
        pageledger page --at 10.353 0x10af2c trace.dat

      Exit codes: 0; 2 the capture cannot be read; 64 usage; 70 internal or output error;
      130 interrupted.
      """)

  /// Forms of the answer.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, ndjson
  }

  @Argument(help: "Page frame number, decimal or 0x hexadecimal.")
  var pfn: PageFrameArgument

  @Argument(help: "Capture, folder, archive or archive!member; '-' is standard input.")
  var capture: String

  @Flag(help: "All pages of the block that the page belongs to.")
  var block = false

  @Option(help: "Stop after so many steps.")
  var limit: UInt64?

  @Option(
    help: ArgumentHelp(
      "Instead of the steps, the state right after this time: block, count, mappings, holders.",
      valueName: "time"))
  var at: TimeArgument?

  @Option(help: "Form of standard output.")
  var format = Format.text

  @OptionGroup var common: CommonOptions

  func run() throws {
    if let at { return try show(at: at) }
    var life = PageLife(format: format, limit: limit ?? .max)
    let run = CaptureRun(common, watch: WatchRange(pfn: pfn.frame, includeBlock: block))
    let analysis = run.analyze(capture) { audit, reader in
      let steps = audit.takeWatched()
      return steps.isEmpty || life.add(steps, of: reader.info)
    }
    var status = life.output.close()
    if let failure = analysis.failure {
      Diagnostics.say(failure)
      status.worsen(to: .unreadable)
    } else if life.count == 0 {
      Diagnostics.say("page \(hex(pfn.frame)): no event of \(capture) concerns it")
    }
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }
}

extension PageCommand {
  private static func moment(_ snapshot: PageSnapshot, _ comms: [Int32: String]) -> PageMoment {
    PageMoment(
      pfn: snapshot.pfn, state: snapshot.state, block: snapshot.block?.reference,
      holders: snapshot.holders,
      references: snapshot.references.map { ($0.pid, comms[$0.pid] ?? "", $0.count) })
  }

  /// Prints the state of the page at one moment.
  private func show(at time: TimeArgument) throws {
    var moment: PageMoment?
    let run = CaptureRun(
      common, watch: WatchRange(pfn: pfn.frame, includeBlock: false), until: time)
    let analysis = run.analyze(capture) { audit, reader in
      moment = audit.snapshot(of: pfn.frame).map { Self.moment($0, reader.info.comms) }
      return true
    }
    var output = Output()
    var status = ExitStatus.clean
    if let failure = analysis.failure {
      Diagnostics.say(failure)
      status.worsen(to: .unreadable)
    } else if let moment {
      let isText = format == .text
      output.write(
        isText
          ? Array(moment.text(nanoseconds: analysis.capture.timeIsNanoseconds).utf8)
          : moment.json())
    } else {
      Diagnostics.say("page \(hex(pfn.frame)): \(capture) has no event before that time")
    }
    status.worsen(to: output.close())
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }
}

/// Prints watched steps until a limit.
struct PageLife {
  let format: PageCommand.Format
  let limit: UInt64
  var output = Output()
  private(set) var count: UInt64 = 0

  init(format: PageCommand.Format, limit: UInt64) {
    self.format = format
    self.limit = limit
  }

  /// Prints steps; false when no more are wanted.
  mutating func add(_ steps: [WatchedStep], of info: CaptureInfo) -> Bool {
    for step in steps {
      guard count < limit, output.isWanted else { return false }
      count += 1
      let row = PageStep(
        event: step.event, name: step.name, comm: info.comms[step.event.pid] ?? "",
        before: step.before, after: step.after, note: step.note)
      switch format {
      case .text:
        let text = row.text(nanoseconds: info.timeIsNanoseconds)
        output.write(Array(text.utf8))
      case .ndjson: output.write(row.json())
      }
    }
    return count < limit && output.isWanted
  }
}

/// A page frame number that a machine can have.
struct PageFrameArgument: ExpressibleByArgument {
  let frame: UInt64

  init?(argument: String) {
    let isHex = argument.hasPrefix("0x") || argument.hasPrefix("0X")
    let digits = isHex ? String(argument.dropFirst(2)) : argument
    guard !digits.hasPrefix("+"), let frame = UInt64(digits, radix: isHex ? 16 : 10),
      frame < Event.frameLimit
    else { return nil }
    self.frame = frame
  }
}
