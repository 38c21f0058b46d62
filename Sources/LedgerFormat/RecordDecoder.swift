public import LedgerCore
internal import LedgerInput

/// Turns records into events, by plans that were made once for each format.
public struct RecordDecoder: Sendable {
  /// What became of a record.
  public enum Outcome: UInt8, Sendable {
    /// `event` holds it.
    case decoded
    /// It means nothing to the replay.
    case meaningless
    /// Its length contradicts its format.
    case short
    /// Its page frame number or order is larger than any machine has.
    case implausible
  }

  /// The formats of the capture, in the order of `CaptureInfo.events`.
  public let formats: [EventFormat]
  /// Formats that lack a field their event needs.
  public private(set) var incomplete: [Int] = []
  @usableFromInline let indexOfID: [UInt16]
  private var plans: [EventPlan] = []
  private var lists: [Int: ScatterList] = [:]
  private var functions: ProbeFunctions
  private let bigEndian: Bool
  private let version: KernelVersion?
  /// Bytes that may follow a record's last field and its own padding.
  private let slack: Int

  /// Plans for `formats`; of two formats with one id the last counts. `release` is the recorded kernel's, empty if unknown; the
  /// recorder may have put `slack` bytes behind each record.
  public init(
    _ formats: [EventFormat], functions: ProbeFunctions, bigEndian: Bool, release: String = "",
    slack: Int = 0
  ) {
    self.formats = formats
    self.slack = slack
    let version = KernelVersion(release: release)
    self.version = version
    self.functions = functions
    self.bigEndian = bigEndian
    var indexOfID = [UInt16](repeating: .max, count: 1 << 16)
    for (index, format) in formats.prefix(0xffff).enumerated() {
      indexOfID[format.id] = UInt16(index)
      let kind = format.tracepointKind
      var plan = EventPlan(format, kind: kind, version: version)
      if kind.isList {
        lists[index] = ScatterList(format)
        if lists[index] == nil { plan = nil }
      }
      if plan == nil { incomplete.append(index) }
      if format.isProbe { plan?.follow(format) }
      plans.append(plan ?? EventPlan(common: format))
    }
    self.indexOfID = indexOfID
  }

  /// What a format means as far as is known: for probes, by their name until a record has named the function.
  public func kind(ofFormat index: Int) -> EventKind {
    let plan = plans[index]
    guard plan.isProbe, plan.resolved == 0 else { return plan.kind }
    return formats[index].kind(on: formats[index].suggestedFunction)
  }

  /// The place in `formats` of a record's id.
  @inlinable @inline(__always)
  public func index(ofID id: UInt16) -> Int? {
    let index = indexOfID[Int(id)]
    return index == .max ? nil : Int(index)
  }

  /// Decodes the record of `count` bytes at `start` into a fresh event; time, CPU and format number are left to the caller.
  ///
  /// The range must lie within `bytes`.
  public mutating func decode(
    _ bytes: RawSpan, at start: Int, count: Int, format: Int, into event: inout Event
  ) -> Outcome {
    guard count >= plans[format].minimum, count &- slack <= plans[format].maximum else {
      return .short
    }
    if plans[format].kind == .other && !plans[format].isProbe { return .meaningless }
    if plans[format].isProbe {
      resolveProbe(bytes, start, format)
      // Another function may want fields that lie further back.
      guard count >= plans[format].minimum else { return .short }
    }
    let kind = plans[format].kind
    event.kind = kind
    let layout = plans[format].layout
    if kind == .other { return .meaningless }
    if layout != .general && !bigEndian {
      Self.decodeFixed(bytes, start, layout, &event)
      return event.complete(page: 0, vmemmap: 0, size: 0) ? .decoded : .implausible
    }
    return Self.decodeGeneral(bytes, start, plans[format], bigEndian, &event)
      ? .decoded : .implausible
  }

  /// The events of a record whose kind is a list, from the one that `decode` gave; nil for a damaged record.
  public func list(
    _ bytes: RawSpan, at start: Int, count: Int, format: Int, like event: Event
  ) -> [Event]? {
    lists[format]?.events(bytes, start, count, bigEndian, like: event)
  }

  /// Replaces `event` by one without meaning: who, where and when, but not what.
  public func decodeCommon(
    _ bytes: RawSpan, at start: Int, count: Int, format: Int, into event: inout Event
  ) {
    var plain = Event()
    plain.time = event.time
    plain.cpu = event.cpu
    plain.format = event.format
    let plan = plans[format]
    if count >= Int(plan.pid.offset) + Int(plan.pid.width), plan.pid.width > 0 {
      plain.pid = Int32(truncatingIfNeeded: bytes.number(plan.pid, start, bigEndian))
    }
    if count >= Int(plan.flags.offset) + Int(plan.flags.width) {
      plain.context = UInt8(truncatingIfNeeded: bytes.number(plan.flags, start, bigEndian))
    }
    event = plain
  }

  /// Formats of probes, whose meaning may become known while reading.
  public var probes: [Int] { plans.indices.filter { plans[$0].isProbe } }

