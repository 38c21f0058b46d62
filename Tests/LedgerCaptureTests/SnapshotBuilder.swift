import Foundation
import LedgerCore

@testable import LedgerCapture

/// The files of a copied tracefs, by path, and folders made of them.
struct SnapshotBuilder {
  var files: [(path: String, bytes: [UInt8])] = []

  /// Sub-buffers of `size` bytes with one mm_page_free each, at these times.
  static func raw(
    _ times: [UInt64], size: Int = 4096, big: Bool = false, pfn: UInt64 = 7
  ) -> [UInt8] {
    times.flatMap { time in
      var page = SubBufferBuilder(time: time, big: big)
      page.size = size
      page.free(pfn: pfn &+ time)
      return page.bytes
    }
  }

  static func header(size: Int) -> [UInt8] {
    Array(
      TraceDatBuilder.headerPage.replacingOccurrences(of: "size:1008", with: "size:\(size - 16)")
        .utf8)
  }

  /// All that a snapshot needs, below `root`.
  static func whole(root: String = "", size: Int = 4096, big: Bool = false) -> SnapshotBuilder {
    SnapshotBuilder(files: [
      (root + "per_cpu/cpu1/trace_pipe_raw", raw([200, 400], size: size, big: big)),
      (root + "per_cpu/cpu0/trace_pipe_raw", raw([100, 300], size: size, big: big)),
      (root + "per_cpu/cpu2/trace_pipe_raw", []),
      (root + "events/header_page", header(size: size)),
      (root + "events/kmem/mm_page_free/format", Array(TraceDatBuilder.freeFormat.utf8)),
      (root + "trace_clock", Array("local [global] counter\n".utf8)),
      (root + "saved_cmdlines", Array("77 task\n".utf8)),
    ])
  }

  mutating func remove(_ ending: String) { files.removeAll { $0.path.hasSuffix(ending) } }

  /// Writes the files into a new folder.
  func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: root) }
    for file in files {
      let url = root.appendingPathComponent(file.path)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(file.bytes).write(to: url)
    }
    return try body(root.path)
  }

  /// The files as an archive that tar would make, in their order.
  var tar: [UInt8] {
    files.flatMap { file in
      var header = [UInt8](repeating: 0, count: 512)
      func put(_ text: String, at place: Int) {
        for (index, byte) in text.utf8.enumerated() { header[place + index] = byte }
      }
      put(String(file.path.prefix(99)), at: 0)
      put("0000644\0", at: 100)
      let digits = String(file.bytes.count, radix: 8)
      put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
      put("        0", at: 148)
      put("ustar\u{0}00", at: 257)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", at: 148)
      let filling = (512 - file.bytes.count % 512) % 512
      return header + file.bytes + Array(repeating: 0, count: filling)
    } + Array(repeating: 0, count: 1024)
  }
}

/// What a walk from a path shows: names, and what each capture says or why it cannot be read.
func walk(_ path: String) -> [(name: String, reading: Reading?, failure: String)] {
  var found: [(name: String, reading: Reading?, failure: String)] = []
  CaptureWalk(path: path, detail: .replay).forEach { capture in
    do {
      found.append((capture.name, try read(capture), ""))
    } catch {
      found.append((capture.name, nil, (error as? CaptureError)?.message ?? "\(error)"))
    }
    return true
  }
  return found
}

func read(_ capture: FoundCapture) throws -> Reading {
  let reader = try capture.open(.replay)
  var batch = EventBatch()
  var reading = Reading(info: reader.info, losses: [])
  while try reader.next(&batch) { reading.events += batch.events }
  reading.info = reader.info
  reading.losses = reader.losses.rows
  return reading
}
