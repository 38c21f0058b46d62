internal import LedgerInput

/// Where one part of a result stands in a shard.
struct ResultPart: Sendable {
  /// Where its line begins, and its rows.
  var start: UInt64
  var payload: UInt64
  var rows: Int
  var details: Int

  var end: UInt64 { payload &+ UInt64(rows) &+ UInt64(details) }
}

/// Where a whole result stands.
struct ResultPlace: Sendable {
  var shard: Int
  var parts: [ResultPart]
  /// Under which limits one of its captures failed.
  var limits: RunLimits?
}

/// One NDJSON file of results: it only grows, and what a crash left unfinished at its end is cut off when it is opened again.
final class ShardFile {
  /// Bytes of rows, or of details, in one part; more is damage.
  static let payloadLimit = 1 << 30
  /// Longest line that starts a record.
  private static let lineLimit = 1 << 20
  private static let block = 1 << 20

  let file: AppendFile
  private var buffer: [UInt8] = []
  private var base: UInt64 = 0

  init(path: String, empty: Bool = false) throws(WriteError) {
    file = try AppendFile(path: path, empty: empty)
  }

  /// Shows every whole record; returns how many bytes of the file they are.
  func scan(_ visit: (ShardRecord, ResultPart) -> Void) -> UInt64 {
    var at: UInt64 = 0
    while let line = self.line(at: at) {
      let start = Int(at &- base)
      guard let record = ShardRecord(buffer, in: start..<start + line) else { break }
      var part = ResultPart(start: at, payload: at &+ UInt64(line) &+ 1, rows: 0, details: 0)
      if case .result(let result) = record {
        part.rows = result.rows
        part.details = result.details
        let count = result.rows &+ result.details
        guard fill(part.payload, count) else { break }
        let from = Int(part.payload &- base)
        guard ContentKey.check(buffer[from..<from + count]) == result.check else { break }
      }
      visit(record, part)
      at = part.end
    }
    buffer = []
    base = 0
    return at
  }

  /// Has the bytes from `at` in the buffer; false when the file ends before.
  private func fill(_ at: UInt64, _ count: Int) -> Bool {
    if at >= base, at &+ UInt64(count) <= base &+ UInt64(buffer.count) { return true }
    buffer = file.read(at: at, count: max(count, Self.block))
    base = at
    return buffer.count >= count
  }

  /// The length of the line at a place, without its end; nil when it has none.
  private func line(at place: UInt64) -> Int? {
    var wanted = 1
    while wanted <= Self.lineLimit {
      guard fill(place, wanted) else { return nil }
      let start = Int(place &- base)
      if let end = buffer[start...].prefix(Self.lineLimit).firstIndex(of: UInt8(ascii: "\n")) {
        return end - start
      }
      wanted = max(4096, (buffer.count - start) * 2)
    }
    return nil
  }

  /// The rows of a part.
  func rows(of part: ResultPart) -> [UInt8] { file.read(at: part.payload, count: part.rows) }

  /// All bytes of a part, its line too.
  func bytes(of part: ResultPart) -> [UInt8] {
    file.read(at: part.start, count: Int(clamping: part.end &- part.start))
  }
}

extension [UInt8] {
  /// Calls `body` with the place of each line that is not empty.
  func forEachLine(_ body: (Range<Int>) -> Void) {
    var start = 0
    while start < count {
      let end = self[start...].firstIndex(of: UInt8(ascii: "\n")) ?? count
      if end > start { body(start..<end) }
      start = end + 1
    }
  }
}
