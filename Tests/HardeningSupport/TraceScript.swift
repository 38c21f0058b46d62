/// A trace.dat of version 6 that a fuzzer's decisions fill with sub-buffers and records.
struct TraceScript {
  var choices: Choices
  let isBig: Bool
  let size: Int

  init(_ bytes: [UInt8]) {
    choices = Choices(bytes)
    isBig = choices.byte() & 7 == 7
    size = choices.byte() & 3 == 3 ? 512 : 4096
  }

  /// The whole file.
  mutating func file() -> [UInt8] {
    let isOdd = choices.byte() & 3 == 0
    var out = Image(isBig: isBig)
    out.data = [0x17, 0x08, 0x44] + Array("tracing6\0".utf8) + [isBig ? 1 : 0, 8]
    out.put(UInt32(size))
    section(&out, "header_page\0", header)
    section(&out, "header_event\0", "")
    out.put(UInt32(0))
    formats(&out, isOdd: isOdd)
    out.put(UInt32(0))
    out.put(UInt32(0))
    let names = "1 one\n2 two\n3 three"
    out.put(UInt64(names.utf8.count))
    out.put(names)
    let cpus = 1 + choices.below(3)
    out.put(UInt32(cpus))
    options(&out)
    out.put("flyrecord\0")
    let pages = (0..<cpus).map { _ in (0..<choices.below(4)).map { _ in subBuffer() } }
    var place = (out.data.count + 16 * cpus + size - 1) / size * size
    for own in pages {
      out.put(UInt64(place))
      out.put(UInt64(own.count * size))
      place += own.count * size
    }
    out.fill(to: size)
    return out.data + pages.joined().joined()
  }

  var header: String {
    """
    \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
    \tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;
    \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
    \tfield: char data;\toffset:16;\tsize:\(size - 16);\tsigned:1;

    """
  }

  func section(_ out: inout Image, _ name: String, _ text: String) {
    out.put(name)
    out.put(UInt64(text.utf8.count))
    out.put(text)
  }

  mutating func formats(_ out: inout Image, isOdd: Bool) {
    let systems = Dictionary(grouping: FormatScript.all, by: \.system).sorted { $0.key < $1.key }
    out.put(UInt32(systems.count))
    for (system, formats) in systems {
      out.put(formats, of: system, &choices, isOdd: isOdd)
    }
  }

  private mutating func options(_ out: inout Image) {
    out.put("options  \0")
    for _ in 0..<choices.below(4) {
      let data = choices.take(choices.below(40))
      out.put(UInt16(1 + choices.below(20)))
      out.put(UInt32(data.count))
      out.data += data
    }
    out.put(UInt16(0))
  }

  mutating func subBuffer() -> [UInt8] {
    var body = Image(isBig: isBig)
    let records = choices.below(24)
    for _ in 0..<records where body.data.count < size - 128 { entry(&body) }
    var page = Image(isBig: isBig)
    page.put(choices.number() & 0xff_ffff_ffff)
    var commit = UInt64(body.data.count)
    switch choices.byte() {
    case 0..<16: commit = choices.number()
    case 16..<32: commit |= 0xffff_ffff_8000_0000
    case 32..<40: commit |= 0xffff_ffff_c000_0000
    default: break
    }
    page.put(commit)
    page.data += body.data
    if choices.byte() < 40 { page.put(choices.number()) }
    page.data += Array(repeating: 0, count: max(0, size - page.data.count))
    return Array(page.data.prefix(size))
  }

  private mutating func entry(_ body: inout Image) {
    func head(_ type: UInt32, _ delta: UInt32) -> UInt32 {
      isBig ? type << 27 | delta : delta << 5 | type
    }
    let delta = UInt32(choices.byte())
    switch choices.byte() {
    case 0..<10:
      body.put(head(30, delta))
      body.put(UInt32(truncatingIfNeeded: choices.number()))
    case 10..<20:
      body.put(head(31, delta))
      body.put(UInt32(truncatingIfNeeded: choices.number()))
    case 20..<28:
      body.put(head(29, delta))
      body.put(UInt32(truncatingIfNeeded: choices.number()))
    case 28..<32: body.data += choices.take(8)
    default:
      let format = FormatScript.all[choices.below(FormatScript.all.count)]
      var record = format.record(&choices, isBig: isBig)
      while record.count % 4 != 0 { record.append(0) }
      if record.count <= 112, choices.byte() > 20 {
        body.put(head(UInt32(record.count / 4), delta))
      } else {
        body.put(head(0, delta))
        body.put(UInt32(record.count + 4))
      }
      body.data += record
    }
  }
}

extension Image {
  /// The formats of a system, as trace.dat and perf's tracing data list them.
  mutating func put(
    _ formats: [FormatScript], of system: String, _ choices: inout Choices, isOdd: Bool
  ) {
    put(system + "\0")
    put(UInt32(formats.count))
    for format in formats {
      let text = format.text(&choices, isOdd: isOdd)
      put(UInt64(text.utf8.count))
      put(text)
    }
  }
}
