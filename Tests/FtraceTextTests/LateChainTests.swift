import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

/// Call chains that a pipe brings later than their events.
@Suite struct LateChainTests {
  private static let line = "           sh-99      [001] .....   10."
  private static let event =
    ": page_ref_mod: pfn=0x5100 flags=none count=1 mapcount=0 mapping=0000000000000000 mt=0 val=1\n"

  @Test func aPauseEndsTheWait() throws {
    let pipe = Pipe()
    let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
    let text =
      "# tracer: nop\n#\n" + Self.line + "000100" + Self.event + Self.line
      + "000101: <stack trace>\n => first\n" + Self.line + "000200" + Self.event
    pipe.fileHandleForWriting.write(Data(text.utf8))
    let reader = try FtraceTextReader(
      source: try ByteSource(path: path), prefix: [], detail: .replay)
    var batch = EventBatch()
    #expect(try reader.next(&batch))
    #expect(batch.events.count == 2)
    #expect(batch.stacks.count == 1)
    #expect(reader.bringsChainsLate)
    // The open end of a chain is told in a pause, the whole of it when it has come.
    for (words, depth) in [("", 0), ("000201: <stack trace>\n => a\n", 1), (" => b\n", 2)] {
      let isHead = words.hasPrefix("0")
      pipe.fileHandleForWriting.write(Data((isHead ? Self.line + words : words).utf8))
      if depth == 2 { try pipe.fileHandleForWriting.close() }
      #expect(try reader.next(&batch))
      #expect(batch.events.isEmpty)
      #expect(
        batch.stacks.map { reader.stacks.frames(of: $0.stack).count } == (depth == 0 ? [] : [depth])
      )
    }
    #expect(try !reader.next(&batch))
  }
}
