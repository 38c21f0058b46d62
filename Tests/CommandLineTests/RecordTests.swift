import CommandTestSupport
import Foundation
import Testing

/// `pageledger record` where nothing may be recorded: a tracefs is always named that is not there.
@Suite struct RecordTests {
  private func run(_ arguments: [String]) throws -> Outcome {
    try Repository.withFolder {
      try Invocation.pageledger(["record", "--tracefs", "/nonexistent"] + arguments, in: $0)
    }
  }

  @Test func withoutTracefsItSaysSo() throws {
    for means in [[], ["--with", "tracefs"]] {
      let outcome = try run(["--for", "PL007", "-o", "x.dat"] + means + ["true"])
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("/nonexistent/instances: No such file or directory"))
      #expect(outcome.output.isEmpty)
    }
    #expect(try run(["--clean"]).status == 2)
  }

  @Test func refusesWhatMakesNoSense() throws {
    for words in [
      ["--for", "PL999"], ["--for", ""], ["--filter", "pages=9-1"], ["--filter", "what"],
      ["--buffer", "1"], ["--clock", "a b"], ["--explain", "--print"], ["--kernel", "6.1"],
      ["--nonsense", "true"], ["--trigger", "bad_page"], ["--flight", "--trigger", "nowhere"],
    ] {
      #expect(try run(words).status == 64, "\(words)")
    }
    #expect(try run(["--btf", "/dev/null"]).status == 2)
    #expect(try run(["--btf", "/nonexistent"]).status == 2)
  }

  @Test func plansWithoutRights() throws {
    let explained = try run(["--explain", "--for", "kvm"])
    #expect(explained.status == 0)
    #expect(explained.output.contains("Decidable:"))
    let printed = try run(["--print", "--for", "kvm", "-o", "a.dat", "--", "make", "it so"])
    #expect(printed.output.contains("'make' 'it so'\n"))
    #expect(try run(["--print", "cmd", "--for", "x"]).output.contains("'cmd' '--for' 'x'\n"))
  }

  /// A ring is kept by a script too, and ended by what the user has chosen.
  @Test func aScriptMayBeAFlightRecorder() throws {
    let outcome = try run([
      "--script", "--flight", "--for", "kvm", "--trigger", "kmem:mm_page_free if pfn == 1",
    ])
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("trigger kmem mm_page_free 'traceoff if pfn == 1'\n"))
    #expect(outcome.output.contains("put 1 \"$I/options/overwrite\"\n"))
  }

  @Test func helpFitsAScreen() throws {
    let lines = try run(["--help"]).output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count <= 41)
    #expect(lines.allSatisfy { $0.count <= 80 })
  }
}
