import ArgumentParser
import LedgerBatch
import LedgerInput

/// A worker of `batch`; people have no use for it.
struct WorkerCommand: ParsableCommand {
  static let name = "batch-worker"

  static let configuration = CommandConfiguration(
    commandName: name, abstract: "A worker of batch.", shouldDisplay: false)

  @Option var parent: Int32
  @Option var salt: String
  @Option var processMemory: UInt64
  @OptionGroup var common: CommonOptions

  /// What allocators may hold beyond what is resident.
  private static let slack: UInt64 = 256 << 20

  func run() throws {
    let room = processMemory.addingReportingOverflow(Self.slack)
    guard OwnProcess.serve(parent: parent, bytes: room.overflow ? .max : room.partialValue),
      let salt = ContentKey(hex: salt)
    else { return }
    BatchWorker(salt: salt, analyzer: BatchAnalyzer(run: CaptureRun(common, quiet: true))).run()
  }
}
