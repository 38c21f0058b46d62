import CommandTestSupport
import Foundation
import Testing

/// `--report`: whole files or none, and JSON that keeps to its schema.
@Suite struct ReportFileTests {
  @Test func reportsAreWrittenWhole() throws {
    try CommandLineTests.withCapture { folder in
      let outcome = try Invocation.shell(
        "umask 027; \"$PAGELEDGER\" --allow-incomplete --report json=r.json --report text=r.txt "
          + "--report ndjson=r.nd a.txt >/dev/null", in: folder)
      #expect(outcome.status == 0)
      #expect(outcome.errors.isEmpty)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
      #expect(names == ["a.txt", "empty", "folder", "other", "r.json", "r.nd", "r.txt"])
      let path = folder.appendingPathComponent("r.json").path
      let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
      #expect(mode == 0o640)
    }
  }

  @Test func existingReportIsReplaced() throws {
    try CommandLineTests.withCapture { folder in
      let file = folder.appendingPathComponent("r.json")
      try Data(repeating: 0x78, count: 1 << 20).write(to: file)
      _ = try Invocation.pageledger(["--report", "json=r.json", "a.txt"], in: folder)
      #expect(try Data(contentsOf: file).first == UInt8(ascii: "{"))
      #expect(try Data(contentsOf: file).last == UInt8(ascii: "\n"))
    }
  }

  @Test(arguments: ["json=no/such/folder/r.json", "json=/proc/r.json", "json=."])
  func unwritableFolderIsAnError(_ report: String) throws {
    let outcome = try CommandLineTests.withCapture {
      try Invocation.pageledger(["--report", report, "a.txt"], in: $0)
    }
    #expect(outcome.status == 70)
    #expect(outcome.output.isEmpty, "the run ends before the analysis")
    #expect(outcome.errors.hasPrefix("pageledger: "))
  }

  @Test func devicesAreWrittenToDirectly() throws {
    let outcome = try CommandLineTests.withCapture {
      try Invocation.pageledger(["--quiet", "--report", "json=/dev/null", "a.txt"], in: $0)
    }
    #expect(outcome.errors.isEmpty)
    let kind = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type]
    #expect(kind as? FileAttributeType == .typeCharacterSpecial)
  }

  @Test(arguments: ["a.txt", "missing", "a.txt a.txt", "fixtures/captures"])
  func jsonKeepsToItsSchema(_ captures: String) throws {
    guard let python = try Self.python() else { return }
    try CommandLineTests.withCapture { folder in
      var paths = captures
      if captures == "fixtures/captures" { paths = Self.fixtures().joined(separator: " ") }
      guard !paths.isEmpty else { return }
      let schema = Repository.root
        .appendingPathComponent("Sources/LedgerReport/JSON/analysis.schema.json").path
      let outcome = try Invocation.shell(
        """
        "$PAGELEDGER" --format json \(paths) >out.json 2>/dev/null
        \(python) -c 'import json, jsonschema, sys
        schema = json.load(open(sys.argv[1]))
        jsonschema.Draft202012Validator.check_schema(schema)
        jsonschema.Draft202012Validator(schema).validate(json.load(open("out.json")))' '\(schema)'
        """, in: folder)
      #expect(outcome.status == 0, Comment(rawValue: outcome.errors))
    }
  }

  /// The captures that the repository ships.
  private static func fixtures() -> [String] {
    let folder = Repository.root.appendingPathComponent("fixtures/captures")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.allObjects ?? []).compactMap { ($0 as? URL) }
      .filter { ["dat", "txt"].contains($0.pathExtension) }.map { "'\($0.path)'" }.sorted()
  }

  /// A Python with jsonschema; Debian's first, since the one in PATH may be another.
  private static func python() throws -> String? {
    for name in ["/usr/bin/python3", "python3"] {
      let outcome = try Invocation.shell(
        "\(name) -c 'from jsonschema import Draft202012Validator'", in: Repository.root)
      if outcome.status == 0 { return name }
    }
    print("skipped: no python3 with jsonschema")
    return nil
  }
}
