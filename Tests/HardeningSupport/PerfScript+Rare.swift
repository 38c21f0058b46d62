// Records and sections that say something about others.
extension PerfScript {
  /// A call chain: its length, and addresses between the marks of contexts.
  mutating func chain() -> [UInt8] {
    var out = Image(isBig: isBig)
    let count = choices.below(7)
    out.put(choices.byte() > 250 ? choices.number() : UInt64(count))
    for _ in 0..<count {
      switch choices.byte() {
      case 0..<64: out.put(UInt64(bitPattern: -128))
      case 64..<128: out.put(UInt64(bitPattern: -512))
      case 128..<192: out.put(0xffff_ffff_8100_0010 + UInt64(choices.byte()))
      default: out.put(choices.number())
      }
    }
    return out.data
  }

  /// A record that few files have.
  mutating func rareRecord() -> [UInt8] {
    let misc = UInt16(choices.byte()) << 8 | UInt16(choices.byte() & 7)
    switch choices.below(8) {
    case 0: return record(67, buildID(), misc: misc)
    case 1: return record(10, mapping(), misc: misc)
    case 2:
      let feature = [2, 4, 7, 12, 24, 3][choices.below(6)]
      var out = Image(isBig: isBig)
      out.put(UInt64(feature))
      return record(80, out.data + self.feature(feature))
    case 3: return record(69, index())
    case 4:
      var out = Image(isBig: isBig)
      out.put(UInt64(choices.byte() & 3))
      out.put(UInt64(choices.byte() > 128 ? 100 : 7))
      return record(78, out.data + Array("kmem:mm_page_alloc\0\0\0\0\0\0".utf8))
    case 5:
      var out = Image(isBig: isBig)
      let size = choices.below(40)
      out.put(choices.byte() > 250 ? choices.number() : UInt64(size))
      return record(71, out.data + numbers(4)) + choices.take(size)
    case 6:
      var out = Image(isBig: isBig)
      out.put(UInt32(77))
      out.put(UInt32(77))
      return record(3, out.data + Array("qemu\0\0\0\0".utf8) + numbers(3), misc: misc)
    default:
      var out = Image(isBig: isBig)
      for _ in 0..<4 { out.put(UInt32(70 + choices.byte() & 15)) }
      return record(7, out.data + numbers(3))
    }
  }

  private static let names = [
    "[kernel.kallsyms]_text\0", "/boot/vmlinux\0", "/lib/modules/kvm.ko.xz\0", "[kvm]\0",
    "/usr/bin/qemu\0", "/usr/lib/libc.so\0", "//anon\0", "[vdso]\0",
  ]

  private mutating func name() -> [UInt8] { Array(Self.names[choices.below(8)].utf8) }

  private mutating func buildID() -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(choices.flag() ? UInt32.max : UInt32(77))
    out.data += choices.take(20) + [UInt8(choices.below(22)), 0, 0, 0] + name()
    out.fill(to: 8)
    return out.data
  }

  private mutating func mapping() -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(choices.flag() ? UInt32.max : UInt32(77))
    out.put(UInt32(77))
    out.put(choices.flag() ? UInt64(0xffff_ffff_8100_0000) : UInt64(choices.byte()) << 4)
    out.put(choices.byte() > 250 ? choices.number() : 0x100_0000)
    out.put(choices.number())
    out.data += [UInt8(choices.below(22)), 0, 0, 0] + choices.take(20)
    out.data += numbers(1) + name()
    out.fill(to: 8)
    return out.data + numbers(3)
  }

  private mutating func index() -> [UInt8] {
    var out = Image(isBig: isBig)
    let count = choices.below(4)
    out.put(choices.byte() > 250 ? choices.number() : UInt64(count))
    for _ in 0..<count {
      out.put(UInt64(100 + choices.below(2)))
      out.put(UInt64(0))
      out.put(choices.byte() > 250 ? choices.number() : UInt64(choices.below(4)))
      out.put(UInt64(77))
    }
    return out.data
  }

  /// What a feature's section holds.
  mutating func feature(_ number: Int) -> [UInt8] {
    var out = Image(isBig: isBig)
    switch number {
    case 2:
      for _ in 0..<choices.below(4) {
        let misc = UInt16(choices.byte()) << 8 | UInt16(choices.byte() & 3)
        out.data += record(0, buildID(), misc: misc)
      }
    case 4:
      out.put(UInt32(choices.byte() > 250 ? 1 << 30 : 8))
      out.put("6.1.0\0\0\0")
    case 7:
      out.put(UInt32(4))
      out.put(UInt32(truncatingIfNeeded: choices.number()))
    case 12:
      let count = choices.below(3)
      out.put(UInt32(choices.byte() > 250 ? .max : UInt32(count)))
      out.put(UInt32(136))
      for _ in 0..<count {
        out.data += [UInt8](repeating: 0, count: 136)
        out.put(UInt32(1))
        out.put(UInt32(16))
        out.put("kmem:mm_page_al\0")
        out.put(UInt64(choices.byte() > 128 ? 100 : 7))
      }
    default: out.data += choices.take(choices.below(40))
    }
    return out.data
  }
}
