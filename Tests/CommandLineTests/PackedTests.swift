import CommandTestSupport
import Foundation
import Testing

/// Captures that are compressed as a whole, through files and pipes.
@Suite struct PackedTests {
  static let captures = ["text-default.txt", "ttm-kvm.dat"]

  /// A way to pack: shell that turns `$F` into standard output, its tools, and the layers to be named.
  struct Way: CustomTestStringConvertible, Sendable {
    let tools: String
    let line: String
    let layers: String
    var testDescription: String { line }
  }

  static let ways = [
    Way(tools: "gzip", line: "gzip -c $F", layers: "gzip"),
    Way(
      tools: "gzip",
      line: "(head -c 99999 $F | gzip; tail -c +100000 $F | gzip; head -c 700 /dev/zero)",
      layers: "gzip"),
    Way(tools: "zstd", line: "zstd -qc $F", layers: "zstd"),
    Way(
      tools: "zstd",
      line: "(printf '\\120*M\\030\\004\\0\\0\\0skip'; head -c 99999 $F | zstd -qc;"
        + " printf '\\137*M\\030\\004\\0\\0\\0skip'; tail -c +100000 $F | zstd -qc --long=28)",
      layers: "zstd"),
    Way(tools: "xz", line: "xz -c $F", layers: "xz"),
    Way(
      tools: "xz", line: "(head -c 99999 $F | xz; head -c 8 /dev/zero; tail -c +100000 $F | xz)",
      layers: "xz"),
    Way(tools: "bzip2", line: "bzip2 -c $F", layers: "bzip2"),
    Way(
      tools: "bzip2", line: "(head -c 99999 $F | bzip2; tail -c +100000 $F | bzip2)",
      layers: "bzip2"),
    Way(tools: "lz4", line: "lz4 -qc $F", layers: "lz4"),
    Way(tools: "lz4", line: "lz4 -qc -BD -B4 --content-size $F", layers: "lz4"),
    Way(tools: "lz4", line: "lz4 -qlc $F", layers: "lz4"),
    Way(tools: "xz gzip", line: "xz -c $F | gzip", layers: "gzip, xz"),
    Way(
      tools: "gzip xz zstd lz4", line: "gzip -c $F | xz | zstd -q | lz4 -q",
      layers: "lz4, zstd, xz, gzip"),
    Way(tools: "tar", line: "tar -cC / ${F#/}", layers: "tar"),
    Way(
      tools: "tar gzip", line: "tar -cC / ${F#/} ${F%/*}/../README.md | gzip",
      layers: "gzip, tar"),
    Way(tools: "tar bzip2", line: "bzip2 -c $F >x; tar -c x", layers: "tar, bzip2"),
    Way(tools: "zip", line: "zip -qj - $F", layers: "zip"),
  ]

  static func has(_ tools: String) -> Bool {
    let missing = tools.split(separator: " ").filter { tool in
      ["/usr/bin/", "/bin/", "/usr/local/bin/"].allSatisfy {
        !FileManager.default.isExecutableFile(atPath: $0 + tool)
      }
    }
    if !missing.isEmpty { print("skipped: \(missing.joined(separator: ", ")) not installed") }
    return missing.isEmpty
  }

  /// Runs a line of shell with `$F` for the plain capture; `p` is the packed one.
  static func shell(_ line: String, of capture: String = captures[0], in folder: URL) throws
    -> Outcome
  {
    let file = Repository.root.appendingPathComponent("fixtures/captures/\(capture)").path
    return try Invocation.shell("F='\(file)'; \(line)", in: folder)
  }

