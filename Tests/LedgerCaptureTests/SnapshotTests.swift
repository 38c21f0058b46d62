import Foundation
import LedgerCore
import LedgerFormat
import LedgerInput
import Testing

@testable import LedgerCapture

/// Copies of tracefs with raw sub-buffers.
@Suite struct SnapshotTests {
  static let outline = ["100/0/107", "200/1/207", "300/0/307", "400/1/407"]

  static let parts: [(path: String, role: SnapshotPart.Role, root: String)] = [
    ("per_cpu/cpu3/trace_pipe_raw", .raw(cpu: 3, isSnapshot: false), ""),
    (
      "a/sys/kernel/tracing/per_cpu/cpu12/snapshot_raw", .raw(cpu: 12, isSnapshot: true),
      "a/sys/kernel/tracing"
    ),
    ("/x/cpu0/trace_pipe_raw.gz", .raw(cpu: 0, isSnapshot: false), "x"),
    ("x/trace_pipe_raw.cpu7", .raw(cpu: 7, isSnapshot: false), "x"),
    ("x/cpu7_trace_pipe_raw", .raw(cpu: 7, isSnapshot: false), "x"),
    ("x/per_cpu/trace_pipe_raw.4", .raw(cpu: 4, isSnapshot: false), "x"),
    ("instances/foo/per_cpu/cpu1/trace_pipe_raw", .raw(cpu: 1, isSnapshot: false), "instances/foo"),
    ("x/events/kmem/mm_page_free/format", .format(system: "kmem"), "x"),
    ("x/kmem/mm_page_free/format", .format(system: "kmem"), "x"),
    ("x/events/header_page", .headerPage, "x"), ("x/header_page", .headerPage, "x"),
    ("x/proc/kallsyms", .symbols, "x"), ("kallsyms", .symbols, ""),
    ("x/per_cpu/cpu1/stats", .stats(cpu: 1), "x"), ("x/per_cpu/cpu1/trace", .text, "x"),
    ("x/trace", .text, "x"), ("x/events/kmem/enable", .other, "x"),
  ]

  @Test(arguments: parts.indices) func partsAreKnownByPath(_ row: Int) throws {
    let expected = Self.parts[row]
    let part = try #require(SnapshotPart(path: expected.path))
    #expect(part.role == expected.role)
    #expect(part.root == expected.root)
  }

