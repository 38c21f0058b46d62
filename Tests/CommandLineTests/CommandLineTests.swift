import CommandTestSupport
import Foundation
import Testing

/// The built command from outside: exit codes, streams, files.
@Suite struct CommandLineTests {
  /// A readable text capture with one event that no rule minds.
  static let capture = """
    # tracer: nop
    #
    #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
    #              | |         |   |||||     |         |
                bash-100     [000] .....    10.000001: mm_page_free: page=0x1000 pfn=0x1000 order=0

    """

  static func withCapture<Result>(_ body: (URL) throws -> Result) throws -> Result {
    try Repository.withFolder { folder in
      try Data(capture.utf8).write(to: folder.appendingPathComponent("a.txt"))
      try Data().write(to: folder.appendingPathComponent("empty"))
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent("folder"), withIntermediateDirectories: false)
      try Data("\u{7f}ELF nothing to see".utf8).write(to: folder.appendingPathComponent("other"))
      return try body(folder)
    }
  }

  static let usageErrors: [[String]] = [
    [], ["analyze"], ["--nonsense", "a.txt"], ["--format", "xml", "a.txt"],
    ["--report", "bogus=x", "a.txt"], ["--report", "json", "a.txt"],
    ["--report", "json=", "a.txt"],
    ["--report", "json=a.txt", "a.txt"], ["--fail-on", "info", "a.txt"], ["-", "-"],
    ["--max-memory", "lots", "a.txt"], ["--max-expand", "0", "a.txt"], ["rules", "PL999"],
    ["page", "1bd4", "a.txt"],
    ["page", "0x10000000000", "a.txt"], ["page", "-1", "a.txt"], ["events", "--cpu", "x", "a.txt"],
    ["events", "--from", "1.2.3", "a.txt"],
  ]

  @Test(arguments: usageErrors) func usage(_ arguments: [String]) throws {
    let outcome = try Self.withCapture { try Invocation.pageledger(arguments, in: $0) }
    #expect(outcome.status == 64)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("Error: "))
  }

  static let unreadable: [(path: String, words: String)] = [
    ("missing.dat", "missing.dat: cannot open: No such file or directory"),
    ("folder", "folder: not a capture that pageledger knows: none of its 0 files"),
    ("empty", "empty: the file is empty"),
    ("other", "other: not a capture"), ("-", "-: the file is empty"),
  ]

  @Test(arguments: ["analyze", "info", "events"], unreadable)
  func unreadableCapture(_ command: String, _ row: (path: String, words: String)) throws {
    let outcome = try Self.withCapture { try Invocation.pageledger([command, row.path], in: $0) }
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.hasPrefix("pageledger: " + row.words))
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test func unreadableIsWorseThanClean() throws {
    let outcome = try Self.withCapture {
      try Invocation.pageledger(["--allow-incomplete", "a.txt", "missing", "a.txt"], in: $0)
    }
    #expect(outcome.status == 2)
    #expect(outcome.output.components(separatedBy: "a.txt:").count == 3)
  }

  @Test(arguments: ["--help", "analyze --help", "info --help", "page --help", "events --help"])
  func helpFitsAScreen(_ line: String) throws {
    let outcome = try Self.withCapture {
      try Invocation.pageledger(line.split(separator: " ").map(String.init), in: $0)
    }
    let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(outcome.status == 0)
    #expect(lines.count <= 40)
    #expect(lines.allSatisfy { $0.count <= 80 })
    #expect(outcome.output.contains("xit codes"))
  }

  @Test func versionIsPrinted() throws {
    let outcome = try Self.withCapture { try Invocation.pageledger(["--version"], in: $0) }
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("pageledger "))
  }

  @Test(arguments: ["rules", "--format ndjson a.txt a.txt", "events a.txt"])
  func brokenPipeIsQuiet(_ arguments: String) throws {
    let line = "{ \"$PAGELEDGER\" \(arguments); echo $? >&2; } | true"
    let outcome = try Self.withCapture { try Invocation.shell(line, in: $0) }
    #expect(["0\n", "3\n"].contains(outcome.errors))
  }

  @Test func fullDiskIsAnError() throws {
    let outcome = try Self.withCapture {
      try Invocation.shell("\"$PAGELEDGER\" --format json a.txt >/dev/full", in: $0)
    }
    #expect(outcome.status == 70)
    #expect(outcome.errors.contains("No space left on device"))
  }

  @Test func interruptionIsMarked() throws {
    let line = """
      mkfifo pipe; "$PAGELEDGER" - <pipe & exec 3>pipe
      cat a.txt >&3; sleep 0.5; kill -TERM $!; sleep 0.2; exec 3>&-; wait $!
      """
    let outcome = try Self.withCapture { try Invocation.shell(line, in: $0) }
    #expect(outcome.status == 130)
    #expect(outcome.output.hasPrefix("INCOMPLETE  -: "))
    #expect(outcome.output.contains("  interrupted  "))
    #expect(outcome.errors == "pageledger: interrupted: the results are partial\n")
  }

  @Test func coloursOnlyOnDemand() throws {
    try Self.withCapture { folder in
      let plain = try Invocation.pageledger(["a.txt"], in: folder)
      let coloured = try Invocation.pageledger(["--color", "always", "a.txt"], in: folder)
      #expect(!plain.output.contains("\u{1b}"))
      #expect(coloured.output.contains("\u{1b}["))
    }
  }

  @Test func pathsAreEscaped() throws {
    let outcome = try Self.withCapture {
      try Invocation.pageledger(["no\u{1b}[2Jsuch\u{202e}file"], in: $0)
    }
    #expect(outcome.errors.contains("no\\x1b[2Jsuch\\u{202e}file"))
  }
}
