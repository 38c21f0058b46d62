import CommandTestSupport
import Foundation
import Testing

/// Archives and folders with several captures, and the names by which they are chosen.
@Suite struct SeveralCapturesTests {
  /// `a` is clean, `b` has a finding, `c` is no capture.
  private static let made = """
    cp $F a.txt; cp ${F%/*}/exact_legal.dat e.dat; cp ${F%/*}/tail_put_free.dat b.dat; echo no >c.txt;
    mkdir -p d/f; cp a.txt d/f/; zip -q i.zip b.dat; gzip -c e.dat >e.dat.gz; tar -czf x.tgz c.txt e.dat.gz i.zip d a.txt;
    """

  private static func run(_ line: String) throws -> Outcome {
    try Repository.withFolder { folder in
      try PackedTests.shell("{ \(made) } >/dev/null; \(line)", in: folder)
    }
  }

  private static func has() -> Bool { PackedTests.has("tar gzip zip") }

  /// Paths and verdicts of an array of documents.
  private static func rows(_ outcome: Outcome) throws -> [String] {
    let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(parsed as? [[String: Any]]).map {
      let capture = $0["capture"] as? [String: Any]
      return "\(capture?["path"] ?? "?") \($0["verdict"] ?? $0["schema"] ?? "?")"
    }
  }

  static let arrays: [(line: String, rows: [String], status: Int32)] = [
    (
      "$PAGELEDGER analyze --format json x.tgz",
      ["x.tgz!e.dat.gz", "x.tgz!i.zip", "x.tgz!d/f/a.txt", "x.tgz!a.txt"], 1
    ),
    (
      "cat x.tgz | $PAGELEDGER analyze --format json -",
      ["-!e.dat.gz", "-!i.zip", "-!d/f/a.txt", "-!a.txt"], 1
    ),
    ("$PAGELEDGER analyze --format json e.dat b.dat", ["e.dat", "b.dat"], 1),
    (
      "$PAGELEDGER info --format json d e.dat || rm -r d; mkdir d; cp e.dat b.dat d; $PAGELEDGER info --format json d",
      ["d/b.dat", "d/e.dat"], 0
    ),
    (
      "mkdir q; cp e.dat x.tgz q; $PAGELEDGER analyze --format json q/ 'x.tgz!e.dat.gz'",
      [
        "q/e.dat", "q/x.tgz!e.dat.gz", "q/x.tgz!i.zip", "q/x.tgz!d/f/a.txt", "q/x.tgz!a.txt",
        "x.tgz!e.dat.gz",
      ], 1
    ),
    (
      "cp e.dat o; tar -cf t o; cp b.dat o; tar -rf t o; $PAGELEDGER analyze --format json t",
      ["t!o", "t!o#2"], 1
    ),
    (
      "mkdir z; cp e.dat a.txt z; tar -C z -cf t ./e.dat ./a.txt; $PAGELEDGER analyze --format json t",
      ["t!e.dat", "t!a.txt"], 1
    ),
  ]

  @Test(arguments: arrays.indices) func eachUnderItsName(_ row: Int) throws {
    guard Self.has() else { return }
    let (line, names, status) = Self.arrays[row]
    let outcome = try Self.run(line)
    let rows = try Self.rows(outcome)
    #expect(rows.map { String($0.split(separator: " ")[0]) } == names.map(Self.inner))
    #expect(outcome.status == status)
  }

  /// The zip with one capture gives it under its full name when others are beside it.
  private static func inner(_ name: String) -> String {
    name.hasSuffix("i.zip") ? name + "!b.dat" : name
  }

  static let chosen: [(argument: String, path: String)] = [
    ("x.tgz!i.zip!b.dat", "x.tgz!i.zip!b.dat"), ("x.tgz!i.zip", "x.tgz!i.zip"),
    ("x.tgz!d", "x.tgz!d"), ("x.tgz!a.txt", "x.tgz!a.txt"), ("i.zip", "i.zip"),
    ("i.zip!b.dat", "i.zip!b.dat"), ("d", "d/f/a.txt"), ("./x.tgz!e.dat.gz", "./x.tgz!e.dat.gz"),
  ]

  @Test(arguments: chosen.indices) func oneIsChosen(_ row: Int) throws {
    guard Self.has() else { return }
    let (argument, path) = Self.chosen[row]
    let outcome = try Self.run(
      "$PAGELEDGER info --format json '\(argument)'; $PAGELEDGER events '\(argument)' | head -1")
    let document = try #require(outcome.output.split(separator: "\n").first)
    let parsed = try JSONSerialization.jsonObject(with: Data(document.utf8))
    let capture = try #require((parsed as? [String: Any])?["capture"] as? [String: Any])
    #expect(capture["path"] as? String == path)
    #expect(outcome.output.split(separator: "\n").count == 2)
    #expect(outcome.errors.isEmpty)
  }

