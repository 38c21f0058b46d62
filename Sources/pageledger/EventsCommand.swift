import ArgumentParser
import LedgerCapture
import LedgerCore
import LedgerReport

/// `pageledger events`: what a capture holds, decoded.
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print the decoded events of a capture.",
    usage: "pageledger events [OPTIONS] CAPTURE",
    discussion: """
      Times are as printed: seconds for nanosecond clocks, else the clock's own unit.

        pageledger events --name 'mm_page_*' --cpu 0 trace.dat
        pageledger events --format ndjson --from 10.5 trace.dat | jq .fields

      Exit codes: 0; 2 the capture cannot be read; 64 usage; 70 internal or output error;
      130 interrupted.
      """)

  /// Forms of the answer.
  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text, ndjson
  }

  @Argument(help: "Capture, folder, archive or archive!member; '-' is standard input.")
  var capture: String

  @Option(help: "Form of standard output.")
  var format = Format.text

  @Option(help: ArgumentHelp("Only events of this name (* and ?); repeatable.", valueName: "glob"))
  var name: [String] = []

  @Option(help: "Only events of this CPU.")
  var cpu: UInt16?

  @Option(help: ArgumentHelp("Only events at or after this time.", valueName: "time"))
  var from: TimeArgument?

  @Option(help: ArgumentHelp("Only events at or before this time.", valueName: "time"))
  var to: TimeArgument?

  @OptionGroup var input: InputOptions

  func run() throws {
    var output = Output()
    var status = ExitStatus.clean
    do throws(CaptureError) {
      let reader = try openCapture(
        path: capture, detail: .fields, expandLimit: input.maxExpand.bytes)
      try print(reader, on: &output)
    } catch {
      output.flush()
      Diagnostics.say(error.message)
      status = .unreadable
    }
    status.worsen(to: output.close())
    if Interruption.isRequested { status.worsen(to: .interrupted) }
    try status.exit()
  }

  private func print(_ reader: any CaptureReader, on output: inout Output) throws(CaptureError) {
    var batch = EventBatch()
    var json = EventDocument()
    while try reader.next(&batch), output.isWanted, !Interruption.isRequested {
      let nanoseconds = reader.info.timeIsNanoseconds
      let filter = EventFilter(self, nanoseconds: nanoseconds)
      let text = EventLine(nanoseconds: nanoseconds)
      for (event, detail) in zip(batch.events, batch.details) {
        guard filter.admits(event, detail) else { continue }
        output.append { bytes in
          switch format {
          case .text: text.append(event, detail, to: &bytes)
          case .ndjson: json.append(event, detail, to: &bytes)
          }
        }
      }
    }
  }
}

/// Which events are wanted; a gap always is, unless its CPU or time is not.
struct EventFilter {
  private let names: [Glob]
  private let cpu: UInt16?
  private let times: ClosedRange<UInt64>?

  init(_ command: EventsCommand, nanoseconds: Bool) {
    names = command.name.map(Glob.init)
    cpu = command.cpu
    let from = command.from?.units(nanoseconds: nanoseconds) ?? 0
    let to = command.to?.units(nanoseconds: nanoseconds) ?? .max
    times = from <= to ? from...to : nil
  }

  func admits(_ event: Event, _ detail: EventDetail) -> Bool {
    guard let times, times.contains(event.time), cpu == nil || cpu == event.cpu else {
      return false
    }
    return names.isEmpty || event.kind.isGap || names.contains { $0.matches(detail.name) }
  }
}
