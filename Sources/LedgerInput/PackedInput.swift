internal import LedgerCore

/// The packed bytes of one layer, in a block of memory that stays in its place.
@safe final class PackedInput: @unchecked Sendable {
  private static let size = 1 << 18

  private let source: ByteSource
  private var prefix: [UInt8]
  private let form: String
  private let room: UnsafeMutableRawBufferPointer
  private var at = 0
  private var end = 0
  /// Offset of `end` in the packed bytes.
  private var taken: UInt64 = 0
  /// The source gave its last byte.
  private(set) var hasEnded = false

  init(_ source: ByteSource, prefix: [UInt8], form: String) {
    self.source = source
    self.prefix = prefix
    self.form = form
    unsafe room = .allocate(byteCount: Self.size, alignment: 64)
  }

  deinit { unsafe room.deallocate() }

  /// As the user named the capture.
  var path: String { source.path }

  /// Bytes that were read and not consumed.
  var unread: UnsafeRawBufferPointer { unsafe .init(rebasing: room[at..<end]) }

  /// No byte is at hand.
  var isEmpty: Bool { at == end }

  /// Offset of the first byte that is not consumed.
  var offset: UInt64 { taken &- UInt64(end - at) }

  func consume(_ count: Int) { at += max(0, min(count, end - at)) }

  /// Reads on when nothing is at hand; false at the end.
  func refill() throws(CaptureError) -> Bool {
    guard isEmpty else { return true }
    at = 0
    end = 0
    if prefix.isEmpty {
      end = try unsafe source.read(to: room)
    } else {
      end = unsafe min(prefix.count, room.count)
      unsafe room.copyBytes(from: prefix[..<end])
      prefix.removeFirst(end)
    }
    taken &+= UInt64(end)
    hasEnded = end == 0
    return !hasEnded
  }

  /// Accounts that the packed data stops before its end.
  func noteTruncated(at offset: UInt64) {
    source.damage.add(.truncated, "\(form) data ends at input offset \(offset)")
  }

  /// Accounts that the packed data contradicts itself; what follows is not read.
  func noteCorrupt(at offset: UInt64, _ reason: String) {
    source.damage.add(.corruptChunk, "\(form) data before input offset \(offset): \(reason)")
  }

  var damage: DamageLog { source.damage }
}
