public import LedgerCore

/// A position in the bytes of a file or of an inflated section, with a window of bytes read ahead.
///
/// Every read is checked against the end and throws `headerTruncated` with the offset and what was expected.
public struct ByteCursor: Sendable {
  private var window: [UInt8] = []
  private var at = 0
  private let source: ByteSource?
  /// Offset behind the window.
  private var ahead: UInt64
  private let path: String
  /// Offset at which reading must stop.
  public let end: UInt64
  /// Numbers are stored with the most significant byte first.
  public var bigEndian: Bool

  private static let readAhead = 1 << 16
  /// More bytes are not held at a time: a sparse file may claim any number.
  private static let holdLimit: UInt64 = 1 << 28

  /// Reads `range` of a seekable source; the range is clipped to the size of the file.
  public init(_ source: ByteSource, range: Range<UInt64>, bigEndian: Bool) {
    let size = source.size ?? 0
    self.source = source
    self.path = source.path
    self.ahead = min(range.lowerBound, size)
    self.end = min(range.upperBound, size)
    self.bigEndian = bigEndian
  }

  /// Reads bytes in memory; offsets count from their start.
  public init(_ bytes: [UInt8], path: String, bigEndian: Bool) {
    self.window = bytes
    self.source = nil
    self.path = path
    self.ahead = UInt64(bytes.count)
    self.end = UInt64(bytes.count)
    self.bigEndian = bigEndian
  }

  /// Offset of the next byte.
  public var offset: UInt64 { ahead &- UInt64(window.count - at) }

  /// Bytes up to the end.
  public var remaining: UInt64 { end > offset ? end - offset : 0 }

  /// The next byte.
  public mutating func u8(_ what: String) throws(CaptureError) -> UInt8 {
    let place = try reserve(1, what)
    return window[place]
  }

  /// The next two bytes.
  public mutating func u16(_ what: String) throws(CaptureError) -> UInt16 {
    let place = try reserve(2, what)
    let value = window.withRawSpan { $0.u16(place) }
    return bigEndian ? value.byteSwapped : value
  }

  /// The next four bytes.
  public mutating func u32(_ what: String) throws(CaptureError) -> UInt32 {
    let place = try reserve(4, what)
    let value = window.withRawSpan { $0.u32(place) }
    return bigEndian ? value.byteSwapped : value
  }

  /// The next eight bytes.
  public mutating func u64(_ what: String) throws(CaptureError) -> UInt64 {
    let place = try reserve(8, what)
    let value = window.withRawSpan { $0.u64(place) }
    return bigEndian ? value.byteSwapped : value
  }

  /// A copy of the next `count` bytes.
  public mutating func bytes(_ count: UInt64, _ what: String) throws(CaptureError) -> [UInt8] {
    let place = try reserve(count, what)
    return Array(window[place..<at])
  }

  /// Appends the next `count` bytes to `buffer`, past the window; for large reads.
  public mutating func read(_ count: UInt64, into buffer: inout [UInt8]) throws(CaptureError) {
    guard count <= remaining, let wanted = Int(exactly: count) else {
      throw .headerTruncated(path: path, offset: end, what: "data")
    }
    let kept = min(wanted, window.count - at)
    buffer.append(contentsOf: window[at..<(at + kept)])
    at += kept
    guard kept < wanted else { return }
    let got = try source?.read(into: &buffer, count: wanted - kept, at: ahead) ?? 0
    ahead &+= UInt64(got)
    guard got == wanted - kept else {
      throw .headerTruncated(path: path, offset: ahead, what: "data")
    }
  }

  /// Bytes up to a NUL, which is consumed; at most `limit` bytes.
  public mutating func string(limit: Int = 4096, _ what: String) throws(CaptureError) -> String {
    var found: [UInt8] = []
    while true {
      let byte = try u8(what)
      if byte == 0 { return String(decoding: found, as: UTF8.self) }
      guard found.count < limit else {
        throw .headerCorrupt(path: path, offset: offset, what: what)
      }
      found.append(byte)
    }
  }

  /// Moves on without reading.
  public mutating func skip(_ count: UInt64, _ what: String) throws(CaptureError) {
    guard count <= remaining else { throw .headerTruncated(path: path, offset: end, what: what) }
    let kept = UInt64(window.count - at)
    if count <= kept {
      at += Int(count)
    } else {
      ahead &+= count - kept
      window.removeAll(keepingCapacity: true)
      at = 0
    }
  }

  /// Inflates the next `count` bytes to `size` bytes in `output`; false when they cannot be inflated.
  public mutating func inflate(
    _ count: UInt64, to size: Int, with inflater: Inflater, into output: inout [UInt8]
  ) throws(CaptureError) -> Bool {
    let place = try reserve(count, "compressed data")
    try source?.damage.spend(size, size: source?.size, path: path)
    return unsafe window.withUnsafeBytes { bytes in
      unsafe inflater.inflate(.init(rebasing: bytes[place..<at]), into: &output, size: size)
    }
  }

  /// Consumes `count` bytes and returns their place in the window.
  private mutating func reserve(_ count: UInt64, _ what: String) throws(CaptureError) -> Int {
    guard count <= remaining, let wanted = Int(exactly: count) else {
      throw .headerTruncated(path: path, offset: end, what: what)
    }
    guard source == nil || count <= Self.holdLimit else {
      throw .headerCorrupt(path: path, offset: offset, what: "\(what) of \(count) bytes")
    }
    if window.count - at < wanted { try refill(wanted, what) }
    let place = at
    at += wanted
    return place
  }

  private mutating func refill(_ wanted: Int, _ what: String) throws(CaptureError) {
    guard let source else { throw .headerTruncated(path: path, offset: end, what: what) }
    window.removeFirst(at)
    at = 0
    let missing = wanted - window.count
    let room = Int(clamping: end - ahead)
    let got = try source.read(
      into: &window, count: min(max(missing, Self.readAhead), room), at: ahead)
    ahead &+= UInt64(got)
    guard window.count >= wanted else {
      throw .headerTruncated(path: path, offset: ahead, what: what)
    }
  }
}
