import LedgerCore

/// The findings and captures of a batch as columns: what the page's script reads.
///
/// Findings are rows as those of a capture; what only a batch knows stands in columns beside them.
struct IndexData {
  private var base = PageData()
  private let batch: BatchDetail
  private let captures: IndexCaptures
  private var spread: [[UInt8]] = []
  private var abouts: [[UInt8]] = []
  private var places: [[UInt8]] = []

  /// Captures of all findings that are named.
  private static let placeBytes = 1_500_000
  private static let nameLimit = 12

  /// Takes findings and captures by rank until the budget is spent.
  init(_ batch: BatchDetail, budget: inout PageBudget) {
    self.batch = batch
    // Captures get half, and findings what these leave.
    captures = IndexCaptures(batch, limit: budget.rows / 2, strings: &base.strings)
    budget.rows -= min(budget.rows, captures.size)
    var placesLeft = min(Self.placeBytes, budget.rows / 6)
    budget.rows -= placesLeft
    for place in RankedFinding.order(batch.summary.findings) {
      guard add(place, &budget) else { break }
      let part = captures.places(batch.places.indices.contains(place) ? batch.places[place] : [])
      let isFitting = placesLeft >= part.count
      placesLeft = isFitting ? placesLeft - part.count : 0
      places.append(isFitting ? part : Array("[]".utf8))
    }
  }

  /// Adds a finding; false when there is no room for its row.
  private mutating func add(_ place: Int, _ budget: inout PageBudget) -> Bool {
    let sum = batch.summary.findings[place]
    let before = base.strings.size
    let row = base.row(batch.worst(place, isFull: false).finding)
    let more = columns(sum)
    let cost = row.count + more.count + 2 + base.strings.size - before
    guard cost <= budget.rows else { return false }
    budget.rows -= cost
    base.rows.append(row)
    spread.append(more)
    guard base.details.count == base.rows.count - 1, budget.details > 0 else { return true }
    let size = base.strings.size
    let (analysis, finding) = batch.worst(place)
    let detail = base.detail(finding)
    let about = about(finding, analysis.capture, seen: sum.example.occurrences)
    let weight = detail.count + about.count + 2 + base.strings.size - size
    guard weight <= budget.details else {
      budget.details = 0
      return true
    }
    budget.details -= weight
    base.details.append(detail)
    abouts.append(about)
    return true
  }

  /// `[captures, suppressed, first, last, example, kernels, jobs, hosts, commits, pages]`; a capture is its place in the table or its name,
  /// names are places of strings, each followed by its number of captures.
  private mutating func columns(_ sum: FingerprintSum) -> [UInt8] {
    let tables = [sum.kernels, sum.jobs, sum.hosts, sum.commits].map { table in
      table.rows.prefix(Self.nameLimit).flatMap { [base.strings.place($0.name), $0.captures] }
    }
    let sightings = [sum.first, sum.last, sum.example.sighting]
    return JSONWriter.bytes { writer in
      writer.value(sum.captures)
      writer.value(sum.suppressed)
      for sighting in sightings { captures.write(sighting.path, to: &writer) }
      for table in tables { writer.array { for number in table { $0.value(number) } } }
      writer.value(exact: sum.example.pages)
    }
  }

  /// `[nanoseconds, clock, first, last, cpu, task, seen]` of the worst example; `last` behind `first`.
  private mutating func about(
    _ finding: Finding, _ capture: CaptureInfo, seen: UInt64
  ) -> [UInt8] {
    let task = base.strings.place(TaskText.name(finding.comm, finding.pid))
    return JSONWriter.bytes { writer in
      writer.value(capture.timeIsNanoseconds ? 1 : 0)
      writer.value(PageData.number(finding.clock))
      writer.value(exact: finding.firstTime)
      writer.value(exact: finding.lastTime &- finding.firstTime)
      writer.value(finding.cpu)
      writer.value(task)
      writer.value(exact: seen)
    }
  }

  /// Findings that the page shows, those with evidence, and captures that it lists.
  var shown: Int { base.shown }
  var detailed: Int { base.detailed }
  var listed: Int { captures.count }

  func object() -> [UInt8] {
    let summary = batch.summary
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("path", BatchWords.captures(summary))
      writer.member("verdict", BatchWords.verdict(summary).rawValue)
      writer.member("start", "0")
      writer.member("end", "0")
      writer.member("nanoseconds", 1)
      writer.member("total", summary.findings.count)
      if summary.comparison != nil {
        writer.key("standings")
        writer.array { writer in
          for standing in [nil, Standing.new, .known, .suppressed] {
            writer.value(BatchWords.count(summary, standing))
          }
        }
      }
      base.members(to: &writer)
      writer.key("batch")
      writer.object { writer in
        writer.member("captures", summary.captures)
        for (name, parts) in [("spread", spread), ("abouts", abouts), ("places", places)] {
          writer.key(name)
          writer.array { for part in parts { $0.raw(part) } }
        }
        writer.key("rows")
        writer.raw(captures.rows)
      }
    }
    return writer.bytes
  }
}
