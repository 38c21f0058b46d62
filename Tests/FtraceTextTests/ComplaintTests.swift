import CommandTestSupport
import Foundation
import LedgerCore
import Testing

@testable import LedgerCapture

/// The kernel's complaints, as the layouts of many versions print them.
@Suite struct ComplaintTests {
  /// A message of one complaint, each line dressed alike.
  static func log(_ lines: [String], dressing: String = "[  101.002666] ") -> String {
    "[    0.000000] first\n[    0.000001] second\n"
      + lines.map { dressing + $0 + "\n" }.joined()
  }

  static let badPage = [
    "BUG: Bad page state in process syz.3.584  pfn:7071f",
    "page: refcount:0 mapcount:2 mapping:0000000000000000 index:0x7f467f1e8 pfn:0x7071f",
    "flags: 0xfff00000000000(node=0|zone=1|lastcpupid=0x7ff)",
    "raw: 00fff00000000000 dead000000000040 ffff888062a17000 0000000000000000",
    "page dumped because: nonzero mapcount",
  ]

  struct Line: Sendable {
    var text: String
    var kind: ComplaintKind?
    var pfn: UInt64?
    var function = ""
    var isDamaged = false

    init(_ text: String, _ kind: ComplaintKind?, pfn: UInt64? = nil, _ function: String = "") {
      self.text = text
      self.kind = kind
      self.pfn = pfn
      self.function = function
    }
  }

  static let lines: [Line] = [
    Line("BUG: Bad page state in process a b  c  pfn:00012", .badPageState, pfn: 0x12),
    Line("BUG: Bad page state in process x pfn:fffffffff", .badPageState, pfn: 0xf_ffff_ffff),
    Line("BUG: Bad page cache in process x  pfn:31c00", .badPageCache, pfn: 0x31c00),
    Line("BUG: Bad page map in process x  pte:80000001 pmd:1f", .badPageMap),
    Line("BUG: Bad page map in process x  pmd:80000001", .badPageMap),
    Line("BUG: Bad rss-counter state mm:ffff880012345678 idx:0 val:5", .badCounter),
    Line("BUG: Bad rss-counter state mm:00000000a type:MM_SHMEMPAGES val:-5", .badCounter),
    Line("BUG: non-zero pgtables_bytes on freeing mm: -4096", .badCounter),
    Line("swap_free: Bad swap file entry 3000abc", .badSwapEntry, "swap_free"),
    Line("_swap_info_get: Bad swap offset entry 3000abc", .badSwapEntry, "_swap_info_get"),
    Line("refcount_t: decrement hit 0; leaking memory.", .refcount),
    Line("page:ffffea0000000000 count:1 mapcount:0 mapping:          (null) index:0x0", .pageDump),
    Line(
      "page:00000000f9ea28ea refcount:1 mapcount:-1 mapping:ffff index:0x0 compound_mapcount: 0",
      .pageDump),
    Line(
      "page:00000000f9ea28ea refcount:1 mapcount:0 mapping:ffff index:0x0 pfn:0x77ec0", .pageDump,
      pfn: 0x77ec0),
    Line("page: refcount:1 mapcount:0 mapping:ffff index:0x0 device pfn:0x9", .pageDump, pfn: 9),
    Line("page:ffffea0000000000 is uninitialized and poisoned", .pageDump),
    Line("kernel BUG at mm/slub.c:4321!", .kernelBug),
    Line("kernel BUG at ./include/linux/mm.h:721!", .pageReference),
    Line("kernel BUG at include/linux/page-flags.h:358!", .kernelBug),
    Line("kernel BUG at fs/inode.c:12!", nil),
    Line(
      "WARNING: CPU: 0 PID: 1 at mm/gup.c:70 try_get_folio+0x1/0x2", .pageReference,
      "try_get_folio"),
    Line(
      "WARNING: CPU: 0 PID: 1 at mm/memory.c:70 zap_pte_range+0x1/0x2", .pageWarning,
      "zap_pte_range"),
    Line(
      "WARNING: mm/gup.c:70 at try_get_folio+0x1/0x2, CPU#0: a/b/1", .pageReference,
      "try_get_folio"),
    Line(
      "WARNING: [x > 1] virt/kvm/pfncache.c:1 at gpc_unmap+0x1/0x2, CPU#7: q/1", .kvm,
      "gpc_unmap"),
    Line(
      "WARNING: CPU: 0 PID: 1 at arch/x86/kvm/mmu/tdp_mmu.c:70 handle+0x1/0x2 [kvm]", .kvm,
      "handle"),
    Line("WARNING: CPU: 0 PID: 1 at arch/arm64/kvm/hyp/pgtable.c:70 f+0x1/0x2", .kvm, "f"),
    Line("WARNING: CPU: 0 PID: 1 at drivers/dma-buf/dma-buf.c:70 f+0x1/0x2", .graphics, "f"),
    Line("WARNING: CPU: 0 PID: 1 at drivers/gpu/drm/drm_atomic.c:70 f+0x1/0x2", nil),
    Line("WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:70 __alloc_frozen_pages_noprof+0x1/0x2", nil),
    Line("WARNING: CPU: 0 PID: 1 at mm/slab_common.c:70 kmem_cache_destroy+0x1/0x2", nil),
    Line("WARNING: CPU: 0 PID: 1 at arch/x86/kvm/x86.c:7209 kvm_arch_vcpu_ioctl_run+0x1/0x2", nil),
    Line("WARNING: possible recursive locking detected", nil),
    Line("BUG: KASAN: slab-use-after-free in f+0x1/0x2", nil),
    Line("BUG: unable to handle kernel paging request at 0000000000000286", nil),
    Line("BUG: workqueue lockup - pool cpus=0 node=0 flags=0x0 nice=0 stuck for 31s!", nil),
    Line("page: it has a count: 3", nil), Line("page allocation failure: order:4", nil),
    Line("swap: Bad luck", nil),
  ]

