import LedgerCore

/// The call chains in a complaint: that of the complaint itself, and those that KASAN and page_owner remember.
///
/// arch/x86/kernel/dumpstack.c:show_trace_log_lvl, arch/arm64/kernel/stacktrace.c:dump_backtrace,
/// mm/kasan/report.c:print_stack, mm/page_owner.c:__dump_page_owner; 5.4 to 7.1.
struct ComplaintPaths {
  /// At most one a role, in the order of the log.
  private(set) var found: [ComplaintPath] = []
  /// Lines of a chain may follow.
  private(set) var isOpen = false
  /// Where the processor was, which x86 prints before the chain, and arm64 in it once more.
  private var top: StackFrame?

  /// Takes a line of the complaint's printer.
  mutating func take(_ text: Substring) {
    if isOpen, takeFrame(text) { return }
    isOpen = false
    switch text.utf8.first {
    case UInt8(ascii: "R"), UInt8(ascii: "p"):
      if let place = text.programCounter {
        if top == nil {
          top = Self.frame(place)
          top?.isExact = true
        }
      } else if text.hasPrefix("page last allocated via ") {
        open(.allocator, pid: text.behind(" pid ")?.signed)
      } else if text.hasPrefix("page last free ") {
        open(.freer, pid: text.behind(" pid ")?.signed)
      }
    case UInt8(ascii: "C"):
      if text.hasPrefix("Call Trace:") || text.hasPrefix("Call trace:") {
        open(.complaint, pid: nil)
      }
    case UInt8(ascii: "A"):
      if let task = text.behind(prefix: "Allocated by task ") { open(.allocator, pid: task.signed) }
    case UInt8(ascii: "F"):
      if let task = text.behind(prefix: "Freed by task ") { open(.freer, pid: task.signed) }
    default: break
    }
  }

  /// The chains; where none was printed, the place of the processor is one.
  var all: [ComplaintPath] {
    let chains = found.filter { !$0.frames.isEmpty }
    guard let top, !chains.contains(where: { $0.role == .complaint }) else { return chains }
    return chains + [ComplaintPath(role: .complaint, pid: -1, frames: [top])]
  }

  private mutating func open(_ role: PathRole, pid: Int32?) {
    guard !found.contains(where: { $0.role == role }) else { return }
    isOpen = true
    var path = ComplaintPath(role: role, pid: pid ?? -1)
    if role == .complaint, let top { path.frames = [top] }
    found.append(path)
  }

  /// True for a line that is part of a chain.
  private mutating func takeFrame(_ text: Substring) -> Bool {
    // `<TASK>`, and what only lay on the stack.
    if text.hasPrefix("<") || text.hasPrefix("? ") { return true }
    let place = text.hasPrefix("[<") ? (text.behind("] ") ?? text) : text
    if text.hasPrefix("[<"), place.hasPrefix("? ") { return true }
    guard let frame = Self.frame(place), !found.isEmpty else { return false }
    let last = found.count - 1
    let isAgain =
      found[last].frames.count == 1 && found[last].frames[0].name == frame.name
      && found[last].frames[0].offset == frame.offset
    let isPrinter = found[last].frames.isEmpty && OpenComplaint.isPrinter(frame.name)
    if !isAgain, !isPrinter, found[last].frames.count < KernelComplaint.framesLimit {
      found[last].frames.append(frame)
    }
    return true
  }

  /// `func+0x1c/0x30 [module]`
  private static func frame(_ text: Substring) -> StackFrame? {
    guard let name = text.function, let offset = text.dropFirst(name.count + 1).hex else {
      return nil
    }
    var frame = StackFrame(name: String(name.prefix(160)), offset: offset)
    if let module = text.behind(" [")?.prefix(while: { $0 != " " && $0 != "]" }), !module.isEmpty {
      frame.name += "\t" + module.prefix(64)
    }
    return frame
  }
}
