/// A file in layers of packing that store what they hold, so that a byte that a fuzzer changes shows behind all of them.
struct LayerScript {
  /// The bytes come through a pipe.
  let isPiped: Bool
  private var choices: Choices
  private var forms: [UInt8]
  private let damage: [UInt8]

  private static let forms: [@Sendable ([UInt8], inout Choices) -> [UInt8]] = [
    gzip, gzipMembers, zlib, deflate, zstd, skippableZstd, lz4, legacyLZ4, tar, oldTar, zip,
    streamedZip, xz, bombZstd,
  ]

  init(_ bytes: [UInt8]) {
    choices = Choices(bytes)
    isPiped = choices.flag()
    let count = choices.below(6)
    forms = Array(choices.take(5).prefix(count))
    damage = choices.take(4)
  }

  /// The whole file.
  mutating func file() -> [UInt8] {
    let details = choices.take(8)
    var data = choices.rest
    for form in forms {
      var own = Choices(details)
      data = Self.forms[Int(form) % Self.forms.count](data, &own)
    }
    return damaged(data)
  }

  /// One in four has a byte changed, one in eight lacks its end, one in sixteen has something behind it.
  private func damaged(_ data: [UInt8]) -> [UInt8] {
    guard !data.isEmpty else { return data }
    var data = data
    let place = (Int(damage[1]) << 8 | Int(damage[2])) % data.count
    switch damage[0] {
    case 0x80..<0xc0: data[place] ^= max(1, damage[3])
    case 0xc0..<0xe0: data.removeLast(data.count - place)
    case 0xe0..<0xf0: data += [UInt8](repeating: damage[3], count: 1 + Int(damage[2]))
    default: break
    }
    return data
  }

  // Compression

  /// RFC 1951, blocks that are stored.
  static func stored(_ data: [UInt8]) -> [UInt8] {
    var out = Image()
    var at = 0
    repeat {
      let piece = data[at..<min(data.count, at + 65535)]
      at = piece.endIndex
      out.put(UInt8(at == data.count ? 1 : 0))
      out.put(UInt16(piece.count))
      out.put(~UInt16(piece.count))
      out.data += piece
    } while at < data.count
    return out.data
  }

  /// RFC 1950.
  static func zlib(_ data: [UInt8]) -> [UInt8] {
    var out = Image(isBig: true)
    out.data = [0x78, 0x01] + stored(data)
    out.put(Checksums.adler32(data))
    return out.data
  }

