import LedgerCore
import Testing

/// One line, and what must come of it.
struct LineCase: Sendable, CustomTestStringConvertible {
  var name: String
  var line: String
  var expect: @Sendable (Event) -> Bool

  var testDescription: String { name }

  init(_ name: String, _ line: String, _ expect: @escaping @Sendable (Event) -> Bool) {
    self.name = name
    self.line = line
    self.expect = expect
  }
}

@Suite struct LineTests {
  @Test(arguments: contexts + bodies + probes)
  func line(_ row: LineCase) throws {
    let reading = try Reading(row.line + "\n")
    #expect(reading.records.count == 1)
    let event = try #require(reading.records.first)
    #expect(row.expect(event), "\(event)")
    #expect(reading.losses.rows.isEmpty)
  }

  static let free = "mm_page_free: page=00000000e0311bea pfn=0x10 order=3"

  static let contexts: [LineCase] = [
    LineCase("standard", "              sh-79      [001] ..s1.    35.268899: \(free)") {
      $0.time == 35_268_899_000 && $0.cpu == 1 && $0.pid == 79 && $0.context == 0x10
        && $0.pfn == 16 && $0.order == 3
    },
    LineCase("no flags", "              sh-79      [001]     35.268899: \(free)") {
      $0.time == 35_268_899_000 && $0.context == 0
    },
    LineCase("old four flags", "    sh-79    [001] d.h1  35.268899: \(free)") { $0.context == 9 },
    LineCase("seven flags", "    sh-79    [001] d..H...  35.268899: \(free)") {
      $0.context == 0x19
    },
    LineCase("tgid", "   sh-79      (     79) [001] D.Z2.    37.254796: \(free)") {
      $0.pid == 79 && $0.context == 0x49
    },
    LineCase("no tgid", "   sh-79      (-------) [001] .....    37.254796: \(free)") {
      $0.pid == 79
    },
    LineCase("counter clock", "   sh-79      [000] .....            3: \(free)") { $0.time == 3 },
    LineCase("counter touches", "   sh-79    [001]140496282125: \(free)") {
      $0.time == 140_496_282_125
    },
    LineCase("nanoseconds", "   sh-79    [001]     5.547666661: \(free)") {
      $0.time == 5_547_666_661
    },
    LineCase("dashes", " kworker/u8:1-events-123   [1234] .....  1.000001: \(free)") {
      $0.pid == 123 && $0.cpu == 1234 && $0.time == 1_000_001_000
    },
    LineCase("brackets", " a [001] b-7 [c]-45   [002] .....  1.000001: \(free)") {
      $0.pid == 45 && $0.cpu == 2
    },
    LineCase("body with context", "  a-45   [002] .....  1.000001: \(free) x-1 [003] 2.5 y") {
      $0.pid == 45 && $0.cpu == 2
    },
    LineCase("unknown comm", "           <...>-84    [000]     5.549150: \(free)") {
      $0.pid == 84
    },
    LineCase("latency", "  rcub/7-17        1d..2. 10347723905us : \(free)") {
      $0.cpu == 1 && $0.pid == 17 && $0.time == 10_347_723_905_000 && $0.context == 1
    },
    LineCase("latency mark", "<...>-31490   2...1 413720925us+: \(free)") {
      $0.cpu == 2 && $0.pid == 31490
    },
    LineCase("latency of trace-cmd", " ttm_kvm-93      1d....    14.187290: \(free)") {
      $0.cpu == 1 && $0.time == 14_187_290_000
    },
    LineCase("latency raw", " ttm_kvm-86      1-0x1     5.552923: \(free)") { $0.context == 1 },
    LineCase("difference", "  sh-79    [001]     5.547666: (+12)     \(free)") { $0.pfn == 16 },
    LineCase("quoted", "> >  sh-79    [001]     5.547666: \(free)") { $0.pid == 79 },
    LineCase("carriage return", "  sh-79    [001]     5.547666: \(free)\r") { $0.order == 3 },
  ]

  static let head = "  sh-79    [001]     5.547666: "

