import LedgerCore

/// The captures of a batch as rows of the page, ascending by path; what does not fit is left out by rank.
struct IndexCaptures {
  /// The rows as one array of JSON.
  private(set) var rows: [UInt8] = []
  private(set) var count = 0
  /// Places in the page of captures of the batch; -1 for those left out.
  private var kept: [Int32]
  private var names: [String: Int32] = [:]
  /// Bytes of rows and strings.
  private(set) var size = 0

  init(_ batch: BatchDetail, limit: Int, strings: inout PageStrings) {
    kept = Array(repeating: -1, count: batch.captures.count)
    let before = strings.size
    for number in Self.choose(batch.captures, limit: limit).sorted() {
      kept[number] = Int32(count)
      names[batch.captures[number].sighting.path] = Int32(count)
      count += 1
    }
    var last: [UInt8] = []
    var writer = JSONWriter()
    writer.array { writer in
      for (number, capture) in batch.captures.enumerated() where kept[number] >= 0 {
        Self.write(capture, &last, &strings, to: &writer)
      }
    }
    rows = writer.bytes
    size = rows.count + strings.size - before
  }

  /// Those without a result first, then those with findings, the worst of them first.
  private static func choose(_ captures: [BatchCapture], limit: Int) -> [Int] {
    let rough = captures.map { $0.sighting.path.utf8.count + $0.error.utf8.count + 40 }
    guard rough.reduce(0, +) > limit else { return Array(captures.indices) }
    let ranks = captures.map(rank)
    var left = limit
    return captures.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }.filter {
      // Paths that are neighbours share their beginning; how much is not known before the choice.
      left -= rough[$0] * 3 / 4
      return left >= 0
    }
  }

  private static func rank(_ capture: BatchCapture) -> Int {
    switch capture.status {
    case .crash, .timeout, .unreadable: 0
    case .findings: 10 - (capture.severity.flatMap { Severity.allCases.firstIndex(of: $0) } ?? 0)
    case .incomplete: 20
    case .ok: 30
    }
  }

  /// `[shared, rest, status, severity, findings, kernel, job, host, date, error]`: `shared` characters of the path stand in the row before;
  /// severity from 1, 0 for none.
  private static func write(
    _ capture: BatchCapture, _ last: inout [UInt8], _ strings: inout PageStrings,
    to writer: inout JSONWriter
  ) {
    let path = Array(capture.sighting.path.shownWhole.utf8)
    var shared = 0
    // Only ASCII is shared, so that bytes are characters.
    while shared < min(last.count, path.count), last[shared] == path[shared], path[shared] < 0x80 {
      shared += 1
    }
    let rest = String(decoding: path[shared...], as: UTF8.self)
    last = path
    let labels = ["job", "host", "date"].map { strings.place(capture.sighting.label($0)) }
    let kernel = strings.place(capture.sighting.kernel)
    let error = strings.place(capture.error)
    writer.array { writer in
      writer.value(shared)
      writer.value(rest)
      writer.value(CaptureStatus.allCases.firstIndex(of: capture.status) ?? 0)
      writer.value(
        capture.severity.flatMap { Severity.allCases.firstIndex(of: $0) }.map { $0 + 1 } ?? 0)
      writer.value(capture.findings)
      writer.value(kernel)
      for label in labels { writer.value(label) }
      writer.value(error)
    }
  }

  /// A capture by its place, or by its name when it is left out.
  func write(_ path: String, to writer: inout JSONWriter) {
    if let place = names[path] { writer.value(place) } else { writer.value(path.shownWhole) }
  }

  /// Places of captures, each behind the one before.
  func places(_ numbers: [UInt32]) -> [UInt8] {
    var last = 0
    return JSONWriter.bytes { writer in
      for number in numbers {
        let place = Int(kept[Int(number)])
        guard place >= 0 else { continue }
        writer.value(place - last)
        last = place
      }
    }
  }
}
