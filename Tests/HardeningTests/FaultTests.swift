import CommandTestSupport
import Foundation
import Testing

/// System calls that fail under the command, by a library that is put before libc.
@Suite struct FaultTests {
  /// The built library; nil without a C compiler.
  static let library: String? = {
    let source = Repository.root.appendingPathComponent("Tests/HardeningTests/fault.c").path
    let built = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-fault-\(ProcessInfo.processInfo.processIdentifier).so")
    let line = "${CC:-cc} -shared -fPIC -O1 -o '\(built.path)' '\(source)' -ldl"
    let outcome = try? Invocation.shell(line, in: Repository.root)
    if outcome?.status != 0 { print("skipped: no C compiler for the fault library") }
    return outcome?.status == 0 ? built.path : nil
  }()

  static let capture = Repository.root.appendingPathComponent("fixtures/captures/ttm-kvm.dat").path
  static let text = Repository.root.appendingPathComponent(
    "fixtures/captures/text-6.12-default.txt.gz"
  ).path

  private func run(_ fault: String, _ arguments: [String], in folder: URL) throws -> Outcome? {
    guard let library = Self.library else { return nil }
    return try Invocation.pageledger(
      arguments, in: folder, environment: ["LD_PRELOAD": library, "PAGELEDGER_FAULT": fault])
  }

  @Test(arguments: ["read-eintr@1", "read-short@1", "write-eintr@1", "write-short@1"])
  func interruptedCallsChangeNothing(fault: String) throws {
    for path in [Self.capture, Self.text] {
      let whole = try Invocation.pageledger(["analyze", path], in: Repository.root)
      guard let outcome = try run(fault, ["analyze", path], in: Repository.root) else { return }
      #expect(outcome.status == whole.status && outcome.output == whole.output)
    }
  }

  @Test(arguments: [1, 2, 3, 10])
  func unreadableInputIsSaid(from: Int) throws {
    for path in [Self.capture, Self.text] {
      guard let outcome = try run("read-eio@\(from)", ["analyze", path], in: Repository.root) else {
        return
      }
      #expect([0, 1, 2, 3].contains(outcome.status), "\(outcome.errors)")
      if from == 1 { #expect(outcome.status == 2, "\(outcome.errors)") }
      if outcome.status == 2 { #expect(outcome.errors.contains("Input/output error")) }
    }
  }

  @Test(arguments: ["write-enospc@1", "write-eio@1", "fsync-eio@1", "rename-eio@1"])
  func reportIsWholeOrNotThere(fault: String) throws {
    try Repository.withFolder { folder in
      let old = folder.appendingPathComponent("report.json")
      try Data("old".utf8).write(to: old)
      let report = ["analyze", "--report", "json=report.json", Self.capture]
      guard let outcome = try run(fault, report, in: folder) else { return }
      #expect(outcome.status == 70 && outcome.errors.contains("report.json"))
      #expect(try String(contentsOf: old, encoding: .utf8) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report.json"])
    }
  }

  @Test func fullStandardOutputIsAnError() throws {
    guard let outcome = try run("stdout-enospc@1", ["analyze", Self.capture], in: Repository.root)
    else { return }
    #expect(outcome.status == 70 && outcome.errors.contains("No space left"))
  }

  @Test func terminationGivesWhatIsThere() throws {
    guard let outcome = try run("read-term@3", ["analyze", Self.capture], in: Repository.root)
    else { return }
    #expect(outcome.status == 130 && outcome.errors.contains("interrupted"))
  }

  @Test func closedPipeChangesNothing() throws {
    let outcome = try Invocation.shell(
      "{ $PAGELEDGER events '\(Self.capture)'; echo $? >&2; } | head -1", in: Repository.root)
    #expect(outcome.errors == "0\n")
  }

  @Test func fileThatShrinksIsSurvived() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        cp '\(Self.capture)' a.dat
        { $PAGELEDGER analyze --quiet a.dat >out 2>&1; echo $? >status; } & \
        truncate -s 300000 a.dat; truncate -s 900000 a.dat; wait; cat status
        """, in: folder)
      #expect(["0\n", "1\n", "2\n", "3\n"].contains(outcome.output), "\(outcome.output)")
    }
  }
}