  static let bodies: [LineCase] = [
    LineCase(
      "flag names",
      head + "page_ref_mod_unless: pfn=0x17 flags=referenced|private count=4 mapcount=-1"
        + " mapping=00000000527ed960 mt=1 val=1 ret=1"
    ) {
      $0.kind == .pageRefModUnless && $0.pfn == 0x17 && $0.word == 0 && $0.gaps == .pageFlags
        && $0.count == 4 && $0.mapcount == -1 && $0.pointer == 0x527e_d960 && $0.order == 1
        && $0.value == 1 && $0.result == 1
    },
    LineCase(
      "flags in hex",
      head + "page_ref_mod: pfn=0x17 flags=0x200000000020036 count=2 mapcount=0 mapping=(nil)"
        + " mt=0 val=-1"
    ) {
      $0.kind == .pageRefMod && $0.word == 0x200_0000_0002_0036 && $0.gaps == [] && $0.value == -1
    },
    LineCase(
      "flags mixed",
      head + "page_ref_mod: pfn=0x17 flags=locked|0x8001c count=2 mapcount=0 mapping=0x0 mt=0 val=1"
    ) { $0.word == 0 && $0.gaps == .pageFlags },
    LineCase(
      "flags blank",
      head + "page_ref_mod: pfn=0x17 flags= count=2 mapcount=0 mapping=(ptrval) mt=0 val=1"
    ) { $0.count == 2 && $0.gaps == .pageFlags && $0.pointer == 0 },
    LineCase(
      "option fields",
      head + "page_ref_mod:  pfn=0x17 (23) flags=0x4 (4) count=0x2 (2) mapcount=0x0 (0)"
        + " mapping=0x0 (0) mt=0x1 (1) val=0xffffffff (-1)"
    ) { $0.pfn == 23 && $0.word == 4 && $0.value == -1 && $0.order == 1 },
    LineCase(
      "decimal pfn",
      head + "mm_page_alloc: page=00000000e3587d2a pfn=1544250 order=9 migratetype=1"
        + " gfp_flags=GFP_TRANSHUGE_LIGHT|__GFP_NOWARN"
    ) {
      $0.kind == .pageAlloc && $0.pfn == 1_544_250 && $0.order == 9 && $0.value == 1
        && $0.word & GfpFlags.compound != 0 && $0.gaps == []
    },
    LineCase(
      "not compound",
      head + "mm_page_alloc: page=0x1 pfn=0x5 order=2 migratetype=0 gfp_flags=GFP_USER|GFP_DMA32"
    ) { $0.word & GfpFlags.compound == 0 && $0.gaps == [] },
    LineCase(
      "failed", head + "mm_page_alloc: page=(null) pfn=0x0 order=2 migratetype=0 gfp_flags="
    ) { $0.pfn == Event.noFrame && $0.gaps == .gfp },
    LineCase(
      "failed zeros",
      head + "mm_page_alloc: page=0000000000000000 pfn=0 order=2 migratetype=0 gfp_flags=(null)"
    ) { $0.pfn == Event.noFrame && $0.gaps == .gfp },
    LineCase(
      "raw", head + "mm_page_alloc:         pfn=0x100310 order=1 gfp_flags=0x440dc0 migratetype=0"
    ) { $0.pfn == 0x100310 && $0.word == 0x440dc0 && $0.gaps == [] },
    LineCase("raw batched", head + "mm_page_free_batched:  pfn=0x101701") {
      $0.kind == .pageFreeBatched && $0.pfn == 0x101701 && $0.order == 0
    },
    LineCase("fault 5.15", head + "kvm_page_fault: address fee00300 error_code 2") {
      $0.kind == .kvmPageFault && $0.word == 0xfee0_0300 && $0.pointer == 2
    },
    LineCase(
      "fault 6.1",
      head + "kvm_page_fault: vcpu 3 rip 0x1 address 0x0000000001000000 error_code 0x100000006"
    ) { $0.value == 3 && $0.word == 0x100_0000 && $0.pointer == 0x1_0000_0006 },
    LineCase(
      "fault raw",
      head + "kvm_page_fault:  vcpu_id=1 guest_rip=0x1 fault_address=0x1000 error_code=0x14"
    ) { $0.value == 1 && $0.word == 0x1000 && $0.pointer == 0x14 },
    LineCase("spte requested", head + "kvm_mmu_spte_requested: gfn 1 pfn 13fe43 level 1") {
      $0.word == 1 && $0.pfn == 0x13fe43 && $0.order == 1
    },
    LineCase("set spte", head + "kvm_mmu_set_spte: gfn 1000 spte 1014ece67 (rwxu) level 1 at 8") {
      $0.word == 0x1_014e_ce67 && $0.pfn == 0x1014ec && $0.pointer == 0x1000 && $0.order == 1
    },
    LineCase("set spte raw", head + "kvm_mmu_set_spte:  gfn=1 spte=13fe43e67 sptep=1 level=2") {
      $0.pfn == 0x13fe43 && $0.order == 2
    },
    LineCase(
      "option fields", head + "kvm_mmu_spte_requested: gfn=0x1 (1) pfn=0x5f38 (24376) level=(2)"
    ) { $0.pfn == 0x5f38 && $0.order == 2 },
    LineCase(
      "option fields, a letter",
      head + "kvm_mmu_spte_requested: gfn=0x1 (1) pfn=0x5f38 (24376) level='A'(65)"
    ) { $0.order == 65 },
    LineCase("exit error", head + "kvm_userspace_exit: reason error (14)") {
      $0.result == -14 && $0.gaps == []
    },
    LineCase("exit reason", head + "kvm_userspace_exit: reason KVM_EXIT_HLT (5)") {
      $0.value == 5 && $0.result == 0 && $0.gaps == []
    },
    LineCase("exit of libtraceevent", head + "kvm_userspace_exit:   reason KVM_EXIT_UNKNOWN (0)") {
      $0.value == 0 && $0.result == 0 && $0.gaps == .exitErrno
    },
    LineCase("exit raw", head + "kvm_userspace_exit:    reason=5 errno=-14") {
      $0.value == 5 && $0.result == -14 && $0.gaps == []
    },
  ]

