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
    kept = []
    let before = strings
    take(Array(batch.captures.indices), batch.captures, &strings)
    guard size > limit else { return }
    // Paths that are neighbours share their beginning; what a row takes is known from all of them.
    let share = Double(limit) / Double(size)
    strings = before
    take(Self.choose(batch.captures, share: share * 0.95), batch.captures, &strings)
  }

  private mutating func take(
    _ numbers: [Int], _ captures: [BatchCapture], _ strings: inout PageStrings
  ) {
    kept = Array(repeating: -1, count: captures.count)
    names = [:]
    count = numbers.count
    let before = strings.size
    var last: [UInt8] = []
    var writer = JSONWriter()
    writer.array { writer in
      for (place, number) in numbers.enumerated() {
        kept[number] = Int32(place)
        names[captures[number].sighting.path] = Int32(place)
        Self.write(captures[number], &last, &strings, to: &writer)
      }
    }
    rows = writer.bytes
    size = rows.count + strings.size - before
  }

  /// A share of the captures, ascending: those without a result first, then those with findings, the worst of them first.
  private static func choose(_ captures: [BatchCapture], share: Double) -> [Int] {
    let ranks = captures.map(rank)
    let ranked = captures.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
    return ranked.prefix(Int(Double(captures.count) * share)).sorted()
  }

  private static func rank(_ capture: BatchCapture) -> Int {
    switch capture.status {
    case .crash, .timeout, .unreadable: 0
    case .findings: 10 - (capture.severity?.rank ?? 0)
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
