/// What the code at the end of a path did to the page.
public enum PathRole: String, Sendable, CaseIterable {
  /// It allocated the page or its block.
  case allocator
  /// It took, or wanted, a reference or a mapping.
  case holder
  /// It put the last reference, or gave the page back.
  case freer
  /// The kernel complained there.
  case complaint
}

/// One function on a path.
public struct CodeFrame: Sendable, Equatable {
  /// Function as the compiler named it, empty when nothing names the address.
  public var function: String
  /// Bytes from its start, nil when not known.
  public var offset: UInt64?
  /// Module that it lies in, empty for the kernel itself or when not known.
  public var module = ""
  /// `mm/gup.c:142`; empty without debug information.
  public var line = ""
  /// The compiler put it into the function that follows.
  public var isInlined = false
  /// Address as recorded; nil when the capture has only the name.
  public var address: UInt64?
  /// The code itself stands there, as where a processor was; else a call returns to it.
  public var isExact = false

  /// A frame of which only the function is known, or nothing.
  public init(function: String = "", offset: UInt64? = nil, address: UInt64? = nil) {
    self.function = function
    self.offset = offset
    self.address = address
  }

  /// The frame as a reader gave it; a tab parts the name from the file or module that it lies in.
  public init(_ frame: StackFrame) {
    let parts = frame.name.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
    self.init(
      function: parts.first.map(String.init) ?? "", offset: frame.offset, address: frame.address)
    if parts.count > 1 { module = String(parts[1]) }
    isExact = frame.isExact
  }

  /// `try_grab_folio+0x1c (mm/gup.c:142)`; the address when there is no name.
  public var words: String {
    guard !function.isEmpty else { return address.map(hex) ?? "?" }
    var words = function
    if let offset, !isInlined { words += "+" + hex(offset) }
    if !module.isEmpty { words += " [\(module)]" }
    if isInlined { words += line.isEmpty ? " (inlined)" : " (inlined, \(line))" }
    return isInlined || line.isEmpty ? words : words + " (\(line))"
  }

  /// The function without what a compiler appends to copies of it: `.isra.0`, `.constprop.0`, `.part.3`, `.cold`.
  public var plainFunction: String { function.withoutCopyMarks }
}

extension String {
  /// The name of a function without what compilers and the build put around it: `.isra.0`, `.constprop.0`, `.part.3`,
  /// `.cold`, `.llvm.123`, `__pfx_`.
  public var withoutCopyMarks: String {
    var name = self[...]
    if name.hasPrefix("__pfx_"), name.utf8.count > 6 { name = name.dropFirst(6) }
    guard let dot = name.firstIndex(of: "."), dot > name.startIndex else { return String(name) }
    return String(name[..<dot])
  }
}

/// The way through the kernel to one event of a finding.
public struct CodePath: Sendable, Equatable {
  /// What the code did.
  public var role: PathRole
  /// Name of the event that recorded the way.
  public var event: String
  /// Time of the event, in the unit of the capture.
  public var time: UInt64
  /// Thread id, -1 when unknown.
  public var pid: Int32
  /// Task name, empty when unknown.
  public var comm: String
  /// Innermost function first.
  public var frames: [CodeFrame]
  /// The way through the user's program that led into the kernel, innermost first: named by files below `--debug-dir` where the
  /// capture knows their build ids, else as recorded. No fingerprint depends on it.
  public var user: [CodeFrame] = []

  /// A path with all its parts.
  public init(
    role: PathRole, event: String, time: UInt64, pid: Int32, comm: String, frames: [CodeFrame]
  ) {
    self.role = role
    self.event = event
    self.time = time
    self.pid = pid
    self.comm = comm
    self.frames = frames
  }
}

/// A source of names for addresses, and what it gave.
public struct SymbolSource: Sendable, Equatable {
  /// `kallsyms of the capture`, `--vmlinux`.
  public var kind: String
  /// The file, empty for the capture itself.
  public var path: String
  /// Addresses that got their name from it.
  public var named: Int
  /// What is known of how it fits: an offset, a build id; or why it was refused.
  public var detail: String

  /// A source with all its parts.
  public init(kind: String, path: String, named: Int, detail: String) {
    self.kind = kind
    self.path = path
    self.named = named
    self.detail = detail
  }
}

/// What a capture itself knows about its kernel's symbols.
public struct KernelClues: Sendable {
  /// Gives the text of the kallsyms inside the capture, nil when it has none; may read a file.
  public var kallsyms: (@Sendable () -> [UInt8])?
  /// Where `_text` lay in the boot that was recorded.
  public var text: UInt64?
  /// How far KASLR moved the kernel, as its log says.
  public var offset: UInt64?
  /// Where modules lay, by name.
  public var modules: [String: UInt64] = [:]
  /// Build id of the kernel, empty when not known.
  public var buildID: [UInt8] = []
  /// Build ids of modules, by name.
  public var moduleIDs: [String: [UInt8]] = [:]
  /// Build ids of programs and libraries that processes had mapped, by the name of the file; none for a name of several files.
  public var programIDs: [String: [UInt8]] = [:]

  /// Nothing is known.
  public init() {}
}