  @Test(arguments: [
    "dmesg.txt", "trace_pipe_raw", "stats", "format", "x/format", "per_cpu/cpuX/trace_pipe_raw", "",
    "cpu99999/trace_pipe_raw", "traces/trace.txt",
  ])
  func otherPathsAreNot(_ path: String) { #expect(SnapshotPart(path: path) == nil) }

  struct Copy: Sendable, CustomStringConvertible {
    var known: Set<Int>
    var named: Set<Int> = []
    var size = ""
    var total = ""
    var mask = ""
    var possible = ""
    var header = ""
    var missing: [Int]
    var description: String { "\(known) of \(named) \(size)/\(total) \(mask) \(possible)" }
  }

  static let copies = [
    Copy(known: [0, 1], missing: []), Copy(known: [0, 1], named: [0, 1, 2], missing: [2]),
    Copy(known: [0, 3], missing: [1, 2]), Copy(known: [0], mask: "3\n", missing: [1]),
    Copy(known: [0, 2], mask: "1,00000000\n", missing: Array(1...32).filter { $0 != 2 }),
    Copy(known: [0, 2], size: "1408\n", total: "2816\n", missing: []),
    Copy(known: [0], size: "7 (expanded: 1408)\n", total: "14 (expanded: 2816)\n", missing: [1]),
    Copy(known: [0, 4], size: "X\n", total: "2816\n", missing: [1, 2, 3]),
    Copy(known: [0, 4, 5], possible: "0,4-5\n", missing: []),
    Copy(known: [0, 4], possible: "0,4-5\n", missing: [5]),
    Copy(known: [0, 1], possible: "9-1\n", missing: []),
    Copy(
      known: [1], header: "# tracer: nop\n#\n# entries-in-buffer/entries-written: 1/1   #P:2\n",
      missing: [0]),
    Copy(known: [], named: [1], missing: []),
  ]

  @Test(arguments: copies) func knowsWhichCPUsAreMissing(_ copy: Copy) {
    var cpus = SnapshotCPUs()
    (cpus.known, cpus.named) = (copy.known, copy.named)
    (cpus.size, cpus.total) = (Array(copy.size.utf8), Array(copy.total.utf8))
    (cpus.mask, cpus.possible) = (Array(copy.mask.utf8), Array(copy.possible.utf8))
    cpus.online = SnapshotCPUs.online(inHeader: Array(copy.header.utf8))
    #expect(cpus.missing == copy.missing)
  }

  @Test func admitsThatACPUIsMissing() throws {
    var snapshot = SnapshotBuilder.whole(root: "x/", size: 4096, big: false)
    snapshot.remove("cpu1/trace_pipe_raw")
    snapshot.files.append(("x/per_cpu/cpu1/buffer_size_kb", Array("1408\n".utf8)))
    try withFile(snapshot.tar) { path in
      let reading = try #require(walk(path).first?.reading)
      #expect(reading.losses.map(\.code) == [.missingCPU] && reading.losses.first?.cpu == 1)
      #expect(reading.outline.contains { $0.hasSuffix("1/gap opens") }, "\(reading.outline)")
    }
  }

  static let shapes = [(4096, false), (4096, true), (8192, false), (65536, false), (65536, true)]

  @Test(arguments: ["", "snap/", "./a/sys/kernel/debug/tracing/"], shapes)
  func readsFoldersAndArchives(_ root: String, _ shape: (size: Int, big: Bool)) throws {
    var snapshot = SnapshotBuilder.whole(root: root, size: shape.size, big: shape.big)
    // In an archive the files come in any order.
    try withFile(snapshot.tar) { path in
      let found = walk(path)
      #expect(found.map(\.name) == [path])
      #expect(found.first?.reading?.outline == Self.outline, "\(found)")
      #expect(found.first?.reading?.info.kind == "tracefs snapshot (tar)")
    }
    // Without its description the layout is proven on the sub-buffers.
    snapshot.remove("header_page")
    try snapshot.withFolder { path in
      let found = walk(path)
      #expect(found.count == 1)
      let reading = try #require(found.first?.reading, "\(found)")
      #expect(reading.outline == Self.outline)
      #expect(reading.losses.isEmpty)
      #expect(reading.info.clock == "global")
      #expect(reading.info.comms[77] == "task")
      #expect(reading.info.cpus == 2)
    }
  }

  /// Sub-buffers of twice the size would hide the damaged one and every second of the others.
  @Test(arguments: [true, false], [0, 8, 16])
  func oneDamagedSubBufferDoesNotDecide(isDescribed: Bool, byte: Int) throws {
    var snapshot = SnapshotBuilder.whole()
    for file in 0..<2 {
      snapshot.files[file].bytes = SnapshotBuilder.raw((1...4).map { UInt64($0 * 100 + file) })
    }
    snapshot.files[0].bytes[4096 + byte] ^= 0xf0
    if !isDescribed { snapshot.remove("header_page") }
    try snapshot.withFolder { path in
      let reading = try #require(walk(path).first?.reading)
      #expect(reading.outline.count { !$0.contains("gap") } >= 7, "\(reading.outline)")
      #expect(!reading.losses.map(\.code).contains(.malformedFormat))
      #expect(!reading.losses.isEmpty)
    }
  }

  @Test func shortLastSubBuffers() throws {
    var snapshot = SnapshotBuilder.whole()
    // The first file lacks only zero bytes, the second one records.
    snapshot.files[0].bytes.removeLast(4000)
    snapshot.files[1].bytes.removeLast(4096 - 20)
    try snapshot.withFolder { path in
      let reading = try #require(walk(path).first?.reading)
      #expect(reading.outline == ["100/0/107", "100/0/gap opens", "200/1/207", "400/1/407"])
      #expect(reading.losses.map(\.code) == [.truncated])
      #expect(reading.losses.first?.cpu == 0)
    }
  }

  @Test func statisticsTellWhatIsMissing() throws {
    var snapshot = SnapshotBuilder.whole()
    snapshot.files.append(
      ("per_cpu/cpu0/stats", Array("entries: 5\noverrun: 9\nread events: 0\n".utf8)))
    // These were read after the sub-buffers: they do not tell.
    snapshot.files.append(
      ("per_cpu/cpu1/stats", Array("entries: 0\noverrun: 0\nread events: 50\n".utf8)))
    try snapshot.withFolder { path in
      let reading = try #require(walk(path).first?.reading)
      #expect(reading.losses.map(\.code) == [.overrun, .leftInKernel])
      #expect(reading.losses.map(\.count) == [9, 3])
    }
  }

  @Test func instancesAndSnapshotsAreCapturesOfTheirOwn() throws {
    var snapshot = SnapshotBuilder.whole(root: "s/")
    snapshot.files.append(
      ("s/instances/foo/per_cpu/cpu0/trace_pipe_raw", SnapshotBuilder.raw([900])))
    snapshot.files.append(("s/per_cpu/cpu0/snapshot_raw", SnapshotBuilder.raw([50])))
    snapshot.files.append(("s/trace", Array(CaptureTexts.trace.utf8)))
    snapshot.files.append(("s/per_cpu/cpu0/trace", Array(CaptureTexts.trace.utf8)))
    try snapshot.withFolder { path in
      let found = walk(path)
      #expect(
        found.map(\.name) == ["\(path)/s", "\(path)/s/snapshot_raw", "\(path)/s/instances/foo"])
      // The snapshots of two more CPUs are missing.
      #expect(found.map { $0.reading?.outline.count } == [4, 3, 1])
    }
    // Without raw data the text is the capture.
    snapshot.files.removeAll { $0.path.hasSuffix("_raw") }
    try snapshot.withFolder { path in
      #expect(walk(path).map(\.name) == ["\(path)/s/trace", "\(path)/s/per_cpu/cpu0/trace"])
    }
  }

