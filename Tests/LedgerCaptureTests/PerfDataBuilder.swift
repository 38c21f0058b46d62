/// A whole perf.data in memory: one tracepoint, kmem:mm_page_free with id 11, and one counter, `cycles`.
struct PerfDataBuilder {
  enum Container: CaseIterable { case file, legacy, pipe }

  static let usual: UInt64 = 1 | 2 | 4 | 0x80 | 0x100 | 0x400 | 0x1_0000

  var big = false
  var container = Container.file
  var sampleType = Self.usual
  var readFormat: UInt64 = 0
  /// Behind the fields that are known.
  var attributeSize = 136
  var aborted = false
  var hasTracing = true
  var clock: Int32?
  var isBackward = false
  /// Each CPU has its own ring buffer.
  var isInherited = false
  /// CPUs of the machine; not told when nil.
  var present: UInt32?
  var period: UInt64 = 1
  /// Records and what lies between them.
  var body: [UInt8] = []

  func bytes(_ fill: (inout Bytes) -> Void) -> [UInt8] {
    var out = Bytes()
    out.big = big
    fill(&out)
    return out.data
  }

  func record(_ type: UInt32, misc: UInt16 = 0, _ payload: [UInt8]) -> [UInt8] {
    bytes {
      $0.put(type)
      $0.put(misc)
      $0.put(UInt16(8 + payload.count))
      $0.data += payload
    }
  }

  /// A sample of page `pfn` freed, with all that `sampleType` asks for.
  func sample(
    pfn: UInt64, time: UInt64, cpu: UInt32 = 0, id: UInt64 = 100, type: UInt16 = 11,
    tid: UInt32 = 78, pid: Int32 = 77, context: UInt8 = 0, reserved: UInt32 = 0
  ) -> [UInt8] {
    record(
      9,
      bytes { out in
        let has = { (bit: UInt64) in sampleType >> bit & 1 != 0 }
        if has(16) { out.put(id) }
        if has(0) { out.put(UInt64(0xffff_0000)) }
        if has(1) { out.put(UInt32(77)); out.put(tid) }
        if has(2) { out.put(time) }
        if has(3) { out.put(UInt64(0xadd)) }
        if has(6) { out.put(id) }
        if has(9) { out.put(UInt64(0x57)) }
        if has(7) { out.put(cpu); out.put(reserved) }
        if has(8) { out.put(UInt64(1)) }
        if has(4) { counters(&out) }
        if has(5) { out.put(UInt64(2)); out.put(UInt64.max - 127); out.put(UInt64(0xffff_1234)) }
        guard has(10) else { return }
        out.put(UInt32(20))
        out.put(type)
        out.put(context)
        out.put(UInt8(0))
        out.put(pid)
        out.put(pfn)
        out.put(UInt32(0))
      })
  }

  private func counters(_ out: inout Bytes) {
    let extras = (readFormat & 0x14).nonzeroBitCount
    let times = (readFormat & 3).nonzeroBitCount
    let isGroup = readFormat & 8 != 0
    if isGroup { out.put(UInt64(2)) }
    let count = isGroup ? times + 2 * (1 + extras) : 1 + times + extras
    for value in 0..<count { out.put(UInt64(value)) }
  }

  /// What records other than samples end with.
  func trailer(time: UInt64, cpu: UInt32, id: UInt64 = 100) -> [UInt8] {
    bytes {
      $0.put(UInt32(77))
      $0.put(UInt32(78))
      $0.put(time)
      $0.put(cpu)
      $0.put(UInt32(0))
      $0.put(id)
    }
  }

  func lost(_ number: UInt64, time: UInt64, cpu: UInt32) -> [UInt8] {
    record(
      2,
      bytes {
        $0.put(UInt64(100)); $0.put(number)
      } + trailer(time: time, cpu: cpu))
  }

  func lostSamples(_ number: UInt64, time: UInt64, cpu: UInt32, misc: UInt16 = 0) -> [UInt8] {
    record(13, misc: misc, bytes { $0.put(number) } + trailer(time: time, cpu: cpu))
  }

  func comm(_ tid: UInt32, _ name: String) -> [UInt8] {
    var text = Array(name.utf8) + [0]
    while text.count % 8 != 0 { text.append(0) }
    return record(
      3,
      bytes {
        $0.put(tid); $0.put(tid)
      } + text + trailer(time: 0, cpu: 0))
  }

  var round: [UInt8] { record(68, []) }