  /// One frame of RFC 8878, blocks that are stored; `size` is said in its header.
  static func zstd(_ data: [UInt8], saysSize: Bool = true) -> [UInt8] {
    var out = Image()
    out.data = [0x28, 0xb5, 0x2f, 0xfd]
    // A single segment with a size of four bytes, or a window of 128 KiB.
    if saysSize {
      out.put(UInt8(0xa0))
      out.put(UInt32(data.count))
    } else {
      out.data += [0, 0x38]
    }
    var at = 0
    repeat {
      let piece = data[at..<min(data.count, at + 65535)]
      at = piece.endIndex
      let head = UInt32(piece.count) << 3 | (at == data.count ? 1 : 0)
      out.data += [UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16 & 255)]
      out.data += piece
    } while at < data.count
    return out.data
  }

  private static func zlib(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] { zlib(data) }

  private static func deflate(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    stored(data)
  }

  /// RFC 1952, with the parts of its header that the choices want.
  private static func gzip(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    var out = Image()
    let flags = choices.byte() & 0x1c
    out.data = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3]
    if flags & 4 != 0 { out.data += [3, 0, 1, 2, 3] }
    if flags & 8 != 0 { out.data += Array("a\0".utf8) }
    if flags & 16 != 0 { out.data += Array("c\0".utf8) }
    out.data += stored(data)
    out.put(Checksums.crc32(data))
    out.put(UInt32(data.count) &+ UInt32(choices.byte() >> 6))
    return out.data
  }

  private static func gzipMembers(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    let half = data.count / 2
    let zeros = [UInt8](repeating: 0, count: choices.below(9))
    return gzip(Array(data[..<half]), &choices) + zeros + gzip(Array(data[half...]), &choices)
  }

  private static func zstd(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    zstd(data, saysSize: choices.flag())
  }

  private static func skippableZstd(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    [0x50 | choices.byte() & 15, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 7, 7, 7]
      + zstd(data, saysSize: false)
  }

  /// The data, and some blocks that repeat one byte 64 Ki times.
  private static func bombZstd(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    var out = zstd(data, saysSize: false)
    let blocks = 1 + choices.below(64)
    let head = UInt32(1 << 16) << 3 | 2
    let block = [
      UInt8(head & 255), UInt8(head >> 8 & 255), UInt8(head >> 16 & 255), choices.byte(),
    ]
    out += [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38]
    for _ in 0..<blocks { out += block }
    return out + [1, 0, 0]
  }

  private static func lz4(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    var out = Image()
    // Version 1, blocks of 64 KiB that stand alone, and the checksum of these two bytes.
    out.data = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
    for at in stride(from: 0, to: data.count, by: 65536) {
      let piece = data[at..<min(data.count, at + 65536)]
      out.put(UInt32(piece.count) | 1 << 31)
      out.data += piece
    }
    out.put(UInt32(0))
    return out.data
  }

  /// A block of literals.
  private static func legacyLZ4(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    var block: [UInt8] = [UInt8(min(15, data.count) << 4)]
    if data.count >= 15 {
      var rest = data.count - 15
      while rest >= 255 {
        block.append(255)
        rest -= 255
      }
      block.append(UInt8(rest))
    }
    var out = Image()
    out.data = [0x02, 0x21, 0x4c, 0x18]
    out.put(UInt32(block.count + data.count))
    return out.data + block + data
  }

  // Archives

  private static func name(_ choices: inout Choices) -> String {
    FolderScript.names[choices.below(FolderScript.names.count)]
  }

  private static func tar(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    var out: [UInt8] = []
    for _ in 0...choices.below(3) {
      out += member(data, name(&choices), &choices, magic: "ustar\0")
    }
    return out + [UInt8](repeating: 0, count: 1024)
  }

  private static func oldTar(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    member(data, name(&choices), &choices, magic: "")
  }

  private static func member(
    _ data: [UInt8], _ name: String, _ choices: inout Choices, magic: String
  ) -> [UInt8] {
    let octal = String(data.count, radix: 8)
    let kind = choices.byte()
    var out = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ at: Int) {
      for (n, byte) in text.utf8.enumerated() { out[at + n] = byte }
    }
    put(name, 0)
    put("0000644\0", 100)
    put(String(repeating: "0", count: 11 - min(11, octal.count)) + octal, 124)
    put("00000000000", 136)
    out[156] = kind < 200 ? 0x30 : [0x31, 0x32, 0x35, 0x4c, 0x78, 0x67, 0x53, 0x56][Int(kind) & 7]
    put(magic.isEmpty ? "" : magic + "00", 257)
    put("        ", 148)
    let sum = String(out.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - min(6, sum.count)) + sum + "\0 ", 148)
    out += data
    return out + [UInt8](repeating: 0, count: (512 - out.count % 512) % 512)
  }

  private static func zip(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    zip(data, name(&choices), isStreamed: false, isDeflated: choices.flag())
  }

  private static func streamedZip(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    zip(data, name(&choices), isStreamed: true, isDeflated: true)
  }

  private static func zip(
    _ data: [UInt8], _ name: String, isStreamed: Bool, isDeflated: Bool
  ) -> [UInt8] {
    let packed = isDeflated ? stored(data) : data
    var sizes = Image()
    sizes.put(Checksums.crc32(data))
    sizes.put(UInt32(packed.count))
    sizes.put(UInt32(data.count))
    var common = Image()
    common.put(UInt16(20))
    common.put(UInt16(isStreamed ? 8 : 0))
    common.put(UInt16(isDeflated ? 8 : 0))
    common.put(UInt32(0))
    common.data += isStreamed ? [UInt8](repeating: 0, count: 12) : sizes.data
    common.put(UInt16(name.utf8.count))
    common.put(UInt16(0))
    var out = Image()
    out.data = [0x50, 0x4b, 3, 4] + common.data + Array(name.utf8) + packed
    if isStreamed { out.data += [0x50, 0x4b, 7, 8] + sizes.data }
    let directory = out.data.count
    out.data += [0x50, 0x4b, 1, 2, 20, 0] + common.data + [UInt8](repeating: 0, count: 14)
    out.data += Array(name.utf8)
    let size = out.data.count - directory
    out.data += [0x50, 0x4b, 5, 6, 0, 0, 0, 0, 1, 0, 1, 0]
    out.put(UInt32(size))
    out.put(UInt32(directory))
    out.put(UInt16(0))
    return out.data
  }

  /// LZMA2 in chunks that are stored, with CRC-32 over all of it.
  private static func xz(_ data: [UInt8], _ choices: inout Choices) -> [UInt8] {
    func summed(_ bytes: [UInt8]) -> [UInt8] {
      var out = Image()
      out.data = bytes
      out.put(Checksums.crc32(bytes))
      return out.data
    }
    var chunks: [UInt8] = []
    for at in stride(from: 0, to: data.count, by: 65536) {
      let piece = data[at..<min(data.count, at + 65536)]
      let size = piece.count - 1
      chunks += [at == 0 ? 1 : 2, UInt8(size >> 8), UInt8(size & 255)] + piece
    }
    chunks.append(0)
    let header = summed([2, 0, 0x21, 1, 0x16, 0, 0, 0])
    let bare = header.count + chunks.count + 4
    let padding = [UInt8](repeating: 0, count: (4 - chunks.count % 4) % 4)
    var check = Image()
    check.put(Checksums.crc32(data))
    var index: [UInt8] = [0, 1] + variable(bare) + variable(data.count)
    index += [UInt8](repeating: 0, count: (4 - index.count % 4) % 4)
    index = summed(index)
    var foot = Image()
    foot.put(UInt32(index.count / 4 - 1))
    foot.data += [0, 1]
    var out = Image()
    out.data = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0] + summed([0, 1])
    out.data += header + chunks + padding + check.data + index
    out.put(Checksums.crc32(foot.data))
    return out.data + foot.data + Array("YZ".utf8)
  }

  private static func variable(_ number: Int) -> [UInt8] {
    var (bytes, rest): ([UInt8], Int) = ([], number)
    while rest > 127 {
      bytes.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
