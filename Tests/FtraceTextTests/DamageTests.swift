import LedgerCore
import Testing

@Suite struct DamageTests {
  static let text =
    "# tracer: nop\n#\n# entries-in-buffer/entries-written: 9/12   #P:2\nCPU:1 [LOST 3 EVENTS]\n"
    + (LineTests.contexts + LineTests.bodies + LineTests.probes).map { $0.line + "\n" }.joined()
    + " => f\n  sh-79 [000] 1.6: <stack trace>\ncpus=7\nCPU:0 [EVENTS DROPPED]\n"

  @Test func everyPrefix() {
    let bytes = Array(Self.text.utf8)
    for count in 0...bytes.count {
      let reading = Reading(parsing: Array(bytes[..<count]), detail: .fields)
      #expect(reading.events.count == reading.details.count)
    }
  }

  @Test func flippedBytes() {
    let original = Array(Self.text.utf8)
    var random = Steps(state: 0x5eed)
    for _ in 0..<2000 {
      var bytes = original
      for _ in 0..<(1 + Int(random.next() % 20)) {
        let place = Int(random.next() % UInt64(bytes.count - 20)) + 20
        bytes[place] = UInt8(truncatingIfNeeded: random.next() >> 9)
      }
      _ = Reading(parsing: bytes, detail: random.next() & 1 == 0 ? .replay : .fields)
    }
  }

  @Test func numbersBeyondAllRanges() {
    let big = "99999999999999999999999999"
    let text =
      Self.text + Self.text.replacing("1", with: big) + Self.text.replacing("0x", with: "0x\(big)")
    _ = Reading(parsing: Array(text.utf8), detail: .fields)
  }

  private static let put =
    " a-1 [000] .....  1.5: page_ref_mod_and_test: pfn=0x5 flags=none count=0 mapcount=0 mapping=0x0 mt=0 val=-1 ret=1\n"
  private static let others = [
    " a-1 [000] .....  1.4: kvm_fpu: unload\n",
    " a-1 [000] .....  1.4: sched_switch: prev_comm=a [120] S ==> next_comm=b [120]\n",
    " a-1 [001] d..1.  1.4: mm_page_free: page=0000000011460ae9 pfn=0x7 order=0\n",
  ]

  /// Any byte in an event's name, and any in place of a line's end, is a loss.
  @Test(arguments: [0x00 as UInt8, 0x01, 0x0b, 0x20, 0x2a, 0x4a, 0x7f, 0x8b, 0xe7, 0xff])
  func oneByteOfANameOrALinesEnd(byte: UInt8) throws {
    let before = Array(Self.others.joined().utf8)
    let name = Array("page_ref_mod_and_test".utf8)
    for place in name.indices where byte != 0x20 {
      var bytes = before + Array(Self.put.utf8) + before
      bytes[before.count + 24 + place] = byte
      let reading = try Reading(bytes)
      #expect(reading.loss(.malformedEvent) >= 1, "\(place)")
      #expect(reading.events.contains { $0.kind == .gapOpens })
    }
    for line in Self.others {
      let first = before + Array(line.utf8)
      var bytes = first + Array(Self.put.utf8) + before
      bytes[first.count - 1] = byte
      let reading = try Reading(bytes)
      #expect(reading.loss(.malformedEvent) >= 1, "\(line)")
      #expect(!reading.events.contains { $0.kind == .pageRefModAndTest })
    }
  }

  /// What stands between CPU and name cannot be read, or is too much: an event all the same.
  @Test(arguments: [
    "...1. 0       1856", "...1.         18x6", "...1. 12.34 7 ", "",
  ])
  func linesThatNameAnEvent(middle: String) throws {
    let line =
      " a-1 [000] \(middle): kvm_tdp_mmu_spte_changed: as id 0 gfn 1 level 1 old_spte 1790dbe67 new_spte 5a0\n"
    let reading = try Reading(Self.others[0] + line + Self.others.joined())
    #expect(reading.loss(.malformedEvent) >= 1)
    #expect(reading.events.contains { $0.kind == .gapOpens })
  }

  @Test func proseThatNamesAnEvent() throws {
    let line = "> see [1]: the event kvm_tdp_mmu_spte_changed: what it says\n"
    #expect(try Reading(Self.others[0] + line + Self.others.joined()).loss(.malformedEvent) == 0)
  }

  @Test func manyNamesShareOneRow() {
    var text = ""
    for index in 0..<66_000 { text += " a-1 [000] 1.5: e\(index): x\n" }
    let reading = Reading(parsing: Array(text.utf8), detail: .replay)
    #expect(reading.info.events.count == 65_536 && reading.count("…") == 66_000 - 65_535)
  }
}

/// A small deterministic generator: failures must come again.
struct Steps {
  var state: UInt64

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 11
  }
}
