import LedgerCore
import LedgerInput

/// The kernel's log as events of a trace: `printk:console` carries what was printed, in the order of the trace.
struct TracedLog {
  private(set) var complaints = ComplaintReader()
  /// Messages read.
  private(set) var lines: UInt64 = 0

  init() { complaints.relation = .inTrace }

  /// Takes a message; gives the marks of pages that became known, with its time, CPU and task.
  mutating func take(_ text: String, of event: Event) -> [Event] {
    lines &+= 1
    let padded = Array(text.utf8) + Array(repeating: 0, count: TextBlocks.padding)
    let end = padded.count - TextBlocks.padding
    padded.withRawSpan { bytes in
      // Kernels before 5.x put the stamp into the text.
      var dress = Dressing.strip(bytes, from: 0, to: end)
      dress.time = event.time
      dress.isKernel = true
      dress.caller = .task(event.pid)
      complaints.take(bytes, from: dress.at, to: end, dress, number: 0, isCut: false)
    }
    return complaints.takeMarks().map { mark in
      var mark = mark
      (mark.time, mark.cpu, mark.pid) = (event.time, event.cpu, event.pid)
      return mark
    }
  }

  /// Puts marks in the place of messages that complain, and takes out the others; `text` gives the words of one.
  mutating func replaceMessages(
    in batch: inout EventBatch, from start: Int, text: (Event) -> String?
  ) {
    var at = start
    while at < batch.events.count {
      guard batch.events[at].kind == .complaint else {
        at += 1
        continue
      }
      let event = batch.events[at]
      let marks = text(event).map { take($0, of: event) } ?? []
      batch.events.replaceSubrange(at...at, with: marks.prefix(1))
      at += min(marks.count, 1)
    }
  }

  /// The trace has ended.
  mutating func finish() { complaints.flush() }
}
