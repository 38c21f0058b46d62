import LedgerCore
import LedgerFormat
import LedgerSymbols

/// Finds the formats of a snapshot that has none: the kernel's symbols tell the order of the events' ids, and the records where
/// in it they are.
///
/// An order is laid over the ids so that every record of an event whose layout is known looks like it. It is believed only if one
/// single place fits, and if that place rests on records that look like no other event's.
struct FormatRecovery {
  /// Ids that the kernel gives away before the first event's, at most (`__TRACE_LAST_TYPE`, kernel/trace/trace.h).
  private static let firstID = 48
  /// Events of the kernel itself that are listed and take no id (kernel/trace/trace_entries.h).
  private static let fixedEvents = 32

  /// More ids, or more events of one name, are no kernel's: looking for their place would take long.
  private static let idLimit = 4096
  private static let knownLimit = 32

  private let runs: [EventRun]
  private let census: RecordCensus

  init(_ runs: [EventRun], _ census: RecordCensus) {
    self.runs = runs
    self.census = census
  }

  /// Formats of all ids that are certain, by id.
  func formats() -> [EventFormat] {
    var found: [Int: EventFormat] = [:]
    var last = 0
    var known = 0
    guard census.rows.count <= Self.idLimit else { return [] }
    for run in runs {
      let events = Self.known(in: run)
      known += events.count
      guard known <= Self.knownLimit, let start = start(of: run, events) else { continue }
      // Ids rise with the place in the list; modules come behind the kernel.
      guard start > last else { return [] }
      last = start + run.names.count - 1
      for (place, name) in run.names.enumerated() {
        let id = start + place
        guard let row = UInt16(exactly: id), census.rows[row] != nil else { continue }
        let layout = Self.kind(of: name).flatMap { census.layout(of: $0, id: row) }
        found[id] = layout?.format(id: id) ?? KnownLayout.bare(name, id: id)
      }
    }
    for id in census.rows.keys where found[Int(id)] == nil {
      guard let kind = census.probe(id: id) else { continue }
      found[Int(id)] = KnownLayout.probe(kind, id: Int(id))
    }
    return found.keys.sorted().compactMap { found[$0] }
  }

  private static func kind(of name: String) -> EventKind? {
    KnownLayout.all.first { $0.kind.name == name }?.kind
  }

  private static func known(in run: EventRun) -> [(place: Int, kind: EventKind)] {
    run.names.enumerated().compactMap { place, name in
      kind(of: name).map { (place: place, kind: $0) }
    }
  }

  /// The id of the first event of a run, nil when the records do not prove one.
  private func start(of run: EventRun, _ known: [(place: Int, kind: EventKind)]) -> Int? {
    guard !known.isEmpty else { return nil }
    var starts: Set<Int> = []
    for id in census.rows.keys {
      for (place, kind) in known where census.weight(of: kind, id: id) != nil {
        starts.insert(Int(id) - place)
      }
    }
    // The place where most events have the right size must be the one where they also look right.
    let weights = starts.filter { isPossible($0, run) }.compactMap { start in
      weight(start, known).map { (start: start, weight: $0) }
    }
    guard let best = weights.map(\.weight).max(), best >= 2 else { return nil }
    let fitting = weights.filter { $0.weight == best && looksRight($0.start, known) }
    return fitting.count == 1 ? fitting[0].start : nil
  }

  private func isPossible(_ start: Int, _ run: EventRun) -> Bool {
    guard start > 0 else { return false }
    if run.isModule { return true }
    let least = run.place - run.systemCalls - Self.fixedEvents
    return (least...(run.place + Self.firstID)).contains(start)
  }

  /// How much speaks for a start; nil when records of a known event have another size.
  private func weight(_ start: Int, _ known: [(place: Int, kind: EventKind)]) -> Int? {
    var sum = 0
    for (place, kind) in known {
      guard let id = UInt16(exactly: start + place), census.rows[id] != nil else { continue }
      guard let weight = census.weight(of: kind, id: id) else { return nil }
      sum += weight
    }
    return sum
  }

  private func looksRight(_ start: Int, _ known: [(place: Int, kind: EventKind)]) -> Bool {
    known.allSatisfy { place, kind in
      guard let id = UInt16(exactly: start + place), census.rows[id] != nil else { return true }
      return census.layout(of: kind, id: id) != nil
    }
  }
}
