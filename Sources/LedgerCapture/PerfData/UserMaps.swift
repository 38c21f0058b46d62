import LedgerCore
import LedgerInput

/// Where programs and libraries lay in the memory of processes, so that a user's address becomes `qemu-system-x86_64+0x1234`.
///
/// The offset is that in the file, as `perf script -F +dsoff` prints it. Times keep apart what a process mapped before and after
/// `exec`, whichever CPU's records are read first. Nothing is asked of the files themselves.
struct UserMaps {
  private struct Map {
    var time: UInt64
    var start: UInt64 = 0
    var size: UInt64 = 0
    var offset: UInt64 = 0
    /// The word of a name without its offset; 0 for a process that begins anew.
    var word: UInt64 = 0
  }

  private struct Process {
    var maps: [Map] = []
    var parent: Int32 = -1
    var forked: UInt64 = 0
  }

  /// In `misc` of a mapping: it is of data (PERF_RECORD_MISC_MMAP_DATA).
  private static let isData: UInt16 = 1 << 13
  /// In `misc` of a name: it is that of a program that starts (PERF_RECORD_MISC_COMM_EXEC).
  static let isExec: UInt16 = 1 << 13
  private static let limit = 1 << 17
  private static let reach = 1 << 10
  private static let memoLimit = 1 << 14
  private static let generations = 8

  private var processes: [Int32: Process] = [:]
  private var count = 0
  /// Numbers of chains that were named before, for samples that are newer than all mappings.
  private var memo: [UInt64: UInt32] = [:]
  private var latest: UInt64 = 0

  /// Takes a mapping of a process: PERF_RECORD_MMAP and MMAP2 of include/uapi/linux/perf_event.h.
  mutating func note(
    _ bytes: RawSpan, _ body: Int, _ end: Int, isNewer: Bool, misc: UInt16, time: UInt64,
    _ swapped: Bool, _ chains: StackStore
  ) {
    let place = body &+ (isNewer ? 64 : 32)
    let process = Int32(bitPattern: bytes.word32(body, swapped))
    guard place < end, process >= 0, misc & Self.isData == 0, count < Self.limit else { return }
    let path = PerfChain.name(bytes, place, end)
    let name = path[(path.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0)...]
    guard !name.isEmpty, path.first == 0x2f && !path.starts(with: "//".utf8) || path.first == 0x5b
    else { return }
    var map = Map(time: time)
    map.start = bytes.word64(body &+ 8, swapped)
    map.size = bytes.word64(body &+ 16, swapped)
    map.offset = path.first == 0x5b ? 0 : bytes.word64(body &+ 24, swapped)
    map.word = chains.word(of: String(decoding: name, as: UTF8.self))
    guard map.word != 0 else { return }
    append(map, to: process)
  }

  /// A program starts in a process: what lay in its memory is gone.
  mutating func exec(_ process: Int32, at time: UInt64) {
    guard process >= 0, count < Self.limit else { return }
    append(Map(time: time), to: process)
  }

  /// A process starts with the memory of its parent.
  mutating func fork(_ process: Int32, parent: Int32, at time: UInt64) {
    guard process != parent, process >= 0, count < Self.limit else { return }
    append(Map(time: time), to: process)
    processes[process]?.parent = parent
    processes[process]?.forked = time
  }

  private mutating func append(_ map: Map, to process: Int32) {
    count += 1
    latest = max(latest, map.time)
    processes[process, default: Process()].maps.append(map)
    if !memo.isEmpty { memo.removeAll(keepingCapacity: true) }
  }

  /// The number of a user's chain, with names where a mapping is known.
  mutating func number(
    of chain: [UInt64], process: Int32, at time: UInt64, _ chains: StackStore
  ) -> UInt32 {
    guard !chain.isEmpty, !processes.isEmpty else { return chains.userNumber(of: chain) }
    var key = UInt64(truncatingIfNeeded: process) &* 0x9e37_79b9_7f4a_7c15
    for word in chain {
      key = (key ^ word) &* 0x9e37_79b9_7f4a_7c15
      key ^= key >> 29
    }
    let isSettled = time >= latest
    if isSettled, let number = memo[key] { return number }
    let number = chains.userNumber(of: chain.map { word(of: $0, process, time) })
    if isSettled, memo.count < Self.memoLimit { memo[key] = number }
    return number
  }

  private func word(of address: UInt64, _ process: Int32, _ time: UInt64) -> UInt64 {
    var (process, time) = (process, time)
    for _ in 0..<Self.generations {
      guard let entry = processes[process] else { return address }
      var begins = false
      for map in entry.maps.reversed().prefix(Self.reach) where map.time <= time {
        guard map.word != 0 else {
          // A fork leaves the memory of the parent, exec does not.
          begins = map.time != entry.forked || entry.parent < 0
          break
        }
        guard address &- map.start < map.size else { continue }
        return StackTable.word(map.word, offset: address &- map.start &+ map.offset) ?? address
      }
      guard !begins, entry.parent >= 0 else { return address }
      time = min(time, entry.forked)
      process = entry.parent
    }
    return address
  }
}