  @Test(arguments: lines)
  func firstLine(_ line: Line) throws {
    let found = try Reading(Self.log([line.text])).complaints
    #expect(found.map(\.kind) == (line.kind.map { [$0] } ?? []), "\(line.text)")
    guard let complaint = found.first else { return }
    #expect(complaint.pfn == line.pfn && complaint.function == line.function, "\(line.text)")
    #expect(!complaint.isDamaged, "\(line.text)")
    #expect(complaint.time == 101_002_666_000 && complaint.lines.first?.number == 3)
  }

  @Test(arguments: [
    "BUG: Bad page state in process x  pfn:", "BUG: Bad page state in process x  pfn:70",
    "BUG: Bad page state in proce", "BUG: Bad rss-counter state mm:0000 type:MM_AN",
    "page: refcount:1 mapcount:0 mapp", "swap_free: Bad swap file entry ",
    "BUG: Bad page state in process x  pfn:ffffffffffffffffffff",
    "other words BUG: Bad page state in process x  pfn:12345",
  ])
  func tornLine(_ line: String) throws {
    let found = try Reading(Self.log([line])).complaints
    #expect(found.allSatisfy(\.isDamaged) && found.count <= 1)
  }

  /// What recorders put around the kernel's lines.
  static let dressings =
    ConsoleTests.dressings.filter { !$0.isEmpty && $0 != "<0>" } + [
      "- {\"dt\": \"2026-05-02T10:11:12.123456\", \"lvl\": \"target\", \"msg\": \"[    7.310000] ",
      "[    7.310658] host kernel: ", "1700000000.123456 host kernel: ",
      "Thu 2026-11-21 13:00:00 UTC host kernel: ", "[2026-05-02T10:11:12.123Z] [    7.310000] ",
      "[  101.002666][  T4411] ", "[  101.002666] [     C13] ", "<3>[  101.002666] ",
    ]

