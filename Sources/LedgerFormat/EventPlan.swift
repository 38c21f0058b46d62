internal import LedgerCore

/// Where a number lies in a record; `width` 0 means that the record does not have it.
struct FieldSlot: Sendable, Equatable {
  var offset: UInt16 = 0
  var width: UInt8 = 0
  var isSigned = false

  static let absent = FieldSlot()
}

/// Where the slots of an `Event` lie in the records of one format: resolved once, used for every record.
struct EventPlan: Sendable {
  /// Layouts with constant offsets that get a path of their own.
  enum Layout: UInt8, Sendable {
    case general
    /// page_ref with `ret`, without it; mm_page_alloc; mm_page_free; mm_page_free_batched.
    case pageRefResult, pageRef, alloc, free, batched
  }

  /// Slots that most records lack as a whole.
  struct Groups: OptionSet, Sendable {
    let rawValue: UInt8
    /// `count`, `mapcount`, `value`, `result`, `order`.
    static let numbers = Groups(rawValue: 1)
    /// `extra`, `span`.
    static let wide = Groups(rawValue: 2)
    /// `page`, `vmemmap`, `size`.
    static let pages = Groups(rawValue: 4)
  }

  var kind = EventKind.other
  var layout = Layout.general
  /// The record names its function at run time.
  var isProbe = false
  /// Bytes that a record must have.
  var minimum = 0
  /// Bytes that a record may have; more contradict the format.
  var maximum = Int.max
  var pid = FieldSlot.absent
  var flags = FieldSlot.absent
  var pfn = FieldSlot.absent
  var word = FieldSlot.absent
  var pointer = FieldSlot.absent
  var count = FieldSlot.absent
  var mapcount = FieldSlot.absent
  var value = FieldSlot.absent
  var result = FieldSlot.absent
  var order = FieldSlot.absent
  var extra = FieldSlot.absent
  var span = FieldSlot.absent
  var page = FieldSlot.absent
  var vmemmap = FieldSlot.absent
  var size = FieldSlot.absent
  /// Which groups of slots a record has at all.
  private(set) var groups: Groups = []
  /// Address of the probed function.
  var function = FieldSlot.absent
  /// The function whose meaning `kind` is, for probes; 0 before the first record.
  var resolved: UInt64 = 0

  /// The plan of a format without a meaning.
  init(common format: EventFormat) {
    pid = Self.slot(format, ["common_pid"]) ?? .absent
    flags = Self.slot(format, ["common_flags"]) ?? .absent
    minimum = [pid, flags].reduce(2) { max($0, Int($1.offset) + Int($1.width)) }
    guard !Self.free.contains(format.system) else { return }
    let size = RecordSize(format)
    minimum = max(minimum, size.minimum)
    maximum = size.maximum
  }

  /// Whose records need not be what their formats say: kernel/trace/trace_entries.h, trace_events_synth.c, trace_events_user.c.
  private static let free: Set<String> = ["ftrace", "synthetic", "user_events"]

  /// The plan of a format that means `kind`; nil when a field that `kind` needs is missing.
  ///
  /// `version` is that of the recorded kernel, which arguments without names need.
  init?(_ format: EventFormat, kind: EventKind, version: KernelVersion?) {
    self.init(common: format)
    self.kind = kind
    var complete = true
    let isPositional = kind.isProbe && Self.isPositional(format, kind, version)
    for source in kind.sources {
      let names =
        isPositional ? source.names + ["arg\(source.position(in: version))"] : source.names
      guard let slot = Self.slot(format, names) else {
        complete = complete && !source.isNeeded
        continue
      }
      fill(source.slot, slot)
      minimum = max(minimum, Int(slot.offset) + Int(slot.width))
    }
    if ProbeCatalog.isReturn(kind) {
      let values = format.ownFields.filter { !$0.name.hasPrefix("__probe") }
      guard let value = values.first(where: { $0.name == "ret" }) ?? values.first,
        let slot = Self.slot(value)
      else { return nil }
      word = slot
      minimum = max(minimum, Int(slot.offset) + Int(slot.width))
      if let caller = Self.slot(format, ["__probe_ret_ip"]),
        Int(caller.offset) + Int(caller.width) <= minimum
      {
        pointer = caller
      }
    }
    guard complete else { return nil }
    layout = fixedLayout
    groups = presentGroups
  }

  /// Arguments without names are `arg1`, `arg2`, … in the order of the probe's definition, which is the function's own
  /// order only if they start with its first and leave none out.
  private static func isPositional(
    _ format: EventFormat, _ kind: EventKind, _ version: KernelVersion?
  ) -> Bool {
    let last = kind.sources.map { $0.position(in: version) }.max() ?? 0
    return last > 0 && (1...last).allSatisfy { format.field("arg\($0)") != nil }
  }

  private mutating func fill(_ place: EventSlot, _ slot: FieldSlot) {
    switch place {
    case .pfn: pfn = slot
    case .word: word = slot
    case .pointer: pointer = slot
    case .extra: extra = slot
    case .span: span = slot
    case .count: count = slot
    case .mapcount: mapcount = slot
    case .value: value = slot
    case .result: result = slot
    case .order: order = slot
    case .page: page = slot
    case .vmemmap: vmemmap = slot
    case .size: size = slot
    }
  }

  /// Lets a probe find its function in each record.
  mutating func follow(_ format: EventFormat) {
    guard let slot = Self.slot(format, ["__probe_func", "__probe_ip"]) else { return }
    isProbe = true
    function = slot
    minimum = max(minimum, Int(slot.offset) + Int(slot.width))
  }

  private static func slot(_ format: EventFormat, _ names: [String]) -> FieldSlot? {
    for name in names {
      if let field = format.field(name) { return slot(field) }
    }
    return nil
  }

  private static func slot(_ field: FormatField) -> FieldSlot? {
    guard [1, 2, 4, 8].contains(field.size), field.shape == .scalar || field.shape == .pointer,
      let offset = UInt16(exactly: field.offset)
    else { return nil }
    return FieldSlot(offset: offset, width: UInt8(field.size), isSigned: field.isSigned)
  }

  private var presentGroups: Groups {
    func isAny(_ slots: FieldSlot...) -> Bool { slots.contains { $0.width != 0 } }
    var found: Groups = []
    if isAny(count, mapcount, value, result, order) { found.insert(.numbers) }
    if isAny(extra, span) { found.insert(.wide) }
    if isAny(page, vmemmap, size) { found.insert(.pages) }
    return found
  }

  /// Which of the constant layouts this is, if any.
  private var fixedLayout: Layout {
    func at(_ slot: FieldSlot, _ offset: UInt16, _ width: UInt8) -> Bool {
      slot.offset == offset && slot.width == width
    }
    guard at(flags, 2, 1), at(pid, 4, 4), at(pfn, 8, 8) else { return .general }
    if kind.isPageRef {
      let same =
        at(word, 16, 8) && at(count, 24, 4) && at(mapcount, 28, 4) && at(pointer, 32, 8)
        && at(order, 40, 4) && at(value, 44, 4)
      guard same else { return .general }
      if at(result, 48, 4) { return .pageRefResult }
      return result == .absent ? .pageRef : .general
    }
    switch kind {
    case .pageAlloc:
      return at(order, 16, 4) && at(word, 24, 8) && at(value, 32, 4) ? .alloc : .general
    case .pageFree: return at(order, 16, 4) ? .free : .general
    case .pageFreeBatched: return order == .absent ? .batched : .general
    default: return .general
    }
  }
}
