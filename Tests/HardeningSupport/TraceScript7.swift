extension TraceScript {
  /// How the sections of a version 7 are packed.
  private enum Method: String, CaseIterable {
    case none, zlib, zstd
  }

  /// The whole file as version 7: sections, and a chain of options that says where they are.
  mutating func file7() -> [UInt8] {
    let method = Method.allCases[choices.below(3)]
    var file = Sections(isBig: isBig, method: method.rawValue, size: size)
    let habits = choices.byte()
    let isOdd = habits & 3 == 3
    var headers = Image(isBig: isBig)
    section(&headers, "header_page\0", header)
    section(&headers, "header_event\0", "")
    var builtins = Image(isBig: isBig)
    builtins.put(UInt32(0))
    var events = Image(isBig: isBig)
    formats(&events, isOdd: isOdd)
    var symbols = Image(isBig: isBig)
    let list = "ffffffff81000000 T _text\nffffffff81000010 t hva_to_pfn\n"
    symbols.put(UInt32(list.utf8.count))
    symbols.put(list)
    var names = Image(isBig: isBig)
    names.put(UInt64(20))
    names.put("1 one\n2 two\n3 three\n")
    for (id, body) in [(16, headers), (17, builtins), (18, events), (19, symbols), (21, names)] {
      file.add(id: UInt16(id), body.data, pack(body.data, method))
    }
    if habits & 4 != 0 { text(&file, method) }
    let instances = habits & 8 == 0 ? [""] : ["", "guest"]
    for instance in instances { buffer(&file, instance, method, isTold: habits & 0x30 != 0x30) }
    for _ in 0..<choices.below(12) { option(&file) }
    return file.finish(hasChain: habits & 0xc0 != 0xc0)
  }

  /// What stands for bytes in a section, nil for the bytes themselves.
  private func pack(_ data: [UInt8], _ method: Method) -> [UInt8]? {
    switch method {
    case .none: nil
    case .zlib: LayerScript.zlib(data)
    case .zstd: LayerScript.zstd(data)
    }
  }

  /// Pieces: their number, then for each two sizes and the bytes.
  private mutating func pieces(_ data: [UInt8], step: Int, _ method: Method) -> [UInt8] {
    var out = Image(isBig: isBig)
    let starts = Array(stride(from: 0, to: data.count, by: step))
    let isOdd = choices.byte() > 240
    out.put(isOdd ? UInt32(truncatingIfNeeded: choices.number()) : UInt32(starts.count))
    for start in starts {
      let piece = Array(data[start..<min(data.count, start + step)])
      let packed = pack(piece, method) ?? piece
      out.put(UInt32(packed.count))
      out.put(isOdd ? UInt32(truncatingIfNeeded: choices.number()) : UInt32(piece.count))
      out.data += packed
    }
    return out.data
  }

  /// Sub-buffers of some CPUs, and the option that tells where they are.
  private mutating func buffer(
    _ file: inout Sections, _ name: String, _ method: Method, isTold: Bool
  ) {
    let isPacked = method != .none
    let cpus = 1 + choices.below(3)
    let start = file.open(id: 3, isPacked: isPacked)
    var rows = Image(isBig: isBig)
    for cpu in 0..<cpus {
      file.fill(to: size)
      let pages = (0..<choices.below(4)).flatMap { _ in subBuffer() }
      let place = file.count
      file.append(isPacked ? pieces(pages, step: 2 * size, method) : pages)
      rows.put(UInt32(choices.byte() > 250 ? truncating() : UInt32(cpu)))
      rows.put(choices.byte() > 250 ? choices.number() : UInt64(place))
      // The size leaves out the count of pieces.
      rows.put(UInt64(max(0, file.count - place - (isPacked ? 4 : 0))))
    }
    file.close(start)
    guard isTold else { return }
    var out = Image(isBig: isBig)
    out.put(UInt64(start))
    out.put(name + "\0" + (name.isEmpty ? "global" : "local") + "\0")
    out.put(UInt32(size))
    out.put(UInt32(cpus))
    file.option(3, out.data + rows.data)
  }

  /// The text of a latency tracer.
  private mutating func text(_ file: inout Sections, _ method: Method) {
    let line = "  t-1  [000] d..2.  1.000001: mm_page_free: page=0x1400 pfn=0x1400 order=0\n"
    let text = "# tracer: nop\n#\n" + String(repeating: line, count: 1 + choices.below(8))
    let start = file.open(id: 15, isPacked: method != .none)
    let data = Array(text.utf8)
    file.append(method == .none ? data : pieces(data, step: 100, method))
    file.close(start)
    var out = Image(isBig: isBig)
    out.put(UInt64(start))
    file.option(22, out.data)
  }

  private mutating func truncating() -> UInt32 { UInt32(truncatingIfNeeded: choices.number()) }

  /// One of the options, as a recorder writes it or nearly so.
  private mutating func option(_ file: inout Sections) {
    var out = Image(isBig: isBig)
    let kind = choices.below(12)
    switch kind {
    case 0: out.put("0x\(String(choices.number(), radix: 16))\0")
    case 1: out.put("CPU: \(choices.below(4))\nentries: 5\noverrun: \(choices.number())\n\0")
    case 2: out.put("Buffer: guest\n\0")
    case 3: out.put("[local] global mono\n\0")
    case 4: out.put("Linux host 6.\(choices.below(20)).0 #1 SMP x86_64\0")
    case 5: out.put("\(Int64(bitPattern: choices.number()))\0")
    case 6: out.put(truncating())
    case 7: hostClock(&out)
    case 8: out.put("guest\0")
    case 9:
      out.put(truncating())
      out.put(truncating())
      out.put(choices.number())
    case 10: out.put(choices.number())
    default: out.data = choices.take(choices.below(40))
    }
    let usual: [UInt16] = [1, 2, 2, 4, 5, 7, 8, 12, 13, 14, 11, 23]
    let known = choices.byte()
    file.option(known < 240 ? usual[kind] : UInt16(known & 31), out.data)
  }

  private mutating func hostClock(_ out: inout Image) {
    let cpus = 1 + choices.below(3)
    out.put(choices.number())
    out.put(UInt32(choices.byte() & 1))
    out.put(choices.byte() > 250 ? truncating() : UInt32(cpus))
    let samples = choices.below(4)
    for _ in 0..<cpus {
      out.put(choices.byte() > 250 ? truncating() : UInt32(samples))
      for _ in 0..<3 * samples { out.put(choices.number()) }
    }
    guard choices.flag() else { return }
    for _ in 0..<cpus * samples { out.put(choices.number()) }
  }

  /// A copy of tracefs: two CPUs, some events' formats, and what a fuzzer's decisions add or spoil.
  mutating func snapshot() -> [FolderScript.File] {
    var files: [FolderScript.File] = []
    let habits = choices.byte()
    if habits & 1 == 0 { files.append(("events/header_page", Array(header.utf8))) }
    for format in FormatScript.all where habits & 2 == 0 || format.id < 13 {
      let path = "events/\(format.system)/\(format.name)/format"
      files.append((path, Array(format.text(&choices, isOdd: habits & 12 == 12).utf8)))
    }
    let stats =
      "entries: 9\noverrun: 0\ncommit overrun: 0\nbytes: 96\noldest event ts: 1.0\nnow ts: 5.0\n"
    for cpu in 0..<3 {
      let pages = (0..<choices.below(4)).flatMap { _ in subBuffer() }
      let place = "per_cpu/cpu\(cpu)"
      if cpu < 2 || habits & 16 != 0 { files.append((place + "/trace_pipe_raw", pages)) }
      if habits & 32 != 0 { files.append((place + "/stats", Array(stats.utf8))) }
    }
    files.append(("trace_clock", Array("local [global]\n".utf8)))
    files.append(("saved_cmdlines", Array("1 one\n2 two\n".utf8)))
    for _ in 0..<choices.below(4) {
      let name = FolderScript.names[choices.below(FolderScript.names.count)]
      let data = choices.take(choices.below(80))
      if !files.contains(where: { $0.path == name }) { files.append((name, data)) }
    }
    return files
  }
}

