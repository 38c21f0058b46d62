import LedgerCore

/// A complaint whose lines are still coming.
struct OpenComplaint {
  /// Lines of one printer after which nothing more belongs to a complaint: KASAN prints the page behind three stacks.
  static let patience = 400
  /// Frames of a stack that are kept.
  private static let frameLimit = 5

  var complaint: KernelComplaint
  /// A mark was given out for its page.
  var isMarked = false
  let caller: LogCaller?
  /// Lines of its printer since it began.
  private(set) var age = 0
  private var frames: Int?
  /// A line that is no frame came after the frames.
  private var isStackOver = false
  private var isDone = false
  /// `---[ end trace` was printed: where the kernel dies, the registers' first line follows once more.
  private var awaitsSummary = false
  private var paths = ComplaintPaths()
  private var words = DamagedWords()

  init(_ complaint: KernelComplaint, caller: LogCaller?) {
    self.complaint = complaint
    self.caller = caller
    if case .task(let pid) = caller, self.complaint.pid < 0 { self.complaint.pid = pid }
    if case .cpu(let cpu) = caller, self.complaint.cpu < 0 { self.complaint.cpu = cpu }
  }

  /// Nothing more belongs to it.
  var isOver: Bool { isDone || age > Self.patience }

  /// A complaint of which nothing proves that it concerns a page.
  var isEmpty: Bool { complaint.kind == .kasan && !complaint.hasPage }

  /// What the kernel printed by `dump_page` because a check failed, which is told next.
  var awaitsCheck: Bool { complaint.kind == .pageDump && age <= 40 }

  /// All that is known of it.
  var whole: KernelComplaint {
    var whole = complaint
    whole.paths = paths.all
    if words.isDamaged(whole) { whole.isDamaged = true }
    return whole
  }

  /// Who and where are still to be told.
  var isYoung: Bool {
    age <= 40 && (awaitsCheck || complaint.process.isEmpty || complaint.function.isEmpty)
  }

  /// Keeps a line; one with bytes that the kernel does not print, or in which another line begins, is damaged.
  mutating func keep(_ line: KernelLogLine) {
    let isPrinted = line.text.utf8.allSatisfy { $0 == 0x09 || 0x20...0x7e ~= $0 }
    if !isPrinted || line.text[...].holdsStamp { complaint.isDamaged = true }
    guard complaint.lines.count < KernelComplaint.linesLimit else { return }
    complaint.lines.append(line)
  }

  /// True when a line that begins with this byte may say something.
  func needs(_ byte: UInt8) -> Bool {
    if awaitsSummary || paths.isOpen || frames != nil && !isStackOver { return true }
    return Self.beginnings.contains(byte)
  }

  private static let beginnings = Set("phfakbeACEFKNPRTW-=".utf8)

  /// Passes a line of the same printer that says nothing.
  mutating func skip() { age += 1 }

  /// Takes a line of the same printer.
  mutating func take(_ text: Substring, _ line: KernelLogLine) {
    age += 1
    if awaitsSummary {
      words.takeSummary(text)
      isDone = true
      return
    }
    paths.take(text)
    words.take(text, complaint)
    awaitsSummary = text.hasPrefix("---[ end trace")
    isDone = text.hasPrefix("=====") && complaint.hasPage
    if awaitsSummary || isDone { return }
    if frames != nil, !isStackOver {
      if takeFrame(text, line) { return }
      isStackOver = (frames ?? 0) > 0
    }
    if let dump = PageDump(text) {
      if !complaint.hasPage { dump.fill(&complaint) }
      return keep(line)
    }
    if part(text) { keep(line) }
  }

  /// Reads what a line adds; false for lines that are not worth showing.
  private mutating func part(_ text: Substring) -> Bool {
    switch text.utf8.first {
    case UInt8(ascii: "p"): return page(text)
    case UInt8(ascii: "h"):
      guard text.hasPrefix("head:"), let order = text.behind("order:")?.decimal else {
        return false
      }
      complaint.order = UInt8(exactly: order).flatMap { $0 <= Event.orderLimit ? $0 : nil }
      return true
    case UInt8(ascii: "f"), UInt8(ascii: "a"), UInt8(ascii: "k"):
      return complaint.hasPage
        && (text.hasPrefix("flags: ") || text.hasPrefix("anon flags: ")
          || text.hasPrefix("ksm flags: ") || text.hasPrefix("aops:"))
        || text.hasPrefix("addr:") && text.behind("vm_flags:") != nil
    case UInt8(ascii: "b"): return text.hasPrefix("bad because of")
    case UInt8(ascii: "C"): return processor(text)
    case UInt8(ascii: "R"): return register(text) || access(text, "Read of size ")
    case UInt8(ascii: "W"): return access(text, "Write of size ")
    default: return false
    }
  }

