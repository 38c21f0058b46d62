import CommandTestSupport
import Foundation
import LedgerInput
import Testing

/// Every byte of optimized code, as eu-addr2line and nm tell it and as we do: inlined, cloned, cold and recursive functions, DWARF 4
/// and 5, link-time optimization, packed sections, split debug files, modules with several sections of code.
///
/// Two forms of eu-addr2line (0.188) count as ours: it leaves out a row that stands where its inlined function was called,
/// and names such a row `inner inlined at file:line in outer`. In modules with DWARF 4 it finds no inlined functions, so those are
/// compared with the same code in DWARF 5. `PAGELEDGER_VMLINUX` names a kernel with debug information to try too.
@Suite struct LineDifferentialTests {
  static let memory = """
    extern int outside(int);
    extern void panic_now(int) __attribute__((noreturn, cold));
    static volatile int cell;
    struct page { int count; int order; struct page *next; };
    static inline __attribute__((always_inline)) int innermost(struct page *p, int a) {
      if (__builtin_expect(p->count == 0, 0))
        panic_now(a);
      return p->count + a;
    }
    static inline __attribute__((always_inline)) int middle(struct page *p, int a) {
      int sum = 0;
      for (int i = 0; i < a; i++)
        sum += innermost(p, i);
      return sum;
    }
    static __attribute__((noinline)) int worker(struct page *p, int a, int b) {
      int r = middle(p, a);
      if (b == 7) r += middle(p->next, a + 1);
      return r ^ cell;
    }
    __attribute__((noinline)) int first(struct page *p, int a) { return worker(p, a, 7) + outside(a); }
    __attribute__((noinline)) int second(struct page *p, int a) {
      if (p->order > 10) panic_now(p->order);
      return worker(p->next, a, 7) - outside(middle(p, a));
    }
    static int recurse(struct page *p, int depth) {
      if (!p) return depth;
      cell = depth;
      return recurse(p->next, depth + 1) + innermost(p, depth);
    }
    __attribute__((noinline)) int walk(struct page *p) { return recurse(p, 0) * 3; }
    __attribute__((section(".init.text"), noinline)) int set_up(struct page *p) { return walk(p) + middle(p, 2); }

    """
  static let start = """
    struct page;
    extern int first(struct page *, int), second(struct page *, int), walk(struct page *), set_up(struct page *);
    static volatile int other;
    static inline __attribute__((always_inline)) int twice(int a) { return a * 2 + other; }
    __attribute__((noinline)) int outside(int a) { return twice(a) ^ twice(a + 1); }
    __attribute__((noreturn, cold)) void panic_now(int a) { for (;;) other = a; }
    void _start(void) { other = first(0, 3) + second(0, 4) + walk(0) + set_up(0); for (;;) {} }

    """

  /// A folder with all forms; nil where they cannot be made.
  static let folder: URL? = {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-lines-\(ProcessInfo.processInfo.processIdentifier)")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in [("memory.c", memory), ("start.c", start)] {
      try? text.write(
        to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
    let line = """
      set -e; cd \(folder.path)
      f="gcc -O2 -g -fno-pie -ffreestanding -fno-asynchronous-unwind-tables -fno-stack-protector"
      l="-no-pie -nostdlib -static -Wl,--build-id=sha1 -Wl,--defsym=_text=0x400000"
      for d in 4 5; do $f -gdwarf-$d $l memory.c start.c -o dwarf$d; $f -gdwarf-$d -c memory.c -o dwarf$d.ko; done
      $f -flto $l memory.c start.c -o lto
      $f -gz=zlib $l memory.c start.c -o zlib
      $f -ffunction-sections -c memory.c -o sections.ko
      $f -gz=zlib -c memory.c -o zlib.ko
      xz -k dwarf5.ko; zstd -q -k dwarf5.ko
      cp dwarf5 split; objcopy --only-keep-debug split split.debug; strip split
      """
    return ElfFileTests.shell(line) == nil ? nil : folder
  }()

  /// Code of known size: `00000000004012c0 000000000000001f T first`.
  private static func functions(_ path: String) -> [(address: UInt64, size: UInt64, name: String)] {
    (ElfFileTests.shell("nm -S \(path)") ?? "").split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 4, "tTwW".contains(words[2]), let address = UInt64(words[0], radix: 16),
        let size = UInt64(words[1], radix: 16)
      else { return nil }
      return (address, size, String(words[3]))
    }
  }

  private struct Row: Equatable {
    var function: String
    var line: String
  }

