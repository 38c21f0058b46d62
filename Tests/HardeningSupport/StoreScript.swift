import LedgerInput

/// The folder of a batch: lines of rows and details, under headers that fit them.
struct StoreScript {
  private var choices: Choices

  init(_ bytes: [UInt8]) { choices = Choices(bytes) }

  static let ruleSet = "fuzz"

  /// Parts are between lines of `----`: rows, a line of `--`, details; a part that begins with `{"kind":"input"` stands for itself.
  mutating func files() -> [FolderScript.File] {
    let isLoose = choices.flag()
    var shard: [UInt8] = []
    let key = String(repeating: "0", count: 31) + "1"
    for part in Self.split(choices.rest, "----\n") {
      guard !part.starts(with: Array(#"{"kind":"#.utf8 + Array("\"input".utf8))) else {
        shard += part
        continue
      }
      let halves = Self.split(part, "--\n")
      let (rows, details) = (halves.first ?? [], halves.dropFirst().flatMap { $0 })
      let check = ContentKey.digits(ContentKey.check((rows + details)[...]))
      let head =
        #"{"kind":"result","key":"\#(key)","part":0,"last":true,"rows":\#(rows.count),"#
        + #""details":\#(details.count),"check":"\#(check)"}"# + "\n"
      shard += Array(head.utf8) + rows + details
    }
    shard += Array(#"{"kind":"input","path":"a","key":"\#(key)","run":1}"#.utf8) + [10]
    let summary =
      #"{"schema":"pageledger.batch/1","complete":true,"ruleSet":"\#(Self.ruleSet)"}"# + "\n"
    return [
      ("summary.json", Array(summary.utf8)),
      (isLoose ? "worker-000.ndjson" : "results.ndjson", shard),
    ]
  }

  private static func split(_ bytes: [UInt8], _ line: String) -> [[UInt8]] {
    let mark = Array(line.utf8)
    var parts: [[UInt8]] = [[]]
    for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
      if line + [10] == mark[...] {
        parts.append([])
      } else {
        parts[parts.count - 1] += line + [10]
      }
    }
    return parts
  }
}
