import Foundation

/// Bytes in either order.
struct Bytes {
  var data: [UInt8] = []
  var big = false

  mutating func put<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: big ? value.bigEndian : value.littleEndian) { data.append(contentsOf: $0) }
  }

  mutating func put(_ text: String) { data += Array(text.utf8) }
}

/// One sub-buffer, built record by record.
struct SubBufferBuilder {
  var big = false
  var size = 1024
  var time: UInt64
  var body = Bytes()
  /// nil: nothing missed; 0: unknown; else stored.
  var missed: UInt64?
  /// Overrides the commit word.
  var commit: UInt64?

  init(time: UInt64, big: Bool = false, missed: UInt64? = nil) {
    self.time = time
    self.big = big
    self.missed = missed
    body.big = big
  }

  mutating func head(_ type: UInt32, _ delta: UInt32) {
    body.put(big ? type << 27 | delta : delta << 5 | type)
  }

  /// A mm_page_free record: id, flags, preempt, pid, pfn, order.
  mutating func free(pfn: UInt64, delta: UInt32 = 0, order: UInt32 = 0, longForm: Bool = false) {
    if longForm {
      head(0, delta)
      body.put(UInt32(4 + 20))
    } else {
      head(5, delta)
    }
    body.put(UInt16(11))
    body.put(UInt8(0))
    body.put(UInt8(0))
    body.put(Int32(77))
    body.put(pfn)
    body.put(order)
  }

  mutating func extend(_ ticks: UInt64) {
    head(30, UInt32(ticks & 0x7ff_ffff))
    body.put(UInt32(ticks >> 27))
  }

  mutating func stamp(_ ticks: UInt64) {
    head(31, UInt32(ticks & 0x7ff_ffff))
    body.put(UInt32(truncatingIfNeeded: ticks >> 27))
  }

  mutating func discard(delta: UInt32, size: UInt32) {
    head(29, delta)
    body.put(size)
    body.data += Array(repeating: 0xaa, count: Int(size) - 4)
  }

  var bytes: [UInt8] {
    var page = Bytes()
    page.big = big
    page.put(time)
    var word = UInt64(body.data.count)
    if let missed {
      // The kernel adds negative ints: the upper half becomes all ones.
      word |= 0xffff_ffff_8000_0000
      if missed > 0 { word |= 0x4000_0000 }
    }
    page.put(commit ?? word)
    page.data += body.data
    if let missed, missed > 0 { page.put(missed) }
    page.data += Array(repeating: 0, count: max(0, size - page.data.count))
    return page.data
  }
}

/// A whole trace.dat in memory.
struct TraceDatBuilder {
  enum Packing { case none, zlib, zstd }

  var big = false
  var packing = Packing.none
  var emptyVersion = false
  /// Sub-buffers by CPU.
  var cpus: [(cpu: Int, pages: [[UInt8]])] = []
  /// Extra options before the data.
  var options: [(id: UInt16, data: [UInt8])] = []
  /// Sub-buffers of an instance, on CPU 0.
  var instance: [[UInt8]] = []
  /// What version 7 says of its one buffer.
  var bufferName = ""
  var bufferClock = "x"
  /// As `header_page` says it; the file says 1024 everywhere else.
  var subBufferSize = 1024
  /// What a latency tracer printed, in place of the data; version 7 only.
  var text = ""

  static let headerPage = """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:1008;\tsigned:1;

    """

  private var headerPage: String {
    Self.headerPage.replacingOccurrences(of: "size:1008", with: "size:\(subBufferSize - 16)")
  }

  static let freeFormat = """
    name: mm_page_free
    ID: 11
    format:
    \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
    \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
    \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
    \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

    \tfield:unsigned long pfn;\toffset:8;\tsize:8;\tsigned:0;
    \tfield:unsigned int order;\toffset:16;\tsize:4;\tsigned:0;

    print fmt: "pfn=0x%lx order=%d", REC->pfn, REC->order

    """

  var headers: [UInt8] {
    var out = Bytes()
    out.big = big
    out.put("header_page\0")
    out.put(UInt64(headerPage.utf8.count))
    out.put(headerPage)
    out.put("header_event\0")
    out.put(UInt64(0))
    return out.data
  }

  var formats: [UInt8] {
    var out = Bytes()
    out.big = big
    out.put(UInt32(1))
    out.put("kmem\0")
    out.put(UInt32(1))
    out.put(UInt64(Self.freeFormat.utf8.count))
    out.put(Self.freeFormat)
    return out.data
  }

  private func start(_ version: String) -> Bytes {
    var out = Bytes()
    out.big = big
    out.data = [0x17, 0x08, 0x44] + Array("tracing".utf8) + Array(version.utf8)
    out.put(UInt8(0))
    out.put(UInt8(big ? 1 : 0))
    out.put(UInt8(8))
    out.put(UInt32(1024))
    return out
  }