  /// Compressed records that together hold `records`, cut at each `step` bytes, as one zstd frame of stored blocks.
  func compressed(_ records: [UInt8], step: Int, second: Bool = false) -> [UInt8] {
    var out: [UInt8] = []
    for start in stride(from: 0, to: records.count, by: step) {
      let piece = records[start..<min(start + step, records.count)]
      let head = UInt32(piece.count) << 3
      var block = start == 0 ? [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38] as [UInt8] : []
      block += [UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16 & 255)] + piece
      if second {
        let size = block.count
        while block.count % 8 != 0 { block.append(0xee) }
        out += record(83, bytes { $0.put(UInt64(size)) } + block)
      } else {
        out += record(81, block)
      }
    }
    return out
  }

  func attribute(type: UInt32, config: UInt64) -> [UInt8] {
    var data = bytes {
      $0.put(type)
      $0.put(UInt32(attributeSize))
      $0.put(config)
      $0.put(period)
      $0.put(sampleType)
      $0.put(readFormat)
      // inherit is bit 1, sample_id_all bit 18, use_clockid bit 25, write_backward bit 27.
      let flags: [UInt8] = [
        isInherited ? 2 : 0, 0, 4, (clock == nil ? 0 : 2) | (isBackward ? 8 : 0), 0, 0, 0, 0,
      ]
      $0.data +=
        big ? [isInherited ? 0x40 : 0, 0, 0x20, clock == nil ? 0 : 0x40, 0, 0, 0, 0] : flags
      $0.data += Array(repeating: 0, count: 44)
      $0.put(clock ?? 0)
    }
    data += Array(repeating: 0, count: max(0, attributeSize - data.count))
    return Array(data.prefix(attributeSize))
  }

  private var tracing: [UInt8] {
    var builder = TraceDatBuilder()
    builder.big = big
    return [0x17, 0x08, 0x44] + Array("tracing0.6\0".utf8)
      + bytes {
        $0.put(UInt8(big ? 1 : 0))
        $0.put(UInt8(8))
        $0.put(UInt32(4096))
        $0.data += builder.headers
        $0.put(UInt32(0))
        $0.data += builder.formats
        $0.put(UInt32(0))
        $0.put(UInt32(0))
        $0.put(UInt64(0))
      }
  }

  private var release: [UInt8] {
    bytes {
      $0.put(UInt32(64))
      $0.data += Array("6.1.0-test".utf8) + Array(repeating: 0, count: 54)
    }
  }

  var data: [UInt8] { container == .pipe ? pipe : file }

  private var pipe: [UInt8] {
    let numbers = [[100, 101], [200, 201]] as [[UInt64]]
    var out = bytes {
      $0.put(UInt64(0x3245_4c49_4652_4550))
      $0.put(UInt64(16))
    }
    for (index, (type, config)) in [(2, 11), (0, 0)].enumerated() {
      out += record(
        64,
        attribute(type: UInt32(type), config: UInt64(config))
          + bytes { for id in numbers[index] { $0.put(id) } })
    }
    out += record(80, bytes { $0.put(UInt64(4)) } + release)
    var blob = tracing
    while blob.count % 8 != 0 { blob.append(0) }
    out +=
      record(
        66,
        bytes {
          $0.put(UInt32(blob.count)); $0.put(UInt32(0))
        }) + blob
    return out + body
  }

  private var file: [UInt8] {
    let header = 104
    let place = header + 32
    let table = place + 2 * (attributeSize + 16)
    return bytes { out in
      if container == .legacy {
        out.put("PERFFILE")
      } else {
        out.put(UInt64(0x3245_4c49_4652_4550))
      }
      out.put(UInt64(header))
      out.put(UInt64(attributeSize + 16))
      out.put(UInt64(place))
      out.put(UInt64(2 * (attributeSize + 16)))
      out.put(UInt64(table))
      out.put(UInt64(aborted ? 0 : body.count))
      out.put(UInt64(0))
      out.put(UInt64(0))
      // TRACING_DATA, HOSTNAME, OSRELEASE, NRCPUS.
      out.put(UInt64((hasTracing ? 0x1a : 0x18) | (present == nil ? 0 : 0x80)))
      for _ in 0..<3 { out.put(UInt64(0)) }
      for id in [100, 101, 200, 201] as [UInt64] { out.put(id) }
      for (index, (type, config)) in [(2, 11), (0, 0)].enumerated() {
        out.data += attribute(type: UInt32(type), config: UInt64(config))
        out.put(UInt64(header + 16 * index))
        out.put(UInt64(16))
      }
      out.data += body
      guard !aborted else { return }
      var sections = (hasTracing ? [tracing] : []) + [release, release]
      if let present {
        sections.append(
          bytes {
            $0.put(present); $0.put(present)
          })
      }
      var offset = out.data.count + 16 * sections.count
      for section in sections {
        out.put(UInt64(offset))
        out.put(UInt64(section.count))
        offset += section.count
      }
      for section in sections { out.data += section }
    }
  }
}
