import CommandTestSupport
import Foundation
import LedgerCapture
import LedgerCore
import Testing

/// Call chains of one defect in four encodings, when the captures beside the clone are there.
@Suite struct StackTests {
  static let names = [
    "stack.dat", "text-tgid-stack.txt", "perf-callchain.data", "perf-script-callchain.txt.gz",
  ]

  @Test(.needs(shared: "captures/encodings-6.1"), arguments: names)
  func everyUsedEventHasItsChain(name: String) throws {
    let folder = try #require(Repository.shared("captures/encodings-6.1"))
    let reader = try openCapture(path: "\(folder)/\(name)", detail: .replay)
    var batch = EventBatch()
    var events = 0
    var chains = 0
    var depths: [UInt32: EventKind] = [:]
    while try reader.next(&batch) {
      events += batch.events.count { !$0.kind.isGap }
      chains += batch.stacks.count
      for note in batch.stacks where note.kind == .pageRefModUnless {
        depths[note.stack] = note.kind
      }
    }
    #expect(events > 1000)
    // Some contexts, such as the guest's entry, have no chain of their own.
    #expect(chains * 100 >= events * 97, "\(chains) of \(events)")
    #expect(!depths.isEmpty)
    for stack in depths.keys {
      let frames = reader.stacks.frames(of: stack)
      #expect(frames.count > 2)
      #expect(frames.allSatisfy { !$0.name.isEmpty || ($0.address ?? 0) >> 63 == 1 })
    }
  }

  @Test(.needs(shared: "captures/encodings-6.1")) func clues() throws {
    let folder = try #require(Repository.shared("captures/encodings-6.1"))
    let perf = try openCapture(path: "\(folder)/perf-callchain.data", detail: .replay)
    var batch = EventBatch()
    while try perf.next(&batch) {}
    #expect(perf.clues.text == 0xffff_ffff_bd80_0000)
    #expect(perf.clues.modules["pglab"] == 0xffff_ffff_c03e_3000)
    let dat = try openCapture(path: "\(folder)/stack.dat", detail: .replay)
    #expect((dat.clues.kallsyms?() ?? []).count > 1_000_000)
  }
}
