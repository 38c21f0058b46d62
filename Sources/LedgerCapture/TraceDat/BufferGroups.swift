import LedgerCore
import LedgerFormat
import LedgerInput

/// Buffers of a file whose events are replayed as one: those that share a clock and do not say the same twice.
struct BufferGroup: Sendable, Equatable {
  var clock: String
  /// Names of the instances, empty for the top buffer.
  var names: [String]
  /// Ids of the events of which there are records and which mean something to the replay.
  var ids: Set<UInt16>
}

extension TraceDatLayout {
  /// Puts the buffers with data into as few groups as possible, the top one first.
  ///
  /// An event that was enabled in two buffers is recorded in both: whoever replays both counts everything twice.
  func groups(_ source: ByteSource, _ records: RecordDecoder) -> [BufferGroup] {
    let filled = buffers.filter { buffer in extents.contains { $0.instance == buffer.name } }
    guard filled.count > 1 else {
      // All there is, whether or not the file says whose it is.
      let names = Set(extents.map(\.instance) + statistics.map(\.instance) + [""])
      return [BufferGroup(clock: onlyClock(filled.first), names: names.sorted(), ids: [])]
    }
    let survey = IdSurvey(self, source: source, records: records)
    var groups: [BufferGroup] = []
    for buffer in filled {
      let ids = survey.ids(of: buffer.name)
      let place = groups.firstIndex {
        $0.clock == buffer.clock && $0.ids.isDisjoint(with: ids) && sharesTime(buffer, $0)
      }
      if let place {
        groups[place].names.append(buffer.name)
        groups[place].ids.formUnion(ids)
      } else {
        groups.append(BufferGroup(clock: buffer.clock, names: [buffer.name], ids: ids))
      }
    }
    // What the top buffer lacks belongs to the file.
    if !filled.contains(where: \.name.isEmpty) { groups[0].names.insert("", at: 0) }
    return groups
  }

  /// The clock of a file with one buffer. Of an instance, trace-cmd 3.1.6 states the clock of the top buffer.
  private func onlyClock(_ buffer: TraceBuffer?) -> String {
    guard let buffer else { return clock }
    return buffer.name.isEmpty || kernelClock.isEmpty ? buffer.clock : kernelClock
  }

  /// trace-cmd names one clock for all buffers, even if an instance had another one; the clocks stopped within moments of
  /// each other.
  private func sharesTime(_ buffer: TraceBuffer, _ group: BufferGroup) -> Bool {
    let own = statistics.filter { $0.instance == buffer.name }.compactMap(\.now)
    let others = statistics.filter { group.names.contains($0.instance) }.compactMap(\.now)
    guard let first = own.min(), let last = others.max() else { return true }
    let (earlier, later) = (min(first, last), max(first, last))
    return later - earlier <= Self.stopsWithin
  }

  /// Microseconds, or units of other clocks.
  private static let stopsWithin: UInt64 = 2_000_000

  /// Only the data of one group.
  func restricted(to group: BufferGroup) -> TraceDatLayout {
    var layout = self
    layout.clock = group.clock
    layout.extents.removeAll { !group.names.contains($0.instance) }
    layout.statistics.removeAll { !group.names.contains($0.instance) }
    layout.buffers.removeAll { !group.names.contains($0.name) }
    return layout
  }
}

/// Finds out of which events a buffer holds records.
private struct IdSurvey {
  private let layout: TraceDatLayout
  private let source: ByteSource
  private let wanted: Set<UInt16>

  init(_ layout: TraceDatLayout, source: ByteSource, records: RecordDecoder) {
    self.layout = layout
    self.source = source
    wanted = Set(
      records.formats.indices
        .filter { records.kind(ofFormat: $0) != .other || records.formats[$0].isProbe }
        .compactMap { UInt16(exactly: records.formats[$0].id) })
  }

  func ids(of buffer: String) -> Set<UInt16> {
    var found: Set<UInt16> = []
    for extent in layout.extents where extent.instance == buffer {
      var stream = CpuStream(extent, source: source, bigEndian: layout.bigEndian)
      var losses = LossLedger()
      let inflater = Inflater(extent.compression)
      // What is damaged is accounted for when it is replayed.
      while (try? stream.advance(inflater, losses: &losses)) == true {
        stream.piece.withRawSpan { look($0, extent.subBuffer, &found) }
        if found.count == wanted.count { break }
      }
    }
    return found
  }

  private func look(_ bytes: RawSpan, _ size: Int, _ found: inout Set<UInt16>) {
    var at = 0
    while at &+ size <= bytes.byteCount {
      let ends = layout.page.commit(bytes, at: at, bigEndian: layout.bigEndian)
      if ends <= size &- layout.page.data {
        var walk = RecordWalk(
          bytes, ticks: 0, from: at &+ layout.page.data, count: ends, bigEndian: layout.bigEndian)
        while let payload = walk.next(bytes) {
          let id = bytes.u16(payload)
          let read = layout.bigEndian ? id.byteSwapped : id
          if wanted.contains(read) { found.insert(read) }
        }
      }
      at &+= size
    }
  }
}