  static let refused: [(line: String, words: String)] = [
    (
      "$PAGELEDGER events x.tgz",
      "holds several captures, name one: x.tgz!e.dat.gz, x.tgz!i.zip!b.dat"
    ),
    ("$PAGELEDGER page 1 x.tgz", "holds several captures, name one"),
    ("$PAGELEDGER info 'x.tgz!q'", "x.tgz holds no 'q', but x.tgz!e.dat.gz"),
    ("$PAGELEDGER info 'c.txt!q'", "c.txt holds no capture"),
    ("$PAGELEDGER info 'n!q'", "n!q: cannot open"),
    ("mkdir n; $PAGELEDGER info n", "n: not a capture that pageledger knows: none of its 0 files"),
    ("mkdir n; cp c.txt n; $PAGELEDGER info n", "none of its 1 files is a capture"),
    (
      "mkdir -p s/cpu0; printf xxx >s/cpu0/trace_pipe_raw; $PAGELEDGER info s",
      "no sub-buffers of a known layout"
    ),
    (
      "mkdir -p s/cpu0; head -c 99 /dev/zero >s/cpu0/trace_pipe_raw; $PAGELEDGER info s/cpu0/trace_pipe_raw",
      "name their folder"
    ),
    (
      "gzip -c e.dat | gzip | gzip | gzip | gzip >deep; tar -cf t deep; $PAGELEDGER info t",
      "more than 4 layers"
    ),
  ]

  @Test(arguments: refused.indices) func refusedWithReason(_ row: Int) throws {
    guard Self.has() else { return }
    let (line, words) = Self.refused[row]
    let outcome = try Self.run(line)
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errors.contains(words), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1)
  }

  @Test func textNamesAndCounts() throws {
    guard Self.has() else { return }
    let outcome = try Self.run(
      "$PAGELEDGER analyze --quiet x.tgz; $PAGELEDGER analyze x.tgz >/dev/null")
    let heads = outcome.output.split(separator: "\n").filter { $0.contains("x.tgz!") }
    #expect(heads.count == 4)
    #expect(
      outcome.errors == "pageledger: x.tgz: 1 other file is no capture; --verbose lists them\n")
    let verbose = try Self.run("$PAGELEDGER analyze -v --quiet x.tgz >/dev/null")
    #expect(verbose.errors == "pageledger: x.tgz!c.txt: no capture: a text without a trace\n")
  }

  @Test func bangsMayBePartOfNames() throws {
    guard Self.has() else { return }
    let outcome = try Self.run(
      "cp b.dat 'x.tgz!a.txt'; $PAGELEDGER --quiet 'x.tgz!a.txt'; mkdir 'y!'; cp x.tgz 'y!/z!.tgz'; $PAGELEDGER --quiet 'y!/z!.tgz!i.zip!b.dat'"
    )
    #expect(outcome.output.split(separator: "\n").filter { $0.hasPrefix("FINDINGS") }.count == 2)
  }

  /// Names are words: they lead nowhere, and cannot drive a terminal.
  @Test func tricksWithPathsAreOnlyNames() throws {
    guard PackedTests.has("tar") else { return }
    let outcome = try Self.run(
      "mkdir z; cd z; printf 'x' >../victim; ln -s ../victim link; cp ../a.txt \"$(printf 'n\\033[2Jx')\"; tar -Pcf ../t ../e.dat link n*; cd ..; $PAGELEDGER --quiet t; cat victim"
    )
    #expect(outcome.output.contains("t!../e.dat:"))
    #expect(outcome.output.contains("t!n\\x1b[2Jx:"))
    #expect(!outcome.output.contains("\u{1b}"))
    #expect(outcome.output.hasSuffix("x"))
  }

  @Test func damageBelongsToTheCaptureThatItHits() throws {
    guard Self.has() else { return }
    let outcome = try Self.run(
      "tar -cf t e.dat a.txt b.dat; head -c $(($(wc -c <t) - 90000)) t | gzip >t.tgz; $PAGELEDGER analyze --format json t.tgz"
    )
    #expect(try Self.rows(outcome).count >= 2)
    let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let losses = try #require(parsed as? [[String: Any]]).map {
      ($0["losses"] as? [[String: Any]] ?? []).contains {
        ($0["detail"] as? String)?.contains("tar data ends") == true
      }
    }
    #expect(losses.last == true)
    #expect(losses.dropLast().allSatisfy { !$0 })
  }

  @Test func manyMembersAreLinearAndBombsAreBounded() throws {
    guard Self.has() else { return }
    let outcome = try Self.run(
      """
      mkdir m; i=0; while [ $i -lt 3000 ]; do echo "$i" >m/$i; i=$((i+1)); done; cp e.dat m/; tar -cf t m;
      $PAGELEDGER --quiet t; head -c 90000000 /dev/zero | gzip >z1; i=0; cp e.dat z0; tar -cf b z0;
      while [ $i -lt 9 ]; do { cat a.txt; head -c 20000000 /dev/zero; } | gzip >z.$i; tar -rf b z.$i; i=$((i+1)); done;
      $PAGELEDGER analyze --quiet --max-expand 60M b >/dev/null
      """)
    #expect(outcome.output.contains("CLEAN") || outcome.output.contains("INCOMPLETE"))
    #expect(outcome.errors.contains("unpacks to more than"))
    #expect(outcome.status == 2)
  }
}
