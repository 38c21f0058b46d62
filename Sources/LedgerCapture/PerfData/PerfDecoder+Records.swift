import LedgerCore
import LedgerInput

/// Records that are no samples.
extension PerfDecoder {
  /// Takes what the kernel says about lost events (include/uapi/linux/perf_event.h, 6.18).
  mutating func takeLoss(
    _ type: UInt32, _ bytes: RawSpan, _ body: Int, _ end: Int, _ offset: UInt64
  ) {
    let place = type == PerfRecord.lost ? body &+ 8 : body
    guard place &+ 8 <= end else {
      losses.add(.malformedEvent, detail: "a record of lost events at offset \(offset)")
      return openAll()
    }
    var number = bytes.word64(place, swapped)
    // A count that no trace reaches is garbage.
    if number >= 1 << 48 { number = 0 }
    let shape = meanings[0].shape
    let trailer = shape.trailer(bytes, from: place &+ 8, to: end, swapped: swapped)
    let id = type == PerfRecord.lost ? bytes.word64(body, swapped) : trailer.id
    let cpu = trailer.cpu.flatMap { UInt16(exactly: $0) } ?? cpuOfID[id]
    if type == PerfRecord.lostSamples, trailer.time == 0, let cpu {
      return darkness.summarize(cpu: cpu, number)
    }
    losses.add(
      number > 0 ? .lostEvents : .lostUnknown, count: max(number, 1), cpu: cpu.map { Int($0) },
      detail: "at time \(trailer.time)")
    guard let cpu else { return openAll() }
    darkness.tell(cpu: cpu, number)
    enterGap(cpu: cpu, missing: number)
  }

  /// Takes the new name of a task.
  mutating func takeComm(_ bytes: RawSpan, _ body: Int, _ end: Int, misc: UInt16) {
    guard body &+ 8 < end else { return }
    let tid = Int32(bitPattern: bytes.word32(body &+ 4, swapped))
    var name: [UInt8] = []
    var at = body &+ 8
    while at < end, name.count < 64, bytes.u8(at) != 0 {
      name.append(bytes.u8(at))
      at &+= 1
    }
    let trailer = meanings[0].shape.trailer(bytes, from: at, to: end, swapped: swapped)
    queue.rename(.name(tid, String(decoding: name, as: UTF8.self)), at: trailer.time)
    guard misc & UserMaps.isExec != 0 else { return }
    maps.exec(Int32(bitPattern: bytes.word32(body, swapped)), at: trailer.time)
  }

  /// Takes the start of a task.
  mutating func takeFork(_ bytes: RawSpan, _ body: Int, _ end: Int) {
    guard body &+ 16 <= end else { return }
    let tid = Int32(bitPattern: bytes.word32(body &+ 8, swapped))
    let parent = Int32(bitPattern: bytes.word32(body &+ 12, swapped))
    let trailer = meanings[0].shape.trailer(bytes, from: body &+ 16, to: end, swapped: swapped)
    queue.rename(.fork(child: tid, parent: parent), at: trailer.time)
    maps.fork(
      Int32(bitPattern: bytes.word32(body, swapped)),
      parent: Int32(bitPattern: bytes.word32(body &+ 4, swapped)), at: trailer.time)
  }

  /// Takes where a process mapped a program or a library.
  mutating func takeMapping(
    _ bytes: RawSpan, _ body: Int, _ end: Int, isNewer: Bool, misc: UInt16
  ) {
    guard body &+ 32 < end else { return }
    let trailer = meanings[0].shape.trailer(bytes, from: body &+ 32, to: end, swapped: swapped)
    maps.note(
      bytes, body, end, isNewer: isNewer, misc: misc, time: trailer.time, swapped, chains)
  }

  /// Ties a sample's call chain to the event that is entered next.
  mutating func enterChain(_ bytes: RawSpan, _ chain: Range<Int>, _ sample: PerfSample) {
    let frames = PerfChain.frames(bytes, chain, swapped: swapped)
    let user = maps.number(of: frames.user, process: sample.process, at: sample.time, chains)
    queue.enterChain(StackTable.joined(chains.number(of: frames.kernel), user))
  }

  /// Takes the CPUs of events' numbers.
  mutating func takeIndex(_ bytes: RawSpan, _ body: Int, _ end: Int) {
    var at = body &+ 8
    guard at <= end else { return }
    let count = Int(clamping: bytes.word64(body, swapped))
    for _ in 0..<min(count, (end &- at) / 32) {
      if let cpu = UInt16(exactly: bytes.word64(at &+ 16, swapped)), cpuOfID.count < Self.idLimit {
        cpuOfID[bytes.word64(at, swapped)] = cpu
      }
      at &+= 32
    }
  }
}
