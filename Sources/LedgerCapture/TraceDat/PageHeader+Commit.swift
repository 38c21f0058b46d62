import LedgerFormat
import LedgerInput

extension PageHeader {
  /// The low half of the commit word; its upper half is the sign of a flag on 64-bit kernels.
  @inline(__always)
  func commitWord(_ bytes: RawSpan, at start: Int, bigEndian: Bool) -> UInt32 {
    let place = start &+ 8 &+ (bigEndian && long == 8 ? 4 : 0)
    return bigEndian ? bytes.u32(place).byteSwapped : bytes.u32(place)
  }

  /// How many bytes of records the sub-buffer at `start` claims.
  @inline(__always)
  func commit(_ bytes: RawSpan, at start: Int, bigEndian: Bool) -> Int {
    Int(commitWord(bytes, at: start, bigEndian: bigEndian) & 0x07ff_ffff)
  }
}