  /// Version 6, with an instance when there is one.
  var version6: [UInt8] {
    var out = start(emptyVersion ? "" : "6")
    out.data += headers
    out.put(UInt32(0))
    out.data += formats
    out.put(UInt32(0))
    out.put(UInt32(0))
    out.put(UInt64(7))
    out.put("77 task")
    let count = (cpus.map(\.cpu).max() ?? 0) + 1
    out.put(UInt32(count))
    out.put("options  \0")
    for option in options {
      out.put(option.id)
      out.put(UInt32(option.data.count))
      out.data += option.data
    }
    var patch = -1
    if !instance.isEmpty {
      out.put(UInt16(3))
      out.put(UInt32(8 + 4))
      patch = out.data.count
      out.put(UInt64(0))
      out.put("foo\0")
    }
    out.put(UInt16(0))
    out.put("flyrecord\0")
    var place = (out.data.count + 16 * count + 1023) / 1024 * 1024
    var pages: [UInt8] = []
    for cpu in 0..<count {
      let own = cpus.first { $0.cpu == cpu }?.pages.flatMap { $0 } ?? []
      out.put(UInt64(own.isEmpty ? 0 : place))
      out.put(UInt64(own.count))
      place += own.count
      pages += own
    }
    out.data += Array(repeating: 0, count: (1024 - out.data.count % 1024) % 1024)
    out.data += pages
    guard patch >= 0 else { return out.data }
    var offset = Bytes()
    offset.big = big
    offset.put(UInt64(out.data.count))
    out.data.replaceSubrange(patch..<(patch + 8), with: offset.data)
    let own = instance.flatMap { $0 }
    out.put("flyrecord\0")
    let table = out.data.count
    out.put(UInt64(table + 16 * count))
    out.put(UInt64(own.count))
    for _ in 1..<count {
      out.put(UInt64(0))
      out.put(UInt64(0))
    }
    out.data += own
    return out.data
  }

  /// Version 7 with all sections.
  var version7: [UInt8] {
    var out = start("7")
    out.put(packing == .none ? "none\0" : packing == .zlib ? "zlib\0" : "zstd\0")
    out.put("1\0")
    let patch = out.data.count
    out.put(UInt64(0))
    var places: [(UInt16, Int)] = []
    func number(_ value: Int) -> [UInt8] {
      var bytes = Bytes()
      bytes.big = big
      bytes.put(UInt64(value))
      return bytes.data
    }
    func section(_ id: UInt16, _ body: [UInt8]) {
      places.append((id, out.data.count))
      out.put(id)
      out.put(UInt16(packing == .none ? 0 : 1))
      out.put(UInt32(0))
      var packed = Bytes()
      packed.big = big
      if packing == .none {
        packed.data = body
      } else {
        let inner = pack(body)
        packed.put(UInt32(inner.count))
        packed.put(UInt32(body.count))
        packed.data += inner
      }
      out.put(UInt64(packed.data.count))
      out.data += packed.data
    }
    section(16, headers)
    section(18, formats)
    if !text.isEmpty { section(22, Array(text.utf8)) }
    out.data.replaceSubrange(patch..<(patch + 8), with: number(out.data.count))
    func optionSection(_ options: [(id: UInt16, data: [UInt8])], next: Int) {
      var body = Bytes()
      body.big = big
      for option in options + [(0, number(next))] {
        body.put(option.id)
        body.put(UInt32(option.data.count))
        body.data += option.data
      }
      out.put(UInt16(0))
      out.put(UInt16(0))
      out.put(UInt32(0))
      out.put(UInt64(body.data.count))
      out.data += body.data
    }
    let first = places.map { (id: $0.0, data: number($0.1)) } + options
    let size = first.reduce(16 + 14) { $0 + 6 + $1.data.count }
    // As trace-cmd writes it: the data, each CPU's on a multiple of the sub-buffer size, then the table.
    let dataStart = out.data.count + size
    var buffer = Bytes()
    buffer.big = big
    buffer.put(UInt64(dataStart))
    // The name is empty and the clock is "x".
    buffer.put("\(bufferName)\0\(bufferClock)\0")
    buffer.put(UInt32(1024))
    buffer.put(UInt32(cpus.count))
    var blob: [UInt8] = []
    for cpu in cpus {
      let piece = packed(cpu.pages)
      while (dataStart + 16 + blob.count) % 1024 != 0 { blob.append(0) }
      buffer.put(UInt32(cpu.cpu))
      buffer.put(UInt64(dataStart + 16 + blob.count))
      buffer.put(UInt64(packing == .none ? piece.count : piece.count - 4))
      blob += piece
    }
    optionSection(first, next: dataStart + 16 + blob.count)
    precondition(out.data.count == dataStart)
    out.put(UInt16(3))
    out.put(UInt16(packing == .none ? 0 : 1))
    out.put(UInt32(0))
    out.put(UInt64(blob.count))
    out.data += blob
    optionSection([(3, buffer.data)], next: 0)
    return out.data
  }

  /// The sub-buffers of one CPU as they lie in the file.
  private func packed(_ pages: [[UInt8]]) -> [UInt8] {
    guard packing != .none else { return pages.flatMap { $0 } }
    var piece = Bytes()
    piece.big = big
    piece.put(UInt32(pages.count))
    for page in pages {
      let inner = pack(page)
      piece.put(UInt32(inner.count))
      piece.put(UInt32(page.count))
      piece.data += inner
    }
    return piece.data
  }

  /// A zlib stream or zstd frame that stores the bytes as they are.
  private func pack(_ body: [UInt8]) -> [UInt8] {
    var out = Bytes()
    if packing == .zstd {
      out.data = [0x28, 0xb5, 0x2f, 0xfd, 0xa0]
      out.put(UInt32(body.count))
      let head = UInt32(body.count) << 3 | 1
      out.data += [UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16 & 255)]
      return out.data + body
    }
    out.data = [0x78, 0x01, 0x01]
    out.put(UInt16(body.count))
    out.put(~UInt16(body.count))
    out.data += body
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in body {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    out.big = true
    out.put(b << 16 | a)
    return out.data
  }
}

/// Writes bytes to a file of its own and removes it afterwards.
func withFile<Result>(_ bytes: [UInt8], _ body: (String) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try Data(bytes).write(to: url)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url.path)
}