/// A file of version 7 that grows section by section.
private struct Sections {
  private var out: Image
  private var options: Image
  private let first: Int

  init(isBig: Bool, method: String, size: Int) {
    out = Image(isBig: isBig)
    options = Image(isBig: isBig)
    out.data = [0x17, 0x08, 0x44] + Array("tracing7\0".utf8) + [isBig ? 1 : 0, 8]
    out.put(UInt32(size))
    out.put(method + "\0" + "1.0\0")
    first = out.data.count
    out.put(UInt64(0))
  }

  var count: Int { out.data.count }

  mutating func append(_ data: [UInt8]) { out.data += data }

  mutating func fill(to multiple: Int) { out.fill(to: multiple) }

  /// Starts a section and returns where.
  mutating func open(id: UInt16, isPacked: Bool) -> Int {
    let start = count
    out.put(id)
    out.put(UInt16(isPacked ? 1 : 0))
    out.put(UInt32(0))
    out.put(UInt64(0))
    return start
  }

  mutating func close(_ start: Int) {
    var size = Image(isBig: out.isBig)
    size.put(UInt64(count - start - 16))
    out.data.replaceSubrange(start + 8..<start + 16, with: size.data)
  }

  /// A whole section, and the option that points to it.
  mutating func add(id: UInt16, _ data: [UInt8], _ packed: [UInt8]?) {
    let start = open(id: id, isPacked: packed != nil)
    if let packed {
      out.put(UInt32(packed.count))
      out.put(UInt32(data.count))
      out.data += packed
    } else {
      out.data += data
    }
    close(start)
    var place = Image(isBig: out.isBig)
    place.put(UInt64(start))
    option(id, place.data)
  }

  mutating func option(_ id: UInt16, _ data: [UInt8]) {
    options.put(id)
    options.put(UInt32(data.count))
    options.data += data
  }

  /// The file with its options behind it, in two sections of which the second is empty.
  mutating func finish(hasChain: Bool) -> [UInt8] {
    let start = open(id: 0, isPacked: false)
    out.data += options.data
    var last = Image(isBig: out.isBig)
    last.put(UInt64(0))
    out.put(UInt16(0))
    out.put(UInt32(8))
    out.data += last.data
    close(start)
    var place = Image(isBig: out.isBig)
    place.put(UInt64(hasChain ? start : 0))
    out.data.replaceSubrange(first..<first + 8, with: place.data)
    return out.data
  }
}