  /// What eu-addr2line says of each place.
  private static func peer(_ path: String, _ places: [String]) throws -> [[Row]] {
    let list = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try (places.joined(separator: "\n") + "\n").write(
      to: list, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: list) }
    let text = try #require(
      ElfFileTests.shell("eu-addr2line -i -f -a -e \(path) <\(list.path)"))
    var answers: [[String]] = []
    for line in text.split(separator: "\n").map(String.init) {
      if line.hasPrefix("0x"), line.count == 18 {
        answers.append([])
      } else if !answers.isEmpty {
        answers[answers.count - 1].append(line)
      }
    }
    return answers.map { rows in
      stride(from: 0, to: rows.count - 1, by: 2).map { at in
        let name = rows[at].components(separatedBy: " inlined at ")[0]
        return Row(function: plain(name), line: place(rows[at + 1]))
      }
    }
  }

  private static func plain(_ name: String) -> String {
    String(name.split(separator: ".").first ?? "")
  }

  /// `/folder/mm/gup.c:142:7 (discriminator 2)` as `gup.c:142`.
  private static func place(_ text: String) -> String {
    let parts = (text.split(separator: " ").first ?? "").split(separator: ":")
    guard parts.count > 1 else { return "" }
    return (parts[0].split(separator: "/").last ?? "") + ":" + parts[1]
  }

  /// Ours without the rows that eu-addr2line leaves out: those of one line with the row before.
  private static func agree(_ ours: [Row], _ peer: [Row]) -> Bool {
    if ours == peer { return true }
    guard ours.count == peer.count + 1 else { return false }
    return ours.indices.contains { at in
      var rest = ours
      let gone = rest.remove(at: at)
      return rest == peer
        && (at > 0 && ours[at - 1].line == gone.line
          || at + 1 < ours.count && ours[at + 1].line == gone.line)
    }
  }

  @Test(
    .needs(commands: "gcc", "nm", "objcopy", "strip", "xz", "zstd", "eu-addr2line"),
    arguments: [
      ("dwarf4", "dwarf4"), ("dwarf5", "dwarf5"), ("lto", "lto"), ("zlib", "zlib"),
      ("split", "dwarf5"), ("dwarf4.ko", "dwarf5.ko"), ("dwarf5.ko", "dwarf5.ko"),
      ("dwarf5.ko.xz", "dwarf5.ko"), ("dwarf5.ko.zst", "dwarf5.ko"),
      ("zlib.ko", "zlib.ko"), ("sections.ko", "sections.ko"),
    ])
  func everyByte(name: String, whole: String) throws {
    let folder = try #require(Self.folder).path
    var debug: String?
    if name == "split" {
      let id = SymbolIDs.digits(try ElfFile(path: "\(folder)/split").buildID)
      debug = "\(folder)/debug"
      let place = "\(folder)/debug/.build-id/\(id.prefix(2))"
      _ = ElfFileTests.shell(
        "mkdir -p \(place) && cp \(folder)/split.debug \(place)/\(id.dropFirst(2)).debug")
    }
    let functions = Self.functions("\(folder)/\(whole)")
    let file = try ElfFile(path: "\(folder)/\(name)", debugFolder: debug)
    let places = functions.flatMap { row in (0..<row.size).map { (row, offset: $0) } }
    #expect(places.count > 100)
    let peer = try Self.peer(
      "\(folder)/\(whole)", places.map { "\($0.name)+0x" + String($1, radix: 16) })
    #expect(peer.count == places.count)
    var deepest = 0
    for (((address, _, function), offset), expected) in zip(places, peer) {
      let start = file.isRelocatable ? 0 : address
      let rows = file.lines(of: function, at: start, offset: offset).map {
        Row(function: Self.plain($0.function), line: Self.place("\($0.file):\($0.line)"))
      }
      #expect(Self.agree(rows, expected), "\(function)+\(offset): \(rows), \(expected)")
      deepest = max(deepest, rows.count)
    }
    // What is known of the whole program leaves little to be inlined.
    #expect(deepest >= (name == "lto" ? 1 : 3))
    guard !file.isRelocatable, name != "split" else { return }
    for (address, size, function) in functions {
      for offset in [0, size - 1] {
        #expect(file.symbols(at: [address + offset])[0]?.name == function)
      }
    }
  }

  private static let kernel: String? = ProcessInfo.processInfo.environment["PAGELEDGER_VMLINUX"]

  @Test(
    .enabled(if: LineDifferentialTests.kernel != nil, "PAGELEDGER_VMLINUX names no kernel"),
    .needs(commands: "nm", "eu-addr2line"))
  func someOfAKernel() throws {
    let path = try #require(Self.kernel)
    let file = try ElfFile(path: path)
    let functions = Self.functions(path)
    let step = max(1, functions.count / 500)
    let places = stride(from: 0, to: functions.count, by: step).map { at in
      (functions[at], offset: UInt64(at) &* 7919 % max(1, functions[at].size))
    }
    let peer = try Self.peer(
      path, places.map { "0x" + String($0.address + $1, radix: 16) })
    for (((address, _, function), offset), expected) in zip(places, peer) {
      let rows = file.lines(of: function, at: address, offset: offset).map {
        Row(function: Self.plain($0.function), line: Self.place("\($0.file):\($0.line)"))
      }
      // Code in assembler has neither lines nor a function there.
      guard !rows.isEmpty, expected.first?.function != "??" else { continue }
      #expect(
        Self.agree(rows, expected) || rows.map(\.line) == expected.map(\.line),
        "\(function)+\(offset): \(rows), \(expected)")
    }
  }
}

/// Build ids as text.
private enum SymbolIDs {
  static func digits(_ id: [UInt8]) -> String {
    id.map { String(format: "%02x", $0) }.joined()
  }
}
