import LedgerCore
import LedgerInput

/// Bodies of kvm events: `name value` from the kernel, `name=value` from `trace-cmd report -R`.
enum KvmBody {
  /// arch/x86/kvm/trace.h:kvm_page_fault: `address %lx error_code %x` up to 5.15, with vcpu and rip from 6.1.
  static func pageFault(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    guard
      let address = hex(line, Name.address) ?? hex(line, Name.faultAddress),
      let code = hex(line, Name.errorCode)
    else { return false }
    event.word = address
    event.pointer = code
    event.value = decimal(line, Name.vcpu) ?? decimal(line, Name.vcpuId) ?? 0
    return true
  }

  /// arch/x86/kvm/mmu/mmutrace.h:kvm_mmu_spte_requested, 6.1.
  static func spteRequested(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    guard
      let frame = hex(line, Name.gfn), let pfn = hex(line, Name.pfn),
      let level = decimal(line, Name.level)
    else { return false }
    event.word = frame
    event.pfn = pfn
    event.order = UInt8(truncatingIfNeeded: level)
    return true
  }

  /// arch/x86/kvm/mmu/mmutrace.h:kvm_mmu_set_spte, 6.1.
  static func setSpte(_ line: inout LineCursor, _ event: inout Event) -> Bool {
    guard
      let frame = hex(line, Name.gfn), let spte = hex(line, Name.spte),
      let level = decimal(line, Name.level)
    else { return false }
    event.word = spte
    event.pointer = frame
    event.extra = hex(line, Name.at) ?? hex(line, Name.sptep) ?? 0
    event.pfn = (spte & 0x000f_ffff_ffff_f000) >> 12
    event.order = UInt8(truncatingIfNeeded: level)
    return true
  }

  /// include/trace/events/kvm.h:kvm_unmap_hva_range, 6.1: `mmu notifier unmap range: 0x… -- 0x…`.
  static func unmapHva(_ line: borrowing LineCursor, _ event: inout Event) -> Bool {
    if let start = hex(line, Name.start), let end = hex(line, Name.end) {
      event.word = start
      event.extra = end
      return true
    }
    guard let range = value(line, Name.range) else { return false }
    var cursor = LineCursor(line.bytes, from: range, to: line.end)
    cursor.skipSpaces()
    guard let start = cursor.hex() else { return false }
    cursor.skipSpaces()
    guard cursor.skip(0x2d), cursor.skip(0x2d) else { return false }
    cursor.skipSpaces()
    guard let end = cursor.hex() else { return false }
    event.word = start
    event.extra = end
    return true
  }

  /// include/trace/events/kvm.h:kvm_userspace_exit, 6.1: `reason error (14)` and `reason restart (4)` are
  /// errnos, any other word is a reason. libtraceevent prints the reason field whatever the errno is.
  static func userspaceExit(_ line: inout LineCursor, _ isTraceCmd: Bool, _ event: inout Event)
    -> Bool
  {
    if let errno = decimal(line, Name.errno) {
      event.value = decimal(line, Name.reason) ?? 0
      event.result = errno
      return true
    }
    guard let reason = value(line, Name.reason) else { return false }
    var word = LineCursor(line.bytes, from: reason, to: line.end)
    let isErrno = word.starts(with: Name.error) || word.starts(with: Name.restart)
    // perf may print an address and a symbol behind it.
    var number: Int32?
    while number == nil {
      guard let open = line.bytes.firstOffset(of: 0x28, from: word.at, to: line.end) else {
        return false
      }
      word.at = open &+ 1
      number = word.signed()
      if number != nil, !word.skip(0x29) { number = nil }
    }
    guard let number else { return false }
    if isErrno {
      event.result = 0 &- number
    } else {
      event.value = number
      if isTraceCmd { event.gaps.insert(.exitErrno) }
    }
    return true
  }

  private static func hex(_ line: borrowing LineCursor, _ name: StaticText) -> UInt64? {
    guard let start = value(line, name) else { return nil }
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    return cursor.hex()
  }

  private static func decimal(_ line: borrowing LineCursor, _ name: StaticText) -> Int32? {
    guard let start = value(line, name) else { return nil }
    var cursor = LineCursor(line.bytes, from: start, to: line.end)
    return cursor.signed()
  }

  /// Where the value of a field starts: behind the name as a whole word and one `=` or space.
  static func value(_ line: borrowing LineCursor, _ name: StaticText) -> Int? {
    var from = line.at
    while let hit = name.firstOffset(in: line.bytes, from: from, to: line.end) {
      from = hit &+ 1
      let behind = hit &+ name.count
      guard hit == line.at || Ascii.isSpace(line.bytes.u8(hit &- 1)), behind < line.end else {
        continue
      }
      if line.bytes.u8(behind) == 0x3d || Ascii.isSpace(line.bytes.u8(behind)) {
        return small(line, behind &+ 1)
      }
    }
    return nil
  }

  /// The option `fields` prints a byte as `level=(1)`, and as `level='A'(65)` when it is a letter: kernel/trace/trace_output.c:
  /// print_fields, 6.12.
  private static func small(_ line: borrowing LineCursor, _ start: Int) -> Int {
    var at = start
    if at &+ 3 < line.end, line.bytes.u8(at) == 0x27, line.bytes.u8(at &+ 2) == 0x27 { at &+= 3 }
    guard at &+ 1 < line.end, line.bytes.u8(at) == 0x28 else { return start }
    let digit = line.bytes.u8(at &+ 1)
    return Ascii.isDigit(digit) || digit == 0x2d ? at &+ 1 : start
  }

  private enum Name {
    static let address = StaticText("address")
    static let faultAddress = StaticText("fault_address")
    static let errorCode = StaticText("error_code")
    static let vcpu = StaticText("vcpu")
    static let vcpuId = StaticText("vcpu_id")
    static let gfn = StaticText("gfn")
    static let pfn = StaticText("pfn")
    static let spte = StaticText("spte")
    static let level = StaticText("level")
    static let at = StaticText("at")
    static let sptep = StaticText("sptep")
    static let start = StaticText("start")
    static let end = StaticText("end")
    static let range = StaticText("range:")
    static let reason = StaticText("reason")
    static let errno = StaticText("errno")
    static let error = StaticText("error (")
    static let restart = StaticText("restart (")
  }
}
