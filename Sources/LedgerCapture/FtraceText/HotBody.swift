import LedgerCore
import LedgerInput

/// Reads the fields of the commonest events where the kernel prints them, a word of eight bytes at a time.
///
/// include/trace/events/page_ref.h and kmem.h, 5.15 to 7.1: page frames are printed with `0x` from there on. Anything else
/// is left to `EventBody`.
struct HotBody {
  var at: Int
  let end: Int

  @inline(__always)
  mutating func skipSpaces(_ text: borrowing WideText) {
    while text.word(at) & 0xff == 0x20, at < end { at &+= 1 }
  }

  /// Fills the slots of an event by its kind; of an allocation the gfp flags are still to be read.
  @inline(__always)
  mutating func read(_ text: borrowing WideText, into event: inout Event) -> Bool {
    if event.kind.isPageRef { return pageRef(text, &event) }
    switch event.kind {
    case .pageFree, .pageFreeBatched: return page(text, &event)
    case .pageAlloc:
      guard page(text, &event), pass(text, 0x6574_6172_6769_6d20, 8),
        pass(text, 0x3d65_7079_74, 5), let migratetype = signed(text)
      else { return false }
      event.value = migratetype
      return pass(text, 0x616c_665f_7066_6720, 8) && pass(text, 0x3d_7367, 3)
    default: return false
    }
  }

  @inline(__always)
  private mutating func pageRef(_ text: borrowing WideText, _ event: inout Event) -> Bool {
    guard pass(text, 0x7830_3d6e_6670, 6), let pfn = hex(text),
      pass(text, 0x3d73_6761_6c66_20, 7), flags(text, &event),
      pass(text, 0x3d74_6e75_6f63_20, 7), let count = signed(text),
      pass(text, 0x6e75_6f63_7061_6d20, 8), pass(text, 0x3d74, 2), let mapcount = signed(text),
      pass(text, 0x676e_6970_7061_6d20, 8), pass(text, 0x3d, 1), pointer(text, &event),
      pass(text, 0x3d74_6d20, 4), let migratetype = signed(text),
      pass(text, 0x3d6c_6176_20, 5), let value = signed(text)
    else { return false }
    event.pfn = pfn
    event.count = count
    event.mapcount = mapcount
    event.order = UInt8(truncatingIfNeeded: migratetype)
    event.value = value
    switch event.kind {
    case .pageRefSet, .pageRefMod, .pageRefUnfreeze: return true
    default:
      guard pass(text, 0x3d74_6572_20, 5), let result = signed(text) else { return false }
      event.result = result
      return true
    }
  }

  /// `page=… pfn=… order=`; a page that is no address belongs to an allocation that failed.
  @inline(__always)
  private mutating func page(_ text: borrowing WideText, _ event: inout Event) -> Bool {
    guard pass(text, 0x3d65_6761_70, 5) else { return false }
    if text.word(at) & 0xffff == 0x7830 { at &+= 2 }
    guard let address = hex(text), address != 0, pass(text, 0x78_303d_6e66_7020, 7),
      let pfn = hex(text), pass(text, 0x3d_7265_6472_6f20, 7), let order = signed(text),
      order >= 0, order <= 255
    else { return false }
    event.pfn = pfn
    event.order = UInt8(truncatingIfNeeded: order)
    return true
  }

  /// The last field of an allocation.
  @inline(__always)
  mutating func readGfp(
    _ text: borrowing WideText, _ bytes: RawSpan, _ gfp: inout GfpNames, _ event: inout Event
  ) -> Bool {
    var space = at
    while space < end {
      let inside = LinePrefixes.mask(end &- space)
      let word = text.word(space) | ~inside
      guard !WideDigits.holds(word, 0x20), !WideDigits.holds(word, 0x09) else { return false }
      space &+= 8
    }
    guard at < end else { return false }
    let value = gfp.value(bytes, from: at, to: end)
    event.word = value.bits
    event.gaps = value.gaps
    at = end
    return true
  }

  /// The word of flags, or their names: names are only passed, hwpoison among them is for `EventBody`.
  @inline(__always)
  private mutating func flags(_ text: borrowing WideText, _ event: inout Event) -> Bool {
    let first = text.word(at)
    if first & 0xffff == 0x7830 {
      at &+= 2
      guard let value = hex(text) else { return false }
      event.word = value
      return true
    }
    guard (first & 0xff) &- 0x30 > 9 else { return false }
    event.gaps = .pageFlags
    while at < end {
      let word = text.word(at)
      let space = WideDigits.mask(word, 0x20)
      if WideDigits.mask(word, 0x68) & WideDigits.mask(word, 0x77) &>> 8 != 0 { return false }
      guard space == 0 else {
        at &+= space.trailingZeroBitCount &>> 3
        return true
      }
      // One byte is seen again, so that two letters are never apart.
      at &+= 7
    }
    return false
  }

  @inline(__always)
  private mutating func pointer(_ text: borrowing WideText, _ event: inout Event) -> Bool {
    let first = text.word(at)
    if first & 0xff_ffff_ffff == 0x29_6c69_6e28 {
      at &+= 5
      return true
    }
    if first & 0xffff == 0x7830 { at &+= 2 }
    guard let value = hex(text) else { return false }
    event.pointer = value
    return true
  }

  /// Passes `count` bytes, the lowest first, if they are next.
  @inline(__always)
  private mutating func pass(_ text: borrowing WideText, _ word: UInt64, _ count: Int) -> Bool {
    let mask = count == 8 ? UInt64.max : (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1
    let isNext = text.word(at) & mask == word
    at &+= count
    return isNext
  }

  @inline(__always)
  private mutating func hex(_ text: borrowing WideText) -> UInt64? {
    let start = at
    guard let value = WideDigits.hex(text, &at, to: end) else { return nil }
    return at &- start == 16 && WideDigits.hexCount(text.word(at)) > 0 ? nil : value
  }

  /// A number of up to seven decimal digits, perhaps with a minus sign.
  @inline(__always)
  private mutating func signed(_ text: borrowing WideText) -> Int32? {
    var word = text.word(at)
    let isNegative = word & 0xff == 0x2d
    if isNegative {
      at &+= 1
      word = text.word(at)
    }
    var value = (word & 0xff) &- 0x30
    guard value < 10 else { return nil }
    if ((word &>> 8) & 0xff) &- 0x30 < 10 {
      let count = WideDigits.decimalCount(word)
      guard count < 8, let all = WideDigits.decimal(word, count: count) else { return nil }
      value = all
      at &+= count
    } else {
      at &+= 1
    }
    return isNegative ? 0 &- Int32(truncatingIfNeeded: value) : Int32(truncatingIfNeeded: value)
  }
}