  private mutating func page(_ text: Substring) -> Bool {
    if let reason = text.behind(prefix: "page dumped because: ") {
      if complaint.reason.isEmpty { complaint.reason = String(reason.prefix(160)) }
      return true
    }
    if let state = text.behind(prefix: "page_owner tracks the page as ") {
      if state.hasPrefix("allocated") { complaint.isAllocated = true }
      if state.hasPrefix("freed") { complaint.isAllocated = false }
      return true
    }
    if text.hasPrefix("pc : ") { return register(text) }
    return text.hasPrefix("page last ") || text.hasPrefix("page_type:")
      || text.hasPrefix("page->mem_cgroup:") || text.hasPrefix("page does not match folio")
  }

  /// `CPU: 1 PID: 216 Comm: trace-cmd Tainted: G`, from 6.12 with `UID: 0`; or the head of the stack.
  private mutating func processor(_ text: Substring) -> Bool {
    if text.hasPrefix("Call Trace:") || text.hasPrefix("Call trace:") {
      if frames == nil { frames = 0 }
      return false
    }
    guard let cpu = text.behind(prefix: "CPU: "), let pid = text.behind(" PID: "),
      let comm = text.behind(" Comm: ")
    else { return false }
    if complaint.cpu < 0 { complaint.cpu = cpu.cpu ?? -1 }
    if let pid = pid.signed, complaint.pid < 0 { complaint.pid = pid }
    let name = (comm.before(" Tainted: ") ?? comm.before(" Not tainted ") ?? comm.word).trimmed
    if complaint.process.isEmpty {
      complaint.process = String(name.prefix(32))
    } else {
      words.require(name.prefix(32), toBe: complaint.process)
    }
    return true
  }

  /// `Read of size 8 at addr ffff888077ec2bf8 by task syz-executor.0/6659`
  private mutating func access(_ text: Substring, _ prefix: String) -> Bool {
    guard text.hasPrefix(prefix) else { return false }
    guard complaint.process.isEmpty, let task = text.behind(" by task "),
      let slash = task.lastIndex(of: "/")
    else { return true }
    complaint.process = String(task[..<slash].prefix(32))
    if complaint.pid < 0 { complaint.pid = task[task.index(after: slash)...].signed ?? -1 }
    return true
  }

  private mutating func register(_ text: Substring) -> Bool {
    guard let rest = text.programCounter, complaint.function.isEmpty, complaint.kind != .refcount
    else { return false }
    complaint.function = (rest.function ?? "")
    return !complaint.function.isEmpty
  }

  /// A frame of the stack; the first that prints or checks is not what went wrong.
  private mutating func takeFrame(_ text: Substring, _ line: KernelLogLine) -> Bool {
    if text.hasPrefix("<") || text.hasPrefix("? ") { return true }
    let place = text.hasPrefix("[<") ? (text.behind("] ") ?? text) : text
    guard let name = place.function else { return false }
    if Self.isPrinter(name) { return true }
    if complaint.function.isEmpty { complaint.function = String(name.prefix(80)) }
    if complaint.subject.isEmpty, complaint.kind == .refcount {
      complaint.subject = ComplaintSite.subject(of: name) ?? ""
    }
    let count = frames ?? 0
    if count < Self.frameLimit { keep(line) }
    frames = count &+ 1
    return true
  }

  /// A function that prints or checks, and is not what went wrong.
  static func isPrinter(_ name: String) -> Bool {
    printers.contains { name.hasPrefix($0) }
  }

  private static let printers = [
    "dump_stack", "__dump_stack", "show_stack", "dump_backtrace", "bad_page", "print_bad_p",
    "print_report", "print_address", "kasan_report", "__kasan_report", "__warn", "report_bug",
    "handle_bug", "exc_invalid_op", "asm_exc_invalid_op", "refcount_warn_saturate",
    "walk_stackframe",
  ]
}
