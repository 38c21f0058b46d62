import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

@Suite struct DamageTests {
  static func file(_ form: Form) -> [UInt8] {
    var a = form.page(100)
    for pfn in 0..<30 { a.free(pfn: UInt64(pfn), delta: 1) }
    var b = form.page(90, missed: 3)
    b.extend(5)
    b.free(pfn: 7)
    return form.build([(0, [a, b]), (1, [b])])
  }

  @Test(arguments: Form.all)
  func everyLengthIsSurvived(form: Form) throws {
    let bytes = Self.file(form)
    // Two forms lose every byte in turn, the others every eleventh, so that debug builds stay quick.
    let step = !form.big && (form.version == 6 || form.packing == .zstd) ? 1 : 11
    for length in stride(from: 1, to: bytes.count, by: step) {
      do {
        let reading = try read(Array(bytes[..<length]))
        #expect(!reading.losses.isEmpty, "a file cut at \(length) is not whole")
      } catch let error as CaptureError {
        #expect(!error.message.isEmpty)
      }
    }
  }

  /// Every 31st byte, so that debug builds stay quick; the masks start at different bytes.
  @Test(arguments: Form.all, [0xff as UInt8, 0x01, 0x80])
  func flippedBytesAreSurvived(form: Form, mask: UInt8) throws {
    let bytes = Self.file(form)
    for place in stride(from: Int(mask % 31), to: bytes.count, by: 31) {
      var damaged = bytes
      damaged[place] ^= mask
      do {
        let reading = try read(damaged, detail: place % 2 == 0 ? .replay : .fields)
        #expect(reading.events.count < 100_000)
      } catch let error as CaptureError {
        #expect(!error.message.isEmpty)
      }
    }
  }

  @Test func timeThatLeapsByYearsIsDamage() throws {
    let form = Form.all[0]
    var pages: [SubBufferBuilder] = []
    for time in [100, 200 | 1 << 63, 300] as [UInt64] {
      var page = form.page(time)
      page.free(pfn: time & 0xfff)
      pages.append(page)
    }
    let reading = try read(form.build([(0, pages)]))
    #expect(reading.losses.map(\.code).contains(.malformedEvent))
    #expect(reading.losses.contains { $0.detail.contains("time leaps from 100 to") })
  }

  /// trace-cmd asks for the clock when no event can come any more; a buffer that outlived a boot has older ones.
  @Test(
    arguments: [
      (5_200_000_000, "oldest event ts:     1.000000\nnow ts:     5.000000\n", false),
      (5_050_000_000, "oldest event ts:     1.000000\nnow ts:     5.000000\n", true),
      (5_200_000_000, "oldest event ts:     5.100000\nnow ts:     0.900000\n", true),
      (5_200_000_000, "oldest event ts: 100\nnow ts: 5000000000\n", false),
      (5_200_000_000, "now ts: 99999999999999999999\n", true),
    ] as [(UInt64, String, Bool)])
  func noEventIsBehindTheEnd(time: UInt64, clock: String, isWhole: Bool) throws {
    var file = TraceDatBuilder()
    let pages = [4_900_000_000, time, time + 5].map { time in
      var page = SubBufferBuilder(time: time)
      page.free(pfn: time & 0xfff)
      return page.bytes
    }
    file.cpus = [(0, pages)]
    file.options = [(2, Array("CPU: 0\nentries: 0\nread events: 3\n\(clock)".utf8))]
    let reading = try read(file.version7)
    #expect(reading.losses.map(\.code) == (isWhole ? [] : [.malformedEvent]))
    #expect(reading.outline.count { $0.contains("gap") } == (isWhole ? 0 : 2))
  }

  @Test func cutDataKeepsWholeSubBuffers() throws {
    let form = Form.all[0]
    var pages: [SubBufferBuilder] = []
    for time in 1...3 {
      var page = form.page(UInt64(time * 100))
      page.free(pfn: UInt64(time))
      pages.append(page)
    }
    let bytes = form.build([(0, pages)])
    let reading = try read(Array(bytes[..<(bytes.count - 700)]))
    #expect(reading.outline == ["100/0/1", "200/0/2", "200/0/gap opens"])
    #expect(reading.losses.map(\.code) == [.truncated])
    #expect(reading.losses[0].cpu == 0)
  }

  @Test func damagedChunkIsAGap() throws {
    let form = Form.all[4]
    var pages: [SubBufferBuilder] = []
    for time in 1...3 {
      var page = form.page(UInt64(time * 100))
      page.free(pfn: UInt64(time))
      pages.append(page)
    }
    var bytes = form.build([(0, pages)])
    // The checksum at the end of the second of three stored streams.
    let stream = 8 + 7 + 1024 + 4
    let table = 16 + 6 + 8 + 3 + 4 + 4 + 20 + 14
    bytes[bytes.count - table - stream - 2] ^= 0x55
    let reading = try read(bytes)
    #expect(
      reading.outline == ["100/0/1", "100/0/gap opens", "300/0/gap closes", "300/0/3"])
    #expect(reading.losses.map(\.code) == [.corruptChunk])
  }
}

@Suite struct SnifferTests {
  @Test(
    arguments: [
      ([0x1f, 0x8b, 8, 0], .gzip), ([0x28, 0xb5, 0x2f, 0xfd], .zstd),
      ([0x53, 0x2a, 0x4d, 0x18], .zstd), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], .xz),
      (Array("BZh9".utf8), .bzip2), ([4, 0x22, 0x4d, 0x18], .lz4), ([0x50, 0x4b, 3, 4], .zip),
      (Array(repeating: 0x61, count: 257) + Array("ustar".utf8), .tar),
    ] as [([UInt8], Packing)])
  func namesPackedInputs(bytes: [UInt8], packing: Packing) throws {
    #expect(CaptureSniffer.sniff(bytes) == .packed(packing))
    #expect(throws: CaptureError.self) { try read(bytes) }
  }

  @Test(arguments: [
    (Array("PERFILE2".utf8), "inside the perf.data header"), ([0x7f, 0x45, 0x4c, 0x46], "ELF"),
    ([UInt8](repeating: 0, count: 50), "binary data"), ([], "the file is empty"),
  ])
  func explainsWhatIsNoCapture(bytes: [UInt8], words: String) {
    #expect {
      try read(bytes)
    } throws: {
      ($0 as? CaptureError)?.message.contains(words) == true
    }
  }

  @Test func explainsMissingFiles() {
    #expect {
      try openCapture(path: "/no/such/file", detail: .replay)
    } throws: {
      ($0 as? CaptureError)?.message.contains("cannot open") == true
    }
  }

  @Test func takesConsolesForText() {
    #expect(CaptureSniffer.sniff(Array("\u{1b}[0m[  1.0] hello\r\n\0".utf8)) == .text)
  }
}