  @Test(arguments: dressings)
  func dressed(_ dressing: String) throws {
    for end in ["", "\r", "\u{1b}[0m"] + (dressing.hasPrefix("- {") ? ["\"}"] : []) {
      let text = Self.badPage.map { dressing + $0 + end + "\n" }.joined()
      let found = try Reading(text).complaints
      #expect(found.count == 1 && found.first?.kind == .badPageState)
      #expect(found.first?.pfn == 0x7071f && found.first?.mapcount == 2)
      #expect(found.first?.reason.hasPrefix("nonzero mapcount") == true)
      #expect(found.first?.process == "syz.3.584" && found.first?.isDamaged == false)
    }
  }

  @Test func undressedWordsAlone() throws {
    let text = "some mail\n" + Self.badPage.map { "> " + $0 + "\n" }.joined()
    #expect(try Reading(text).complaints.map(\.pfn) == [0x7071f])
    #expect(throws: CaptureError.self) { try Reading("We saw BUG: Bad page state in process x\n") }
  }

  @Test func interleavedPrinters() throws {
    var lines: [String] = []
    for line in Self.badPage {
      lines.append("[    1.000000][   T10] " + line)
      lines.append("[    1.000000][    C1] " + line.replacing("7071f", with: "80000"))
    }
    let found = try Reading(Self.log(lines, dressing: "")).complaints
    #expect(found.count == 1 && found.first?.pages == [0x7071f, 0x80000])
    #expect(found.first?.occurrences == 2 && found.first?.isDamaged == false)
  }

  @Test func twoPrintersWithoutNames() throws {
    let other = "page: refcount:0 mapcount:2 mapping:0000000000000000 index:0x0 pfn:0x1"
    let found = try Reading(Self.log([Self.badPage[0], other] + Self.badPage[2...])).complaints
    #expect(found.map(\.pfn) == [0x7071f] && found.first?.isDamaged == true)
  }

  @Test func sameLineTwice() throws {
    let text = Self.log(Self.badPage)
    #expect(try Reading(text + text).complaints.map(\.occurrences) == [1])
  }

  @Test func memoryIsBounded() throws {
    var text = Self.log([])
    for number in 0..<5000 {
      text +=
        "[  101.\(100_000 + number)] BUG: Bad page state in process p  pfn:\(10000 + number)\n"
    }
    let found = try Reading(text).complaints
    #expect(found.count == 1 && found.first?.occurrences == 5000)
    #expect(found.first?.pages.count == KernelComplaint.pagesLimit)
    var kinds = Self.log([])
    for number in 0..<3000 {
      let name =
        String(UnicodeScalar(UInt8(97 + number % 26))) + String(repeating: "x", count: number / 26)
      kinds += "[  101.100000] BUG: Bad page cache in process \(name)  pfn:10000\n"
    }
    #expect(try Reading(kinds).complaints.count <= ComplaintLog.limit)
  }

  @Test func messagesInATrace() throws {
    let event = "  sh-79  [001] .....  10.000010: "
    let text =
      "# tracer: nop\n" + event
      + "mm_page_free: page=1 pfn=0x7071f order=0\n"
      + Self.badPage.map { event + "console: [   10.000010] " + $0 + "\n" }.joined()
    let reading = try Reading(text)
    #expect(reading.complaints.map(\.relation) == [.inTrace])
    let marks = reading.events.filter { $0.kind == .complaint }
    #expect(marks.map(\.pfn) == [0x7071f] && marks.map(\.word) == reading.complaints[0].marks)
    #expect(try Reading(text, detail: .fields).events.allSatisfy { $0.kind != .complaint })
  }

  @Test func aroundADump() throws {
    let text = Self.log(Self.badPage) + ConsoleTests.dump("[  102.000000] ")
    let before = try Reading(text)
    #expect(before.complaints.map(\.relation) == [.unknown])
    #expect(before.events.last?.kind == .complaint && before.records.count == 2)
    let after = try Reading(ConsoleTests.dump("[  102.000000] ") + Self.log(Self.badPage))
    #expect(after.complaints.map(\.relation) == [.afterTrace])
  }

