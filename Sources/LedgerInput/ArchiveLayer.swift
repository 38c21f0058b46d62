internal import CArchive
internal import LedgerCore

/// What libarchive unpacks: the data of one compressed stream, or of one member of an archive after another.
///
/// Only what the packing needs is switched on, so that libarchive never starts a program. What it holds back in
/// a block that it cannot finish (64 KiB for xz) is lost when data is damaged or ends too early.
@safe final class ArchiveLayer: ByteLayer, @unchecked Sendable {
  /// A regular file, of the types in `archive_entry.h`.
  private static let regularFile: UInt32 = 0o100000

  private let input: PackedInput
  private let archive: OpaquePointer
  private var failure: CaptureError?
  private var isDone = false
  private var isMemberDone = false
  private var block = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
  /// Zero bytes before the block, in a sparse file.
  private var hole: UInt64 = 0
  /// Offset behind the block in the member.
  private var place: UInt64 = 0

  init(_ input: PackedInput, _ packing: Packing) throws(CaptureError) {
    guard let archive = unsafe archive_read_new() else {
      throw .unsupported(path: input.path, what: "\(packing.rawValue) data")
    }
    self.input = input
    unsafe self.archive = archive
    guard unsafe Self.enable(packing, archive) == ARCHIVE_OK else {
      throw .unsupported(path: input.path, what: "\(packing.rawValue) data")
    }
    let context = unsafe Unmanaged.passUnretained(self).toOpaque()
    let status = unsafe archive_read_open(
      archive, context, nil,
      { _, context, block in
        guard let context = unsafe context else { return -1 }
        let layer = unsafe Unmanaged<ArchiveLayer>.fromOpaque(context).takeUnretainedValue()
        return unsafe layer.supply(block)
      }, nil)
    guard status == ARCHIVE_OK else {
      try fail()
      return
    }
    guard !packing.isArchive else { return }
    // Without a filter the raw form hands the packed bytes through.
    guard try nextMember() != nil, unsafe archive_filter_count(archive) > 1 else {
      if !isDone { throw .headerCorrupt(path: input.path, offset: 0, what: packing.rawValue) }
      return
    }
  }

  deinit { unsafe archive_read_free(archive) }

  private static func enable(_ packing: Packing, _ archive: OpaquePointer) -> CInt {
    switch packing {
    case .tar: return unsafe archive_read_support_format_tar(archive)
    case .zip: return unsafe archive_read_support_format_zip_streamable(archive)
    case .xz: unsafe archive_read_support_filter_xz(archive)
    case .bzip2: unsafe archive_read_support_filter_bzip2(archive)
    case .lz4: unsafe archive_read_support_filter_lz4(archive)
    case .gzip, .zstd, .deflate, .zlib: return ARCHIVE_FAILED
    }
    return unsafe archive_read_support_format_raw(archive)
  }

  /// Goes on to the next regular file and gives its name, nil at the end.
  func nextMember() throws(CaptureError) -> String? {
    unsafe block = .init(start: nil, count: 0)
    hole = 0
    place = 0
    isMemberDone = false
    while !isDone {
      var entry: OpaquePointer?
      let status = unsafe archive_read_next_header(archive, &entry)
      guard status != ARCHIVE_EOF else {
        isDone = true
        return nil
      }
      guard status >= ARCHIVE_WARN, let entry = unsafe entry else {
        try fail()
        return nil
      }
      guard unsafe archive_entry_filetype(entry) == Self.regularFile,
        unsafe archive_entry_hardlink(entry) == nil
      else { continue }
      let name = unsafe archive_entry_pathname_utf8(entry) ?? archive_entry_pathname(entry)
      return unsafe name.map { unsafe String(cString: $0) } ?? "?"
    }
    return nil
  }

  func read(to target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    while unsafe hole == 0 && block.isEmpty {
      guard !isDone, !isMemberDone, try nextBlock() else { return 0 }
    }
    if hole > 0 {
      let zeros = min(Int(clamping: hole), target.count)
      unsafe target.prefix(zeros).initializeMemory(as: UInt8.self, repeating: 0)
      hole &-= UInt64(zeros)
      return zeros
    }
    let count = unsafe min(block.count, target.count)
    unsafe target.copyMemory(from: .init(rebasing: block[..<count]))
    unsafe block = .init(rebasing: block[count...])
    return count
  }

  private func nextBlock() throws(CaptureError) -> Bool {
    var base: UnsafeRawPointer?
    var size = 0
    var offset: Int64 = 0
    let status = unsafe archive_read_data_block(archive, &base, &size, &offset)
    guard status == ARCHIVE_OK || status == ARCHIVE_EOF else {
      try fail()
      return false
    }
    let start = max(place, UInt64(clamping: offset))
    hole = start - place
    if status == ARCHIVE_EOF {
      // A sparse file may end in a hole.
      isMemberDone = true
      return hole > 0
    }
    unsafe block = .init(start: base, count: size)
    place = start &+ UInt64(clamping: size)
    return true
  }

  /// Ends the data: what was read stays valid, and the account says why there is no more.
  private func fail() throws(CaptureError) {
    isDone = true
    if let failure { throw failure }
    if input.hasEnded { return input.noteTruncated(at: input.offset) }
    let read = unsafe archive_filter_bytes(archive, -1)
    let reason = unsafe archive_error_string(archive).map { unsafe String(cString: $0) }
    let offset = read > 0 ? UInt64(read) : input.offset
    input.noteCorrupt(at: offset, reason ?? "damaged")
  }

  /// Hands the next block of packed bytes to libarchive.
  private func supply(_ block: UnsafeMutablePointer<UnsafeRawPointer?>?) -> Int {
    input.consume(.max)
    do throws(CaptureError) {
      guard try input.refill() else { return 0 }
      let bytes = unsafe input.unread
      unsafe block?.pointee = bytes.baseAddress
      return bytes.count
    } catch {
      failure = error
      return -1
    }
  }
}
