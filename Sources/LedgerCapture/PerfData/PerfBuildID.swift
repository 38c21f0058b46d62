import LedgerCore
import LedgerInput

/// Build ids of the kernel, of its modules and of users' programs, in perf's records.
enum PerfBuildID {
  /// In `misc` of a mapping: the place of the device and inode holds a build id (PERF_RECORD_MISC_MMAP_BUILD_ID, 5.12).
  static let inMapping: UInt16 = 1 << 14
  /// In `misc` of a build id: its length is told (PERF_RECORD_MISC_BUILD_ID_SIZE, 5.11).
  private static let hasLength: UInt16 = 1 << 15
  /// In `misc`: whose code it is; guests have kernels of their own (PERF_RECORD_MISC_CPUMODE_MASK).
  private static let modeMask: UInt16 = 7
  private static let userMode: UInt16 = 2
  private static let kernelName = Array("[kernel.".utf8)
  private static let limit = 20
  private static let moduleLimit = 1 << 12
  private static let programLimit = 1 << 14

  /// The `count` bytes of an id; none when they are all 0.
  static func bytes(_ bytes: RawSpan, _ place: Int, count: Int) -> [UInt8] {
    let end = min(place &+ min(count, limit), bytes.byteCount)
    guard place < end else { return [] }
    let id = (place..<end).map { bytes.u8($0) }
    return id.contains { $0 != 0 } ? id : []
  }

  /// Takes an entry of the table of build ids, or a record of one: tools/perf/util/build-id.c:write_buildid,
  /// tools/lib/perf/include/perf/event.h:perf_record_header_build_id (2.6.34 to 7.1).
  static func note(
    _ bytes: RawSpan, _ body: Int, _ end: Int, misc: UInt16, _ clues: inout KernelClues
  ) {
    guard body &+ 28 < end, misc & modeMask <= userMode else { return }
    let count = misc & hasLength != 0 ? Int(bytes.u8(body &+ 24)) : limit
    let id = Self.bytes(bytes, body &+ 4, count: count)
    let name = PerfChain.name(bytes, body &+ 28, end)
    if misc & modeMask == userMode {
      noteProgram(id, of: name, &clues)
    } else {
      note(id, of: name, &clues)
    }
  }

  /// Keeps the id of `[kernel.kallsyms]`, of a file `vmlinux`, or of a module.
  static func note(_ id: [UInt8], of name: [UInt8], _ clues: inout KernelClues) {
    guard !id.isEmpty else { return }
    let file = name[(name.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0)...]
    if name.starts(with: kernelName) || file.starts(with: "vmlinux".utf8) {
      if clues.buildID.isEmpty { clues.buildID = id }
    } else if let module = PerfChain.module(name), clues.moduleIDs.count < moduleLimit {
      clues.moduleIDs[module] = id
    }
  }
  /// Keeps the id of a program or a library; which of two files of one name is meant, is not known later.
  static func noteProgram(_ id: [UInt8], of name: [UInt8], _ clues: inout KernelClues) {
    guard !id.isEmpty, name.first == 0x2f, clues.programIDs.count < programLimit else { return }
    let file = name[(name.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0)...]
    let key = String(decoding: file, as: UTF8.self)
    if let known = clues.programIDs[key], known != id {
      clues.programIDs[key] = []
    } else {
      clues.programIDs[key] = id
    }
  }
}