  static let probes: [LineCase] = [
    LineCase("entry", head + "mine: (hva_to_pfn+0x0/0x4e0) addr=0x7fde6deda000 atomic=0") {
      $0.kind == .hvaToPfn && $0.word == 0x7fde_6ded_a000
    },
    LineCase("return", head + "other: (kvm_faultin_pfn+0xa8/0x300 <- hva_to_pfn) x=0x107217") {
      $0.kind == .hvaToPfnReturn && $0.pfn == 0x107217 && $0.word == 0x107217
    },
    LineCase(
      "refused", head + "r: (kvm_faultin_pfn+0xa8/0x300 <- hva_to_pfn) ret=0x7ff0000000000000"
    ) {
      $0.pfn == Event.noFrame && $0.word == 0x7ff0_0000_0000_0000
    },
    LineCase("bare entry", head + "hva_to_pfn:           (ffffffffb2c31b50) addr=0x7000 atomic=0") {
      $0.kind == .hvaToPfn && $0.word == 0x7000
    },
    LineCase(
      "bare return", head + "hva_to_pfn_ret: (ffffffffb2c31b50 <- ffffffffb2c7d728) pfn=0x13"
    ) {
      $0.kind == .hvaToPfnReturn && $0.pfn == 0x13
    },
    LineCase(
      "raw return",
      head
        + "hva_to_pfn_ret:  __probe_func=ffffffffb2c31b50 __probe_ret_ip=ffffffffb2c7d728 pfn=0x13"
    ) { $0.kind == .hvaToPfnReturn && $0.pfn == 0x13 },
    LineCase(
      "split",
      head + "s: (split_page+0x0/0x40) page=0xffffeb1f4423c600 order=3 vmemmap=0xffffeb1f40000000"
    ) { $0.kind == .splitPage && $0.pfn == 0x108f18 && $0.order == 3 },
    LineCase("compound", head + "c: (prep_compound_page+0x0/0x40) page=0xffffeb1f4423c600 order=9")
    {
      $0.kind == .prepCompoundPage && $0.pfn == 0xffff_eb1f_4423_c600
        && $0.gaps.contains(.pageAddress)
    },
  ]
}