  /// The document of an analysis without the path and kind of the capture, and these two.
  static func document(_ outcome: Outcome) throws -> (rest: NSDictionary, kind: String) {
    let parsed = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    var document = try #require(parsed as? [String: Any])
    var capture = try #require(document["capture"] as? [String: Any])
    let kind = capture.removeValue(forKey: "kind") as? String
    capture["path"] = nil
    document["capture"] = capture
    return (document as NSDictionary, try #require(kind))
  }

  private static let analyze = "$PAGELEDGER analyze --format json"

  private static func analyzed(_ line: String, _ capture: String, in folder: URL) throws -> (
    rest: NSDictionary, kind: String
  ) {
    let outcome = try shell(line, of: capture, in: folder)
    #expect(outcome.errors.isEmpty)
    return try document(outcome)
  }

  /// Each capture as it is, in all ways; the text also in pieces and layers.
  @Test(arguments: captures) func samePlainAndPacked(_ capture: String) throws {
    try Repository.withFolder { folder in
      let plain = try Self.analyzed("\(Self.analyze) $F", capture, in: folder)
      for way in Self.ways where capture == Self.captures[0] || way.line.hasSuffix("c $F") {
        guard Self.has(way.tools) else { continue }
        let made = try Self.shell("{ \(way.line); } >p", of: capture, in: folder)
        #expect(made.status == 0, "\(made.errors)")
        for line in ["\(Self.analyze) p", "cat p | \(Self.analyze) -"] {
          let packed = try Self.analyzed(line, capture, in: folder)
          #expect(packed.rest == plain.rest, "\(way.line)")
          #expect(packed.kind == "\(plain.kind) (\(way.layers))")
        }
      }
    }
  }

  /// Damage, done to a packed text; what the losses say; how many events are there at least.
  static let damages: [(tools: String, line: String, code: String, detail: String, least: Int)] = [
    (
      "gzip", "gzip -c $F | head -c 40000", "truncated", "gzip data ends at input offset 40000",
      4500
    ),
    ("zstd", "zstd -qc $F | head -c 20000", "truncated", "zstd data ends at input offset 20000", 1),
    ("xz", "xz -c $F | head -c 20000", "truncated", "xz data ends at input offset 20000", 2000),
    (
      "lz4", "lz4 -qcB4 $F | head -c 60000", "truncated", "lz4 data ends at input offset 60000",
      3000
    ),
    (
      "bzip2", "bzip2 -1c $F | head -c 30000", "truncated", "bzip2 data ends at input offset 30000",
      3000
    ),
    (
      "gzip",
      "gzip -c $F >x; printf XXXX | dd of=x bs=1 seek=40000 conv=notrunc status=none; cat x",
      "corrupt-chunk", "gzip data before input offset", 4500
    ),
    (
      "gzip", "gzip -c $F | head -c -8; printf 12345678", "corrupt-chunk", "incorrect data check",
      6200
    ),
    ("gzip", "gzip -c $F; echo other", "corrupt-chunk", "something else follows", 6200),
    ("zstd", "zstd -qc $F | head -c -4; printf 1234", "corrupt-chunk", "checksum", 6200),
    (
      "xz", "xz -c $F >x; printf XXXX | dd of=x bs=1 seek=20000 conv=notrunc status=none; cat x",
      "corrupt-chunk", "xz data before input offset", 2000
    ),
    ("lz4", "lz4 -qc $F | head -c -4; printf 1234", "corrupt-chunk", "checksum", 6200),
  ]

  @Test(arguments: damages.indices) func damageIsAccounted(_ row: Int) throws {
    let damage = Self.damages[row]
    guard Self.has(damage.tools) else { return }
    try Repository.withFolder { folder in
      _ = try Self.shell("{ \(damage.line); } >p", in: folder)
      let outcome = try Self.shell("$PAGELEDGER analyze --format json p", in: folder)
      let document = try Self.document(outcome).rest
      let losses = try #require(document["losses"] as? [[String: Any]])
      let loss = try #require(losses.first { $0["code"] as? String == damage.code }, "\(losses)")
      #expect((loss["detail"] as? String)?.contains(damage.detail) == true, "\(loss)")
      let events = try #require(document["events"] as? [String: Any])
      #expect(try #require(events["read"] as? Int) >= damage.least)
    }
  }

  @Test func truncatedTraceIsRead() throws {
    guard Self.has("gzip") else { return }
    try Repository.withFolder { folder in
      let outcome = try Self.shell(
        "gzip -c $F | head -c 200000 >p; $PAGELEDGER analyze --format json p",
        of: "ttm-kvm.dat", in: folder)
      #expect([1, 2, 3].contains(outcome.status))
      #expect(!outcome.output.isEmpty)
    }
  }

  static let refused: [(tools: String, line: String, words: String)] = [
    ("gzip", "gzip -c $F | gzip | gzip | gzip | gzip >p", "more than 4 layers"),
    (
      "gzip", "head -c 12 /dev/zero >x; gzip -nc x | head -c 5 >p",
      "nothing can be unpacked: gzip data ends at input offset 5"
    ),
    ("gzip", "gzip -c </dev/null >p", "p: the file is empty"),
    ("bzip2", "bzip2 -c $F | head -c 2000 >p", "nothing can be unpacked: bzip2 data ends"),
    ("bzip2", "echo BZh9 is no bzip2 data >p", "bzip2"),
    ("tar", "echo no >c; tar -cf p c", "none of the 1 files in this tar archive is a capture"),
    ("gzip", "(cat $F; cat $F) | gzip >p; set -- --max-expand 1M", "unpacks to more than 1048576"),
    ("gzip tar", "truncate -s 9G x; tar -cSf - x | gzip >p; set -- --max-expand 1M", "none of the"),
    (
      "gzip tar", "cp $F x; truncate -s 900G x; tar -cSf - x | gzip >p; set -- --max-expand 9M",
      "unpacks to more than 9437184"
    ),
  ]

  @Test(arguments: refused.indices) func refusedWithReason(_ row: Int) throws {
    let (tools, line, words) = Self.refused[row]
    guard Self.has(tools) else { return }
    try Repository.withFolder { folder in
      let outcome = try Self.shell("\(line); $PAGELEDGER analyze \"$@\" p", in: folder)
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
      #expect(outcome.errors.split(separator: "\n").count == 1)
    }
  }
}