  private mutating func resolveProbe(_ bytes: RawSpan, _ start: Int, _ format: Int) {
    let address = bytes.number(plans[format].function, start, bigEndian)
    guard address != plans[format].resolved else { return }
    plans[format] = functions.plan(
      of: formats[format], number: format, at: address, version: version)
  }

  @inline(__always)
  private static func decodeFixed(
    _ bytes: RawSpan, _ start: Int, _ layout: EventPlan.Layout, _ event: inout Event
  ) {
    event.context = bytes.u8(start &+ 2)
    event.pid = Int32(bitPattern: bytes.u32(start &+ 4))
    event.pfn = bytes.u64(start &+ 8)
    switch layout {
    case .pageRefResult, .pageRef:
      event.word = bytes.u64(start &+ 16)
      let counts = bytes.u64(start &+ 24)
      event.count = Int32(truncatingIfNeeded: counts)
      event.mapcount = Int32(truncatingIfNeeded: counts >> 32)
      event.pointer = bytes.u64(start &+ 32)
      let values = bytes.u64(start &+ 40)
      event.order = UInt8(truncatingIfNeeded: values)
      event.value = Int32(truncatingIfNeeded: values >> 32)
      event.result = layout == .pageRef ? 0 : Int32(bitPattern: bytes.u32(start &+ 48))
    case .alloc:
      event.order = UInt8(clamping: bytes.u32(start &+ 16))
      event.word = bytes.u64(start &+ 24)
      event.value = Int32(bitPattern: bytes.u32(start &+ 32))
    case .free: event.order = UInt8(clamping: bytes.u32(start &+ 16))
    case .batched, .general: break
    }
  }

  private static func decodeGeneral(
    _ bytes: RawSpan, _ start: Int, _ plan: EventPlan, _ swapped: Bool, _ event: inout Event
  ) -> Bool {
    event.context = UInt8(truncatingIfNeeded: bytes.number(plan.flags, start, swapped))
    event.pid = plan.pid.width == 0 ? -1 : bytes.int(plan.pid, start, swapped)
    if plan.pfn.width != 0 { event.pfn = bytes.number(plan.pfn, start, swapped) }
    if plan.pfn.width == 4 && event.pfn == 0xffff_ffff { event.pfn = Event.noFrame }
    event.word = bytes.number(plan.word, start, swapped)
    event.pointer = bytes.number(plan.pointer, start, swapped)
    let groups = plan.groups
    if groups.contains(.numbers) { decodeNumbers(bytes, start, plan, swapped, &event) }
    if groups.contains(.wide) {
      if plan.extra.width != 0 { event.extra = bytes.number(plan.extra, start, swapped) }
      if plan.span.width != 0 { event.span = bytes.number(plan.span, start, swapped) }
    }
    guard groups.contains(.pages) else { return event.complete(page: 0, vmemmap: 0, size: 0) }
    return event.complete(
      page: bytes.number(plan.page, start, swapped),
      vmemmap: bytes.number(plan.vmemmap, start, swapped),
      size: bytes.number(plan.size, start, swapped))
  }

  @inline(__always)
  private static func decodeNumbers(
    _ bytes: RawSpan, _ start: Int, _ plan: EventPlan, _ swapped: Bool, _ event: inout Event
  ) {
    event.count = bytes.int(plan.count, start, swapped)
    event.mapcount = bytes.int(plan.mapcount, start, swapped)
    event.value = bytes.int(plan.value, start, swapped)
    event.result = bytes.int(plan.result, start, swapped)
    guard plan.order.width != 0 else { return }
    let order = bytes.number(plan.order, start, swapped)
    event.order =
      plan.kind.isPageRef ? UInt8(truncatingIfNeeded: order) : UInt8(clamping: order)
  }
}

extension RawSpan {
  /// The number in a slot of the record at `start`, extended to 64 bits; 0 for an absent slot.
  @inline(__always)
  func number(_ slot: FieldSlot, _ start: Int, _ swapped: Bool) -> UInt64 {
    let at = start &+ Int(slot.offset)
    if slot.width == 8 { return swapped ? u64(at).byteSwapped : u64(at) }
    return narrow(slot, at, swapped)
  }

  @inline(__always)
  func int(_ slot: FieldSlot, _ start: Int, _ swapped: Bool) -> Int32 {
    Int32(truncatingIfNeeded: number(slot, start, swapped))
  }

  private func narrow(_ slot: FieldSlot, _ at: Int, _ swapped: Bool) -> UInt64 {
    switch slot.width {
    case 1:
      let raw = u8(at)
      return slot.isSigned ? UInt64(bitPattern: Int64(Int8(bitPattern: raw))) : UInt64(raw)
    case 2:
      let raw = swapped ? u16(at).byteSwapped : u16(at)
      return slot.isSigned ? UInt64(bitPattern: Int64(Int16(bitPattern: raw))) : UInt64(raw)
    case 4:
      let raw = swapped ? u32(at).byteSwapped : u32(at)
      return slot.isSigned ? UInt64(bitPattern: Int64(Int32(bitPattern: raw))) : UInt64(raw)
    default: return 0
    }
  }
}
