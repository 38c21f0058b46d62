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

  /// The trace has ended.
  mutating func finish() { complaints.flush() }
}
