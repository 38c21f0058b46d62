/// A perf.data in pipe mode or as a file that a fuzzer's decisions fill with records.
struct PerfScript {
  var choices: Choices
  let isBig: Bool
  private let sampleType: UInt64
  private let readFormat: UInt64
  /// Of the recorded tracepoint.
  private let config: UInt64
  private static let configs: [UInt64] = [12, 12, 10, 11, 13, 15, 16, 17]

  init(_ bytes: [UInt8]) {
    choices = Choices(bytes)
    isBig = choices.byte() & 7 == 7
    var type: UInt64 = 1 | 2 | 4 | 0x80 | 0x100 | 0x400 | 0x1_0000
    if choices.flag() { type ^= UInt64(choices.byte()) << 3 }
    sampleType = type
    readFormat = choices.flag() ? UInt64(choices.byte() & 0x1f) : 0
    config = Self.configs[choices.below(8)]
  }

  /// The whole file.
  mutating func file() -> [UInt8] {
    let isFile = choices.byte() & 3 == 3
    let attributes = [attribute(type: 2, config: config), attribute(type: 0, config: 0)]
    var body: [UInt8] = []
    while !choices.isEmpty, body.count < 1 << 16 { body += record() }
    return isFile ? whole(attributes, body) : pipe(attributes, body)
  }

  /// The file and the records of two CPUs beside it, as `perf record --threads` lays them down.
  mutating func folder() -> [FolderScript.File] {
    let attributes = [attribute(type: 2, config: config), attribute(type: 0, config: 0)]
    var streams: [[UInt8]] = [[], [], []]
    while !choices.isEmpty, streams[0].count < 1 << 16 { streams[choices.below(3)] += record() }
    let file = whole(attributes, streams[0])
    return [("p/data", file), ("p/data.0", streams[1]), ("p/data.1", streams[2])]
  }

  private mutating func attribute(type: UInt32, config: UInt64) -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(type)
    out.put(UInt32(136))
    out.put(config)
    out.put(UInt64(1))
    out.put(sampleType)
    out.put(readFormat)
    out.data += isBig ? [0, 0, 0x20, 0, 0, 0, 0, 0] : [0, 0, 4, choices.byte(), 0, 0, 0, 0]
    out.data += Array(repeating: 0, count: 136 - out.data.count)
    return out.data
  }

  private mutating func tracing() -> [UInt8] {
    let isOdd = choices.byte() & 3 == 3
    var out = Image(isBig: isBig)
    out.data = [0x17, 0x08, 0x44] + Array("tracing0.6\0".utf8) + [isBig ? 1 : 0, 8]
    out.put(UInt32(4096))
    out.put("header_page\0")
    out.put(UInt64(0))
    out.put("header_event\0")
    out.put(UInt64(0))
    out.put(UInt32(0))
    let named = ["kmem", "page_ref", "dma", "printk"]
    out.put(UInt32(named.count))
    for system in named {
      let formats = FormatScript.all.filter { $0.system == system }
      out.put(formats, of: system, &choices, isOdd: isOdd)
    }
    for _ in 0..<2 { out.put(UInt32(0)) }
    out.put(UInt64(0))
    return out.data
  }

  func record(_ type: UInt32, _ payload: [UInt8], misc: UInt16 = 0) -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(type)
    out.put(misc)
    out.put(UInt16(truncatingIfNeeded: 8 + payload.count))
    return out.data + payload
  }

  private mutating func record() -> [UInt8] {
    switch choices.byte() {
    case 0..<160: return record(9, sample())
    case 160..<190: return record(68, [])
    case 190..<200: return record(2, numbers(6))
    case 200..<210: return record(3, numbers(2) + Array("task\0\0\0\0".utf8) + numbers(4))
    case 210..<220: return record(13, numbers(5))
    case 220..<230: return record(1, numbers(5) + Array("[kernel.kallsyms]_text\0\0".utf8))
    case 230..<236: return record(81, compressed())
    case 236..<240: return record(83, numbers(1) + compressed())
    case 240..<252: return rareRecord()
    default: return record(UInt32(choices.byte()), choices.take(choices.below(80)))
    }
  }

  mutating func numbers(_ count: Int) -> [UInt8] {
    var out = Image(isBig: isBig)
    for _ in 0..<count { out.put(choices.number()) }
    return out.data
  }

  /// One stored block of zstd that holds a sample.
  private mutating func compressed() -> [UInt8] {
    let inner = record(9, sample())
    let head = UInt32(inner.count) << 3
    let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
    return frame + [UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16 & 255)] + inner
  }

  mutating func sample() -> [UInt8] {
    var out = Image(isBig: isBig)
    func has(_ bit: UInt64) -> Bool { sampleType >> bit & 1 != 0 }
    let id = UInt64(choices.byte() < 240 ? 100 : 99 + choices.below(4))
    if has(16) { out.put(id) }
    if has(0) { out.put(choices.number()) }
    if has(1) { out.put(UInt64(77)) }
    if has(2) { out.put(choices.number() & 0xff_ffff) }
    if has(3) { out.put(choices.number()) }
    if has(6) { out.put(id) }
    if has(9) { out.put(choices.number()) }
    if has(7) { out.put(UInt64(choices.below(3))) }
    if has(8) { out.put(choices.number()) }
    if has(4) { out.data += numbers(1 + choices.below(4)) }
    if has(5) { out.data += chain() }
    guard has(10) else { return out.data }
    let all = FormatScript.all
    let own = all.first { $0.id == Int(config) } ?? all[0]
    let format = choices.byte() < 240 ? own : all[choices.below(all.count)]
    let raw = format.record(&choices, isBig: isBig)
    out.put(UInt32(raw.count))
    out.data += raw
    out.fill(to: 8)
    return out.data
  }

  private mutating func pipe(_ attributes: [[UInt8]], _ body: [UInt8]) -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(UInt64(0x3245_4c49_4652_4550))
    out.put(UInt64(16))
    for (place, attribute) in attributes.enumerated() {
      var id = Image(isBig: isBig)
      id.put(UInt64(100 + place))
      out.data += record(64, attribute + id.data)
    }
    var blob = Image()
    blob.data = tracing()
    blob.fill(to: 8)
    var size = Image(isBig: isBig)
    size.put(UInt64(blob.data.count))
    out.data += record(66, size.data) + blob.data
    return out.data + body
  }

  private mutating func whole(_ attributes: [[UInt8]], _ body: [UInt8]) -> [UInt8] {
    let start = 104 + 8 + attributes.count * 152
    let formats = tracing()
    var out = Image(isBig: isBig)
    out.put(UInt64(0x3245_4c49_4652_4550))
    let others = [2, 4, 7, 12, 24].filter { _ in choices.byte() > 200 }
    let flags = others.reduce(2) { $0 | 1 << $1 }
    for word in [104, 152, 112, attributes.count * 152, start, body.count, 0, 0, flags, 0, 0, 0] {
      out.put(UInt64(word))
    }
    out.put(UInt64(100))
    for (place, attribute) in attributes.enumerated() {
      out.data += attribute
      out.put(UInt64(104))
      out.put(UInt64(place == 0 ? 8 : 0))
    }
    out.data += body
    var parts = [formats]
    for feature in others { parts.append(self.feature(feature)) }
    var place = out.data.count + 16 * parts.count
    for part in parts {
      out.put(UInt64(place))
      out.put(UInt64(part.count))
      place += part.count
    }
    return out.data + parts.joined()
  }
}