  @Test(
    .needs(shared: "samples/console-pagestate"),
    arguments: [
      ("172", ComplaintKind.kasan, nil), ("177", .kasan, nil), ("627", .kasan, 0x3a42e),
      ("638", .kasan, 0x1a883), ("646", .kasan, 0x1a663), ("650", .kasan, nil),
      ("658", .kasan, 0x6f2e3), ("704", .kasan, 0x77ec0), ("721", .kasan, 0x68fe8),
      ("726", .badPageState, 0x7071f), ("729", .badPageState, 0xab652),
      ("89", .badPageState, 0x199e00),
    ])
  func samples(_ number: String, _ kind: ComplaintKind, _ pfn: UInt64?) throws {
    let name = "samples/console-pagestate/syzkaller__report_\(number).log"
    let path = try #require(Repository.shared(name))
    let found = try Reading(path: path).complaints
    #expect(found.map(\.kind) == [kind] && found.map(\.pfn) == [pfn])
    #expect(found.allSatisfy { !$0.isDamaged && $0.hasPage && !$0.reason.isEmpty })
  }

  /// Changed, cut and mixed logs: nothing traps, nothing grows, and each frame number was in the text.
  @Test func damage() {
    let whole =
      Self.lines.map { "[   10.000000] " + $0.text }
      + Self.badPage.map { "[   11.000000][   T10] " + $0 }
      + ["[   12.000000] Call Trace:", "[   12.000000]  f+0x1/0x2", "------------[ cut here"]
    var random = Steps(state: 0xbad)
    for _ in 0..<1500 {
      var lines = whole
      for _ in 0..<Int(random.next() % 30) {
        let (a, b) = (
          Int(random.next() % UInt64(lines.count)), Int(random.next() % UInt64(lines.count))
        )
        lines.swapAt(a, b)
      }
      var bytes = Array(lines.joined(separator: "\n").utf8)
      for _ in 0..<Int(random.next() % 60) {
        bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: random.next())
      }
      bytes = Array(bytes.prefix(Int(random.next() % UInt64(bytes.count + 1))))
      let reading = Reading(parsing: bytes, as: .console, detail: .replay)
      #expect(reading.complaints.count <= ComplaintLog.limit)
      for complaint in reading.complaints {
        #expect((complaint.pfn ?? 0) < Event.frameLimit)
        #expect(complaint.lines.count <= KernelComplaint.linesLimit)
        #expect(complaint.lines.allSatisfy { $0.text.count <= KernelComplaint.lineLimit })
      }
    }
  }

  /// The same two lines as journalctl, dmesg, /dev/kmsg, netconsole and containers write them.
  static let records: [(String, @Sendable (UInt64, String) -> String)] = [
    ("kmsg", { "4,12,\($0),-;\($1)" }), ("kmsg caller", { "4,12,\($0),-,caller=T216;\($1)" }),
    ("netconsole", { "6.1.0,4,12,\($0),-,ncfrag=0/33;\($1)" }),
    ("dmesg -d", { "[    1.\($0) <    0.000000>] \($1)" }),
    ("dmesg -H", { "[  +0.\($0)] \($1)" }),
    ("dmesg --json", { "   \"time\": 1.\($0),\n   \"msg\": \"\($1)\"" }),
    ("journalctl -o json", { "{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"\($1)\",\"X\":\"\($0)\"}" }),
    ("journalctl -o export", { "_SOURCE_MONOTONIC_TIMESTAMP=\($0)\nMESSAGE=\($1)\n" }),
    ("container", { "{\"log\":\"[    1.\($0)] \($1)\\n\",\"stream\":\"stdout\"}" }),
  ]

  @Test(arguments: records.indices) func readsRecordsOfOtherPrograms(_ row: Int) throws {
    let (name, wrap) = Self.records[row]
    let text =
      wrap(100_000, "BUG: Bad page state in process sh  pfn:1234") + "\n"
      + wrap(100_001, "page:00000000dbb7d825 refcount:-1 mapcount:0 index:0x0 pfn:0x1234") + "\n"
    let reading = try Reading(text)
    #expect(reading.complaints.count == 1, "\(name)")
    #expect(reading.complaints.first?.pfn == 0x1234 && reading.complaints.first?.count == -1)
    #expect(reading.complaints.first?.process == "sh")
  }
}
