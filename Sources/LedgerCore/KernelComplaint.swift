/// What the kernel complained about, by the place in its sources that prints it.
public enum ComplaintKind: String, Sendable, CaseIterable {
  /// `BUG: Bad page state`: mm/page_alloc.c:bad_page.
  case badPageState
  /// `BUG: Bad page map`: mm/memory.c:print_bad_pte, from 6.18 print_bad_page_map.
  case badPageMap
  /// `BUG: Bad page cache`: mm/filemap.c:filemap_unaccount_folio.
  case badPageCache
  /// `BUG: Bad rss-counter state`, `BUG: non-zero pgtables_bytes`: kernel/fork.c:check_mm.
  case badCounter
  /// `Bad swap file entry` and the like: mm/swapfile.c.
  case badSwapEntry
  /// A check of a page's reference count: include/linux/mm.h, mm/gup.c.
  case pageReference
  /// `refcount_t: ...`: lib/refcount.c.
  case refcount
  /// `BUG: KASAN: ...` that names a page: mm/kasan/report.c.
  case kasan
  /// `kernel BUG at mm/...`.
  case kernelBug
  /// A warning of KVM about pages that it maps.
  case kvm
  /// A warning of TTM, GEM or dma-buf about the memory of a buffer.
  case graphics
  /// A dump of a page that belongs to no other complaint: mm/debug.c:dump_page.
  case pageDump
  /// Another warning in mm/ about the state of a page.
  case pageWarning
}

/// How a complaint and the events of the capture follow each other.
public enum ComplaintOrder: Sendable {
  /// The message itself is an event of the trace.
  case inTrace
  /// The trace was printed before the message.
  case afterTrace
  /// Their clocks are not the same.
  case unknown
}

/// One line that the kernel printed.
public struct KernelLogLine: Sendable, Equatable {
  /// printk's time in nanoseconds since boot, or the trace's when it comes from there; nil when it was not printed.
  public var time: UInt64?
  /// Number of the line in the log, from 1; 0 for an event of a trace.
  public var number: UInt64
  /// The words behind the dressing, cut at `KernelComplaint.lineLimit`; any character may occur.
  public var text: String

  /// A line.
  public init(time: UInt64?, number: UInt64, text: String) {
    self.time = time
    self.number = number
    self.text = text
  }
}

/// A call chain that the kernel printed in a complaint.
public struct ComplaintPath: Sendable, Equatable {
  /// What the code did: it complained, or had allocated or freed what the complaint is about.
  public var role: PathRole
  /// Thread id, -1 when unknown.
  public var pid: Int32
  /// Innermost function first, at most `KernelComplaint.framesLimit`.
  public var frames: [StackFrame]

  /// A chain with all its parts.
  public init(role: PathRole, pid: Int32, frames: [StackFrame] = []) {
    self.role = role
    self.pid = pid
    self.frames = frames
  }
}

/// What the kernel itself said about a page, or about memory without naming one.
public struct KernelComplaint: Sendable, Equatable {
  /// Longest text of a line that is kept, in characters.
  public static let lineLimit = 400
  /// Lines that are kept of one complaint.
  public static let linesLimit = 20
  /// Page frames that are kept of one complaint's repetitions.
  public static let pagesLimit = 1024

  /// Marks that are kept of one complaint's repetitions.
  public static let marksLimit = 64
  /// Functions that are kept of one call chain.
  public static let framesLimit = 32

  /// What it is about.
  public var kind: ComplaintKind
  /// The kernel's own words for the cause: `nonzero mapcount`, `underflow; use-after-free.`
  public var reason = ""
  /// The page, nil when the kernel did not print its frame number.
  public var pfn: UInt64?
  /// `_refcount` as printed.
  public var count: Int32?
  /// Mapcount as printed.
  public var mapcount: Int32?
  /// log2 of the pages of the folio, when the dump says so.
  public var order: UInt8?
  /// What page_owner says: allocated or free; nil when it says nothing.
  public var isAllocated: Bool?
  /// A page was dumped, with or without its frame number.
  public var hasPage = false
  /// Name of the task, empty when unknown.
  public var process = ""
  /// Its thread id, -1 when unknown.
  public var pid: Int32 = -1
  /// The CPU, -1 when unknown.
  public var cpu = -1
  /// The function that complained, or that a bad page was found in; empty when unknown.
  public var function = ""
  /// `mm/gup.c:130`; empty when unknown.
  public var site = ""
  /// An object behind a refcount_t: what the stack names, such as `dma-buf`; empty for none that concerns pages.
  public var subject = ""
  /// The lines that make it up, in the order of the log.
  public var lines: [KernelLogLine] = []
  /// A line of it is torn, or says two things at once.
  public var isDamaged = false
  /// How it is ordered against the events of the capture.
  public var relation = ComplaintOrder.unknown
  /// `word` of the `.complaint` marks among the events that stand for it and its repetitions, at most `marksLimit`.
  public var marks: [UInt64] = []
  /// How often it was printed.
  public var occurrences: UInt64 = 1
  /// Further ones that the kernel counted and did not print.
  public var suppressed: UInt64 = 0
  /// Time of the last repetition.
  public var lastTime: UInt64?
  /// The call chains in it, at most one a role.
  public var paths: [ComplaintPath] = []
  /// Frame numbers of all repetitions, at most `pagesLimit`, in the order of the log.
  public var pages: [UInt64] = []

  /// A complaint of which only the kind is known.
  public init(kind: ComplaintKind) { self.kind = kind }

  /// When it was printed; nil when the log has no times.
  public var time: UInt64? { lines.first { $0.time != nil }?.time }
}
