internal import LedgerCore

/// One capture of an input, as a store has it.
struct StoredCapture {
  var row: CaptureRow
  /// Its name, kernel and labels.
  var sighting: Sighting
  /// All its lines in full.
  var details: DetailPlace

  /// Where the line of a finding stands; of size 0 when it was not kept.
  func place(of finding: FindingRow) -> DetailPlace {
    DetailPlace(
      shard: details.shard, offset: details.offset &+ UInt64(clamping: finding.at),
      size: finding.size)
  }

  /// Where the line about the capture stands.
  var head: DetailPlace {
    let first = row.findings.first { $0.size > 0 }?.at ?? row.details
    return DetailPlace(
      shard: details.shard, offset: details.offset, size: min(first, details.size))
  }
}

extension BatchStore {
  /// Shows the captures of an input in the order of its analysis; false when it has no result yet.
  func forEachCapture(of input: BatchInput, _ body: (StoredCapture) -> Void) -> Bool {
    guard let stored = stored(input.path), place(of: stored.key) != nil else { return false }
    let labels = input.labels.map { (name: $0.name, value: $0.value) }
    forEachPart(of: stored.key) { bytes, part, shard in
      var offset = part.payload &+ UInt64(part.rows)
      bytes.forEachLine { range in
        guard let value = try? JSONReader.value(of: bytes, in: range), let row = CaptureRow(value)
        else { return }
        var sighting = Sighting()
        sighting.path = input.path + row.member
        sighting.labels = labels
        sighting.kernel = row.kernel.isEmpty ? sighting.label("kernel") : row.kernel
        let details = DetailPlace(shard: shard, offset: offset, size: row.details)
        body(StoredCapture(row: row, sighting: sighting, details: details))
        offset &+= UInt64(row.details)
      }
    }
    return true
  }

  /// What a line says; nil when it was not kept.
  func value(at place: DetailPlace) -> JSONValue? {
    let line = bytes(shard: place.shard, at: place.offset, count: place.size)
    return line.isEmpty ? nil : try? JSONReader.value(of: line)
  }

  /// The capture with the findings whose lines are asked for.
  func analysis(of capture: StoredCapture, findings: [DetailPlace]) -> Analysis? {
    analysis(head: capture.head, path: capture.sighting.path, findings: findings)
  }

  /// The same for a capture whose line is known.
  func analysis(head: DetailPlace, path: String, findings: [DetailPlace]) -> Analysis? {
    guard let value = value(at: head), var analysis = Analysis(line: value) else { return nil }
    analysis.capture.path = path
    analysis.findings = findings.compactMap { self.value(at: $0).flatMap(Finding.init) }
    return analysis
  }
}
