import CommandTestSupport
import LedgerCore
import Testing

/// A line says the same whether its beginning and its name were seen before or not.
@Suite struct ShortWayTests {
  private static let head = "           churn-87    [001]     6.508993678: "
  private static let heads = [
    head, "           churn-87    [001] d..2.     6.508993: ",
    "           churn-87    [001] .....     6.508993: ",
    "           churn-87    ( 87) [001] .....     6.508993: ",
    "     kworker/1:1-42    [003]   123.000000001: ",
  ]
  private static let bodies = [
    "page_ref_mod_and_test: pfn=0x1282a4 flags=0xa002c count=2 mapcount=1 mapping=0xffff9cf9c1a34411 mt=1 val=-1 ret=0",
    "page_ref_mod: pfn=0x1282a5 flags=locked|referenced count=3 mapcount=-1 mapping=00000000527ed960 mt=1 val=1",
    "page_ref_mod: pfn=0x1282a5 flags=locked|hwpoison count=3 mapcount=-1 mapping=(nil) mt=1 val=12345678",
    "page_ref_set: pfn=0x1270cb flags=none count=1 mapcount=0 mapping=(nil) mt=0 val=1",
    "page_ref_set: pfn=4711 flags=none count=1 mapcount=0 mapping=(nil) mt=0 val=1",
    "page_ref_unfreeze: pfn=0x15 flags= count=-512 mapcount=0 mapping=0x0 mt=1 val=0x10",
    "mm_page_free: page=0xffffffffb9614858 pfn=0x1270c8 order=0",
    "mm_page_free: page=00000000b9614858 pfn=0xfffffffff order=10",
    "mm_page_free_batched: page=00000000b9614858 pfn=0x1 order=0",
    "mm_page_alloc: page=0xffffffffb961485b pfn=0x1270cb order=0 migratetype=0 gfp_flags=GFP_NOFS|__GFP_NOWARN",
    "mm_page_alloc: page=00000000b961485b pfn=0x1270cb order=9 migratetype=1 gfp_flags=GFP_KERNEL|__GFP_COMP",
    "mm_page_alloc: page=0000000000000001 pfn=0x2 order=0 migratetype=0 gfp_flags=GFP_NOFS|\t__GFP_NOWARN",
    "mm_page_alloc: page=(null) pfn=0x0 order=3 migratetype=0 gfp_flags=GFP_KERNEL",
    "kvm_userspace_exit: reason KVM_EXIT_UNKNOWN (0) err -14",
    "page_fault_user:      address=0x7f21608b1590 ip=0x7f2160 error_code=0x14",
    "set_migration_pte:    addr=7f8b78800000, pte=effff7ffd5e7fe00 order=9",
    "remove_migration_pte: addr=7f8b78801000, pte=8000000128a2c867 order=0",
    "mm_lru_insertion: page=00000000b961485b pfn=0x1270cb lru=1 flags=MaBM",
  ]

  private func records(_ lines: [String]) -> [Event] {
    let text = lines.joined(separator: "\n") + "\n"
    return Reading(parsing: Array(text.utf8), detail: .replay).records.map { event in
      var event = event
      (event.ordinal, event.format) = (0, 0)
      return event
    }
  }

  /// Lines that use the same beginning and names come first, twice: the first of them teaches, the second is known.
  private func check(_ lines: [String], _ head: String) {
    let before = (Self.bodies + Self.bodies).map { head + $0 }
    let known = records(before).count
    for line in lines {
      let isSame = Array(records(before + [line]).dropFirst(known)) == records([line])
      #expect(isSame, "\(line)")
    }
  }

  @Test(arguments: heads)
  func wholeLines(_ head: String) {
    check(Self.bodies.map { head + $0 }, head)
  }

  /// Other digits, as many as before or one more: what the shape of a line leaves free.
  @Test(arguments: heads)
  func otherDigits(_ head: String) {
    var random = SplitMix(state: 4242)
    let digits = Array("0123456789abcdef".utf8)
    let lines = (0..<2 * Self.bodies.count).map { turn in
      var line = Array((head + Self.bodies[turn % Self.bodies.count]).utf8)
      for place in head.utf8.count..<line.count where digits[..<10].contains(line[place]) {
        guard line[place - 1] != 0x3d || line[place] != 0x30 else { continue }
        line[place] = digits[Int.random(in: 0..<(turn % 3 == 0 ? 16 : 10), using: &random)]
      }
      if turn % 5 == 0 { line.insert(0x31, at: Int.random(in: 60..<line.count, using: &random)) }
      return String(decoding: line, as: UTF8.self)
    }
    check(head == Self.head ? lines.map { $0 + "\r" } : lines, head)
  }

  @Test func cutLines() {
    for (place, body) in Self.bodies.enumerated() {
      let counts = stride(from: place % 4, to: body.utf8.count, by: 4)
      check(counts.map { Self.head + body.prefix($0) }, Self.head)
    }
  }

  @Test(arguments: heads)
  func changedLines(_ head: String) {
    var random = SplitMix(state: 20_261_121)
    let letters = Array(" 0123456789abcfxAFG-=|().:hw\t\r\u{10}\u{19}".utf8)
    let lines = (0..<80).map { _ in
      let body = Self.bodies[Int.random(in: Self.bodies.indices, using: &random)]
      var line = Array((head + body).utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: (head.utf8.count / 2)..<line.count, using: &random)
        line[place] = letters[Int.random(in: letters.indices, using: &random)]
      }
      return String(decoding: line, as: UTF8.self)
    }
    check(lines, head)
  }
}
