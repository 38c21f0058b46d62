import Foundation
import LedgerInput
import Testing

/// The program that is recorded: it waits at its gate, and its end is told as the shell tells it.
struct RecordedCommandTests {
  @Test(arguments: [
    ("exit 0", ProcessEnd.code(0)), ("exit 7", .code(7)), ("kill -9 $$", .signal(9)),
  ])
  func tellsItsEnd(script: String, end: ProcessEnd) throws {
    let command = try RecordedCommand(["sh", "-c", script])
    try command.release()
    #expect(command.wait() == end)
    #expect(command.poll() == end)
  }

  @Test func waitsAtItsGate() throws {
    let file = NSTemporaryDirectory() + "pageledger-gate-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: file) }
    let command = try RecordedCommand(["touch", file])
    #expect(command.poll() == nil)
    #expect(!FileManager.default.fileExists(atPath: file))
    try command.release()
    #expect(command.wait() == .code(0))
    #expect(FileManager.default.fileExists(atPath: file))
  }

  @Test func neverRunsWhenAbandoned() throws {
    let file = NSTemporaryDirectory() + "pageledger-gate-\(UUID().uuidString)"
    let command = try RecordedCommand(["touch", file])
    command.abandon()
    #expect(command.poll() == .code(126))
    #expect(!FileManager.default.fileExists(atPath: file))
  }

  /// A command that outlives its recording must not keep the recorder from tidying up.
  @Test func isLeftAloneOnceItRuns() throws {
    let command = try RecordedCommand(["sleep", "60"])
    try command.release()
    command.abandon()
    #expect(command.poll() == nil)
    command.signal(9)
    #expect(command.wait() == .signal(9))
  }

  @Test func saysWhatCannotBeStarted() throws {
    let command = try RecordedCommand(["/nowhere/pageledger-test"])
    #expect(throws: WriteError.self) { try command.release() }
    #expect(command.poll() == .code(127))
  }
}