  @Test func saysWhatIsMissing() throws {
    func failure(_ change: (inout SnapshotBuilder) -> Void) throws -> String {
      var snapshot = SnapshotBuilder.whole()
      change(&snapshot)
      return try snapshot.withFolder { walk($0).first?.failure ?? "" }
    }
    #expect(try failure { $0.remove("/format") }.contains("no events/*/*/format"))
    let noise = [UInt8](repeating: 0xa5, count: 9000)
    #expect(
      try failure {
        $0.remove("header_page")
        $0.files[0].bytes = noise
        $0.files[1].bytes = noise
      }.contains("no sub-buffers of a known layout"))
    #expect(
      try failure {
        for index in 0..<3 { $0.files[index].bytes = [] }
      }.contains("all 3 files of raw sub-buffers are empty"))
    // With a description, damage is accounted.
    var damaged = SnapshotBuilder.whole()
    damaged.files[0].bytes = noise
    try damaged.withFolder { path in
      let reading = try #require(walk(path).first?.reading)
      #expect(reading.losses.contains { $0.code == .corruptSubBuffer && $0.cpu == 1 })
      #expect(reading.outline.contains("100/0/107"))
    }
  }

  @Test func liveTracefsIsRefused() {
    let mounts = """
      24 31 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw
      35 24 0:12 / /sys/kernel/tracing rw shared:9 - tracefs tracefs rw
      31 1 259:2 / / rw,relatime shared:1 - ext4 /dev/root rw
      """
    #expect(FileTree.isLive(device: 12, mounts: mounts))
    #expect(!FileTree.isLive(device: 22, mounts: mounts))
    #expect(!FileTree.isLive(device: 259 << 8 | 2, mounts: mounts))
    #expect(!FileTree.isLive(device: 12, mounts: "0:12 -"))
  }

  /// Any byte of any member may be wrong, and any member may end early.
  @Test func surviveDamage() throws {
    var random = SystemRandomNumberGenerator()
    let sound = SnapshotBuilder.whole()
    for _ in 0..<200 {
      var snapshot = sound
      let file = Int.random(in: 0..<snapshot.files.count, using: &random)
      guard !snapshot.files[file].bytes.isEmpty else { continue }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = Int.random(in: 0..<min(200, snapshot.files[file].bytes.count), using: &random)
        snapshot.files[file].bytes[at] = UInt8.random(in: 0...255, using: &random)
      }
      if Bool.random() {
        let count = snapshot.files[file].bytes.count
        snapshot.files[file].bytes.removeLast(Int.random(in: 0..<count, using: &random))
      }
      var tar = snapshot.tar
      if Bool.random() {
        tar[Int.random(in: 0..<tar.count, using: &random)] = UInt8.random(in: 0...255)
      }
      try withFile(tar) { #expect(!walk($0).isEmpty) }
    }
  }
}

/// Texts that are captures.
enum CaptureTexts {
  static let trace = """
    # tracer: nop
    #
    #           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
    #              | |         |   |||||     |         |
                bash-100     [000] .....    10.000001: mm_page_free: page=0x1000 pfn=0x1000 order=0

    """
}
