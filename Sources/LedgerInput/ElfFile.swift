internal import CElf
internal import Glibc
public import LedgerCore

/// A kernel, a module or another object in the ELF format, read by libelf; lines by libdw.
///
/// Whatever the file holds, a question about it has an answer or none. Not meant for two threads at a time.
@safe public final class ElfFile {
  /// A function around an address.
  public struct Symbol: Sendable, Equatable {
    /// Name as the file has it.
    public var name: String
    /// Where it begins.
    public var address: UInt64
  }

  /// One function of the code at an address.
  public struct Line: Sendable, Equatable {
    /// The function.
    public var function: String
    /// Path as the compiler saw it, without its folder; empty when unknown.
    public var file: String
    /// From 1, 0 when unknown.
    public var line: Int
    /// It was put into the function of the next entry.
    public var isInlined: Bool
  }

  /// As the user named it.
  public let path: String
  private let file: OpaquePointer
  /// Longest unpacked module or kernel.
  private static let sizeLimit = 1 << 30
  /// Inlined functions that are told of one address.
  private static let lineLimit = 32

  /// Opens a file, packed or not; `debugFolder` holds split debug files by build id.
  ///
  /// Throws when it cannot be read or is no ELF file.
  public init(path: String, debugFolder: String? = nil) throws(CaptureError) {
    self.path = path
    let source = try ByteSource(path: path)
    var prefix: [UInt8] = []
    _ = try source.read(into: &prefix, count: 8)
    var opened: OpaquePointer?
    if let packing = Packing(magic: prefix) {
      let bytes = try source.unpacked(packing, prefix: prefix, limit: Self.sizeLimit)
      unsafe opened = bytes.withUnsafeBytes {
        unsafe celf_open_bytes($0.baseAddress, $0.count, debugFolder)
      }
    } else {
      unsafe opened = celf_open(open(path, O_RDONLY | O_CLOEXEC), debugFolder)
    }
    guard let handle = unsafe opened else {
      throw .unsupported(path: path, what: "a symbol file that is no ELF file")
    }
    unsafe file = handle
  }

  deinit { unsafe celf_close(file) }

  /// A module: its sections have no addresses yet.
  public var isRelocatable: Bool { unsafe celf_is_relocatable(file) }

  /// The GNU build id, empty when the file has none.
  public var buildID: [UInt8] {
    var id = [UInt8](repeating: 0, count: 64)
    let count = unsafe id.withUnsafeMutableBufferPointer {
      unsafe celf_build_id(file, $0.baseAddress, $0.count)
    }
    return Array(id[..<min(count, id.count)])
  }

  /// The bytes of a section; nil when the file has none of that name, or a longer one than `limit`.
  public func section(_ name: String, limit: Int) -> [UInt8]? {
    var count = 0
    guard let bytes = unsafe celf_section(file, name, &count), count <= limit else { return nil }
    return unsafe Array(UnsafeRawBufferPointer(start: bytes, count: count))
  }

  /// The address of a symbol; nil when there is none of that name.
  public func address(of name: String) -> UInt64? {
    var address: UInt64 = 0
    return unsafe celf_address(file, name, &address) ? address : nil
  }

  /// The address of the code at an offset of the file, in a program or a library; nil where it has none.
  public func address(ofFileOffset offset: UInt64) -> UInt64? {
    var address: UInt64 = 0
    return unsafe celf_file_address(file, offset, &address) ? address : nil
  }

  /// The functions as kallsyms lists them; empty when there are none.
  public var codeListing: [UInt8] {
    var count = 0
    guard let text = unsafe celf_listing(file, &count) else { return [] }
    defer { unsafe free(text) }
    return unsafe Array(UnsafeRawBufferPointer(start: text, count: count))
  }

  /// The functions around ascending addresses; nil where there is none. In a module, addresses count from the start of its code.
  public func symbols(at addresses: [UInt64]) -> [Symbol?] {
    guard !addresses.isEmpty else { return [] }
    var found = [celf_symbol](repeating: celf_symbol(), count: addresses.count)
    unsafe addresses.withUnsafeBufferPointer { wanted in
      unsafe found.withUnsafeMutableBufferPointer { room in
        unsafe celf_find(file, wanted.baseAddress, wanted.count, room.baseAddress)
      }
    }
    return found.map { symbol in
      let name = Self.text(symbol.name)
      return name.isEmpty ? nil : Symbol(name: name, address: symbol.address)
    }
  }

  /// The lines at a function plus an offset, innermost first; empty without debug information.
  /// `start` is the function's address in the file, when more than its name is known.
  public func lines(of function: String, at start: UInt64 = 0, offset: UInt64) -> [Line] {
    var room = [celf_line](repeating: celf_line(), count: Self.lineLimit)
    let count = unsafe room.withUnsafeMutableBufferPointer {
      unsafe celf_lines(file, function, start, offset, $0.baseAddress, $0.count)
    }
    return room[..<min(count, room.count)].map {
      Line(
        function: Self.text($0.function), file: Self.text($0.file), line: Int($0.line),
        isInlined: $0.is_inlined)
    }
  }

  /// Text in a room of fixed size, up to its NUL.
  private static func text<Room>(_ room: Room) -> String {
    unsafe withUnsafeBytes(of: room) { bytes in
      let letters = unsafe bytes.prefix { $0 != 0 }
      return unsafe String(decoding: letters, as: UTF8.self)
    }
  }
}

extension Packing {
  /// The packing whose data begins with these bytes; archives are not looked for.
  init?(magic bytes: [UInt8]) {
    let magics: [([UInt8], Packing)] = [
      ([0x1f, 0x8b], .gzip), ([0x28, 0xb5, 0x2f, 0xfd], .zstd), ([0xfd, 0x37, 0x7a, 0x58], .xz),
      ([0x42, 0x5a, 0x68], .bzip2), ([0x04, 0x22, 0x4d, 0x18], .lz4),
    ]
    guard let found = magics.first(where: { bytes.starts(with: $0.0) }) else { return nil }
    self = found.1
  }
}

extension ByteSource {
  /// All bytes of a file, with one layer of packing taken off.
  ///
  /// Throws when it cannot be read or holds more than `limit` bytes.
  public static func contents(of path: String, limit: Int) throws(CaptureError) -> [UInt8] {
    let source = try ByteSource(path: path)
    var prefix: [UInt8] = []
    while prefix.count < 8, try source.read(into: &prefix, count: 8 - prefix.count) > 0 {}
    if let packing = Packing(magic: prefix) {
      return try source.unpacked(packing, prefix: prefix, limit: limit)
    }
    return try source.rest(prefix, limit: limit)
  }

  func unpacked(_ packing: Packing, prefix: [UInt8], limit: Int) throws(CaptureError) -> [UInt8] {
    let budget = ExpandBudget(UInt64(limit))
    return try inflated(packing, prefix: prefix, budget: budget).rest([], limit: limit)
  }

  private func rest(_ prefix: [UInt8], limit: Int) throws(CaptureError) -> [UInt8] {
    var bytes = prefix
    // With room for the read that finds the end: growing then would copy everything.
    let step = 1 << 20
    if let size { bytes.reserveCapacity(Int(clamping: min(size, UInt64(limit))) + step) }
    while try read(into: &bytes, count: step) > 0 {
      guard bytes.count <= limit else {
        throw .expandsTooFar(path: path, limit: UInt64(limit))
      }
    }
    return bytes
  }
}
