import Foundation
import LedgerCore
import LedgerInput
import Testing

/// Compares what libelf and libdw say with nm and addr2line, on programs that are built here.
@Suite struct ElfFileTests {
  static let source = """
    static volatile int cell;
    static inline __attribute__((always_inline)) int inner(int a) {
      cell += a;
      return cell * 3;
    }
    static inline __attribute__((always_inline)) int middle(int a) {
      return inner(a) + 1;
    }
    __attribute__((noinline)) int outer(int a) {
      return middle(a) - 2;
    }
    __attribute__((noinline)) static int other(int a) { return outer(a) ^ cell; }
    void _start(void) { cell = other(5); for (;;) {} }

    """

  /// The program, linked and as an object; nil without a compiler.
  static let built: (folder: URL, program: URL, object: URL)? = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-elf-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try? source.write(
      to: folder.appendingPathComponent("p.c"), atomically: true, encoding: .utf8)
    let flags = "-g -O1 -fno-pie -ffreestanding -fno-asynchronous-unwind-tables"
    let line = """
      cd \(folder.path) && gcc \(flags) -c p.c -o p.ko && gcc \(flags) -no-pie -nostdlib -static \
      -Wl,--build-id=sha1 -Wl,--defsym=_text=0x400000 p.c -o p && gcc \(flags) -gz -c p.c -o z.ko && xz -k p.ko && \
      objcopy --only-keep-debug p p.debug && objcopy --strip-debug p stripped && cp stripped packed && \
      zstd -q -k p.ko && { objcopy --compress-debug-sections=zlib-gnu p.ko g.ko; \
      objcopy --compress-debug-sections=zstd p.ko s.ko; \
      objcopy --compress-debug-sections=zlib p.debug q.debug; \
      objcopy --compress-debug-sections=zstd p.debug q.debug; true; }
      """
    guard shell(line) != nil else { return nil }
    return (folder, folder.appendingPathComponent("p"), folder.appendingPathComponent("p.ko"))
  }()

  static func shell(_ line: String) -> String? {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", line]
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return nil }
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0 ? String(decoding: bytes, as: UTF8.self) : nil
  }

  /// Functions by address, as nm prints them.
  static func functions(_ file: URL) -> [(address: UInt64, name: String)] {
    (shell("nm -n \(file.path)") ?? "").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 3, "tT".contains(words[1]), let address = UInt64(words[0], radix: 16)
      else { return nil }
      return (address, String(words[2]))
    }
  }

  @Test(.enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed")) func symbolsEqualNm()
    throws
  {
    guard let built = Self.built else { return }
    let file = try ElfFile(path: built.program.path)
    let functions = Self.functions(built.program)
    #expect(functions.count == 3)
    for (address, name) in functions {
      for offset in [0, 1, 4] as [UInt64] {
        let found = file.symbols(at: [address + offset])
        #expect(found.map { $0?.name } == [name])
        #expect(found[0]?.address == address)
      }
      #expect(file.address(of: name) == address)
    }
    #expect(file.symbols(at: [1, functions[0].address, .max])[0] == nil)
    #expect(file.buildID.count == 20)
    #expect(!file.isRelocatable)
  }

  @Test(
    .enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"),
    arguments: [
      "p", "p.ko", "z.ko", "g.ko", "s.ko", "p.ko.xz", "p.ko.zst", "stripped", "packed",
    ])
  func linesEqualAddr2line(name: String) throws {
    guard let built = Self.built else { return }
    let path = built.folder.appendingPathComponent(name).path
    // Old binutils do not know every form.
    guard FileManager.default.fileExists(atPath: path) else {
      return print("skipped: binutils or zstd could not make \(name)")
    }
    var debug: String?
    if name == "stripped" || name == "packed" {
      let id = try ElfFile(path: path).buildID.map { String(format: "%02x", $0) }.joined()
      let place = "\(built.folder.path)/debug-\(name)/.build-id/\(id.prefix(2))"
      let isPacked = name == "packed" && Self.shell("test -s \(built.folder.path)/q.debug") != nil
      let source = isPacked ? "q.debug" : "p.debug"
      _ = Self.shell(
        "mkdir -p \(place) && cp \(built.folder.path)/\(source) \(place)/\(id.dropFirst(2)).debug")
      #expect(try ElfFile(path: path).lines(of: "outer", offset: 4).isEmpty)
      debug = "\(built.folder.path)/debug-\(name)"
    }
    let file = try ElfFile(path: path, debugFolder: debug)
    let peer = name.contains("ko") ? built.object : built.program
    var inlined = 0
    for (address, function) in Self.functions(peer) {
      for offset in 0..<24 as Range<UInt64> {
        let text =
          Self.shell(
            "addr2line -i -f -e \(peer.path) \(name.contains("ko") ? "-j .text " : "")"
              + String(address + offset, radix: 16)) ?? ""
        let rows = text.split(separator: "\n").map(String.init)
        guard rows.count > 1, rows[rows.count - 2] == function, !text.contains("?") else {
          continue
        }
        let expected = stride(from: 1, to: rows.count, by: 2).map { row in
          "p.c:" + (rows[row].split(separator: ":").last?.split(separator: " ").first ?? "")
        }
        let lines = file.lines(of: function, offset: offset)
        #expect(lines.map { "\($0.file):\($0.line)" } == expected, "\(function)+\(offset)")
        #expect(lines.map(\.function) == stride(from: 0, to: rows.count, by: 2).map { rows[$0] })
        inlined = max(inlined, lines.count)
      }
    }
    #expect(inlined == 3)
  }

  @Test(.enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"))
  func modulesCountFromTheStartOfTheirCode() throws {
    guard let built = Self.built else { return }
    let file = try ElfFile(path: built.object.path)
    #expect(file.isRelocatable)
    for (address, name) in Self.functions(built.object) {
      #expect(file.symbols(at: [address + 2])[0]?.name == name)
    }
  }

  /// Sections that were packed by zstd, with damage in them.
  @Test(.enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"))
  func damagedPackedSectionsAreHarmless() throws {
    guard let built = Self.built,
      let data = try? Data(contentsOf: built.folder.appendingPathComponent("s.ko"))
    else { return }
    let path = built.folder.appendingPathComponent("damaged-s.ko")
    var state: UInt64 = 11
    for _ in 0..<200 {
      var copy = [UInt8](data)
      for _ in 0..<8 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        copy[Int(state >> 33) % copy.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      try Data(copy).write(to: path)
      _ = try? ElfFile(path: path.path).lines(of: "outer", offset: 4)
    }
  }

  /// Damaged files have no answers, or wrong ones, and never end the program.
  @Test(
    .enabled(if: ElfFileTests.built != nil, "gcc or xz is not installed"),
    arguments: [1, 2, 3] as [UInt64])
  func damagedFilesAreHarmless(seed: UInt64) throws {
    guard let built = Self.built else { return }
    var state = seed &* 0x9e37_79b9_7f4a_7c15
    func random(_ limit: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(truncatingIfNeeded: state >> 33) % max(1, limit)
    }
    let bytes = [UInt8](try Data(contentsOf: seed == 2 ? built.object : built.program))
    let path = built.folder.appendingPathComponent("damaged-\(seed)")
    for round in 0..<150 {
      var copy = bytes
      if round % 5 == 0 { copy.removeLast(random(copy.count)) }
      for _ in 0..<(1 + random(12)) where !copy.isEmpty {
        let place = round % 3 == 0 ? random(min(64, copy.count)) : random(copy.count)
        copy[place] = UInt8(truncatingIfNeeded: random(256))
      }
      try Data(copy).write(to: path)
      guard let file = try? ElfFile(path: path.path) else { continue }
      _ = file.buildID
      _ = file.address(of: "outer")
      _ = file.symbols(at: [0, 0x401000, 0x401010, .max])
      for offset in [0, 5, 1 << 40] as [UInt64] { _ = file.lines(of: "outer", offset: offset) }
    }
    #expect(throws: CaptureError.self) { try ElfFile(path: built.folder.path + "/p.c") }
  }
}
