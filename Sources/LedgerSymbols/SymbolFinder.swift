public import LedgerCore
internal import LedgerInput

/// Names for the addresses of one capture, from all sources that were given, the most trusted first.
///
/// Nothing is read before the first address asks for a name. The running host's own symbols are never used.
public struct SymbolFinder {
  /// The sources beside the capture.
  public struct Files: Sendable {
    /// A copy of `/proc/kallsyms` of the recorded boot, or of another boot of the same kernel.
    public var kallsyms: String?
    /// `System.map` of the kernel.
    public var systemMap: String?
    /// The kernel with its symbols.
    public var vmlinux: String?
    /// A folder with modules, in any depth.
    public var modules: String?
    /// A folder with split debug files by build id.
    public var debugFolder: String?

    /// No files.
    public init() {}
  }

  private let files: Files
  private let clues: KernelClues
  /// What each source gave, in order of trust; complete after the last question.
  public private(set) var sources: [SymbolSource] = []
  /// What the user should know: files that cannot be read, or do not belong to the capture.
  public private(set) var complaints: [String] = []
  /// Addresses are where calls return to, so that the call stands before them.
  public var addressesAreReturns = true
  private var listings: [Listing] = []
  private var kernel: ElfFile?
  private var modules: ModuleFolder?
  private var programs: ProgramFiles?
  private var isOpen = false
  /// To add to an address of the capture to get one of the kernel's file; nil without that file.
  private var shift: UInt64?

  /// Some address lies behind the start of a module.
  private var touchesModules = false
  /// No module has more code, in bytes.
  static let moduleLimit: UInt64 = 1 << 24

  /// A list of symbols with the way from the capture's addresses to its own.
  struct Listing {
    var symbols: KernelSymbols
    var source: Int
    /// To add to an address of the capture.
    var shift: UInt64
    /// The same for modules, by their start in the capture.
    var modules: [(start: UInt64, shift: UInt64)]
  }

  /// A finder that has not looked at anything yet.
  public init(_ files: Files, clues: KernelClues) {
    self.files = files
    self.clues = clues
  }

  /// The functions of frames, inlined ones as frames of their own; frames that nothing names are missing.
  ///
  /// `chains` are whole call chains of the capture: they tell whether a list of symbols fits.
  public mutating func names(
    of frames: Set<StackFrame>, chains: [[StackFrame]]
  ) -> [StackFrame: [CodeFrame]] {
    guard !frames.isEmpty else { return [:] }
    open(frames, chains)
    var named: [StackFrame: CodeFrame] = [:]
    for frame in frames where !frame.name.isEmpty { named[frame] = CodeFrame(frame) }
    for listing in listings { name(frames, by: listing, &named) }
    nameByKernel(frames, &named)
    nameByModules(frames, &named)
    return withLines(named)
  }

  /// The way through a user's program, innermost first, with the names that files below the folder of debug files have for it.
  public mutating func userNames(of frames: [CodeFrame]) -> [CodeFrame] {
    guard let folder = files.debugFolder, !clues.programIDs.isEmpty else { return frames }
    let files = programs ?? ProgramFiles(folder, ids: clues.programIDs)
    programs = files
    let named = frames.enumerated().flatMap { place, frame in
      guard let offset = frame.offset, frame.module.isEmpty else { return [frame] }
      return files.frames(frame.function, at: offset, isReturn: place > 0) ?? [frame]
    }
    guard files.named > 0 else { return named }
    sources.removeAll { $0.kind == Self.debugKind }
    sources.append(
      SymbolSource(kind: Self.debugKind, path: folder, named: files.named, detail: ""))
    return named
  }

  private static let debugKind = "--debug-dir"

  private mutating func open(_ frames: Set<StackFrame>, _ chains: [[StackFrame]]) {
    guard !isOpen else { return }
    isOpen = true
    touchesModules = frames.contains { frame in
      clues.modules.values.contains { start in
        frame.address.map { $0 >= start && $0 - start < Self.moduleLimit } ?? false
      }
    }
    let needsAddresses = frames.contains { $0.address != nil }
    if needsAddresses {
      if let load = clues.kallsyms {
        add(load(), "kallsyms of the capture", "", chains, isOwn: true)
      }
      if let path = files.kallsyms { add(path, "--kallsyms", chains) }
      if let path = files.systemMap { add(path, "--system-map", chains) }
    }
    if let path = files.vmlinux { openKernel(path, chains) }
    if let path = files.modules { openModules(path) }
  }
}

// MARK: - Lists of symbols

extension SymbolFinder {
  private static let textLimit = 1 << 28

  private mutating func add(_ path: String, _ kind: String, _ chains: [[StackFrame]]) {
    do throws(CaptureError) {
      add(
        try ByteSource.contents(of: path, limit: Self.textLimit), kind, path, chains, isOwn: false)
    } catch {
      refuse(kind, path, error.message)
    }
  }

  private mutating func add(
    _ text: [UInt8], _ kind: String, _ path: String, _ chains: [[StackFrame]], isOwn: Bool
  ) {
    let symbols = KernelSymbols(kallsyms: text)
    guard let start = symbols.textStart else {
      if !isOwn || !text.isEmpty { refuse(kind, path, "it holds no addresses of functions") }
      return
    }
    guard let shift = isOwn ? 0 : offset(symbols, start, chains) else {
      return refuse(kind, path, "the capture's call chains do not fit to it, at any offset")
    }
    let number = sources.count
    sources.append(SymbolSource(kind: kind, path: path, named: 0, detail: Self.words(0 &- shift)))
    listings.append(
      Listing(
        symbols: symbols, source: number, shift: shift,
        modules: isOwn || !touchesModules ? [] : movedModules(symbols)))
  }

  /// Modules that lie elsewhere than in the boot of a list, by their start in the capture.
  private func movedModules(_ symbols: KernelSymbols) -> [(start: UInt64, shift: UInt64)] {
    symbols.moduleStarts.compactMap { name, start in
      clues.modules[name].flatMap { $0 == start ? nil : ($0, start &- $0) }
    }.sorted { $0.start < $1.start }
  }

  /// What to add to an address of the capture: from what the capture says, else by matching.
  private func offset(
    _ symbols: KernelSymbols, _ start: UInt64, _ chains: [[StackFrame]]
  ) -> UInt64? {
    if let text = knownText { return start &- text }
    let tops = chains.compactMap { chain -> [UInt64]? in
      let top = chain.prefix(Self.topDepth).compactMap(\.address)
      return top.isEmpty ? nil : top
    }
    // No chain speaks against what the user says.
    if tops.isEmpty { return clues.offset.map { 0 &- $0 } ?? 0 }
    if let offset = clues.offset, Self.fits(tops, symbols, 0 &- offset) { return 0 &- offset }
    return KernelOffset.match(tops, symbols.extents(of: .standard))
  }

  private static let topDepth = 5

  private static func fits(_ tops: [[UInt64]], _ symbols: KernelSymbols, _ shift: UInt64) -> Bool {
    KernelOffset.count(tops, symbols.extents(of: .standard), shift) > 0
  }

  private var knownText: UInt64? {
    clues.text ?? (listings.first?.shift == 0 ? listings.first?.symbols.textStart : nil)
  }

  private static func words(_ offset: UInt64) -> String {
    let signed = Int64(bitPattern: offset)
    return signed == 0
      ? "" : "offset " + (signed < 0 ? "-" : "") + hex(signed.magnitude)
  }

  private mutating func name(
    _ frames: Set<StackFrame>, by listing: Listing, _ named: inout [StackFrame: CodeFrame]
  ) {
    var wanted: [(address: UInt64, frame: StackFrame)] = []
    for frame in frames where named[frame] == nil {
      guard let address = frame.address else { continue }
      wanted.append((address &+ listing.shift(of: address), frame))
    }
    guard !wanted.isEmpty else { return }
    wanted.sort { $0.address < $1.address }
    let found = listing.symbols.symbols(at: wanted.map(\.address))
    for (symbol, (address, frame)) in zip(found, wanted) {
      guard let symbol else { continue }
      var code = CodeFrame(
        function: symbol.name, offset: address &- symbol.address, address: frame.address)
      code.module = symbol.module
      named[frame] = code
      sources[listing.source].named += 1
    }
  }

  private mutating func refuse(_ kind: String, _ path: String, _ reason: String) {
    sources.append(
      SymbolSource(kind: kind, path: path, named: 0, detail: "not used: \(reason)"))
    // Of its own list the report tells.
    if !path.isEmpty { complaints.append("\(kind) \(path): not used: \(reason)") }
  }
}

extension SymbolFinder.Listing {
  /// Modules move on their own.
  func shift(of address: UInt64) -> UInt64 {
    let module = modules.last { $0.start <= address }
    guard let module, address - module.start < SymbolFinder.moduleLimit else { return shift }
    return module.shift
  }
}

// MARK: - ELF files

extension SymbolFinder {
  private mutating func openKernel(_ path: String, _ chains: [[StackFrame]]) {
    do throws(CaptureError) {
      let file = try ElfFile(path: path, debugFolder: files.debugFolder)
      let id = file.buildID
      guard Self.isSame(id, clues.buildID) else {
        return refuse(
          "--vmlinux", path, Self.otherBuild(id, clues.buildID, of: "the capture's kernel"))
      }
      kernel = file
      let words = id.isEmpty ? "" : "build id \(Self.hexDigits(id))"
      sources.append(SymbolSource(kind: "--vmlinux", path: path, named: 0, detail: words))
    } catch {
      refuse("--vmlinux", path, error.message)
    }
  }

  private mutating func openModules(_ path: String) {
    do throws(CaptureError) {
      modules = try ModuleFolder(
        path, debugFolder: files.debugFolder, ids: clues.moduleIDs)
      sources.append(SymbolSource(kind: "--modules", path: path, named: 0, detail: ""))
    } catch {
      refuse("--modules", path, error.message)
    }
  }

  /// What to add to an address of the capture to get one of the kernel's file.
  private var kernelShift: UInt64? {
    guard let kernel, let start = kernel.address(of: "_text") ?? kernel.address(of: "_stext") else {
      return nil
    }
    return knownText.map { start &- $0 } ?? clues.offset.map { 0 &- $0 } ?? 0
  }

  private mutating func nameByKernel(
    _ frames: Set<StackFrame>, _ named: inout [StackFrame: CodeFrame]
  ) {
    guard let kernel, let shift = kernelShift else { return }
    guard agrees(kernel, shift, named) else {
      self.kernel = nil
      sources.removeAll { $0.kind == "--vmlinux" }
      return refuse(
        "--vmlinux", files.vmlinux ?? "", "its functions lie elsewhere than those of the capture")
    }
    self.shift = shift
    let wanted = frames.filter { named[$0] == nil && $0.address != nil }
      .map { (address: ($0.address ?? 0) &+ shift, frame: $0) }.sorted { $0.address < $1.address }
    for (symbol, (address, frame)) in zip(kernel.symbols(at: wanted.map(\.address)), wanted) {
      guard let symbol, address &- symbol.address < KernelSymbols.functionLimit else { continue }
      named[frame] = CodeFrame(
        function: symbol.name, offset: address &- symbol.address, address: frame.address)
      count("--vmlinux")
    }
  }

  /// A file without a build id, or a capture without one, is judged by the functions that another source has named.
  private func agrees(
    _ kernel: ElfFile, _ shift: UInt64, _ named: [StackFrame: CodeFrame]
  ) -> Bool {
    let known = named.values.filter { $0.module.isEmpty && $0.address != nil && $0.offset != nil }
      .prefix(64).map { (address: ($0.address ?? 0) &+ shift, offset: $0.offset ?? 0) }
      .sorted { $0.address < $1.address }
    guard !known.isEmpty else { return true }
    let found = kernel.symbols(at: known.map(\.address))
    let same = zip(found, known).count { symbol, place in
      symbol.map { place.address &- $0.address == place.offset } ?? false
    }
    return same * 2 >= known.count
  }

  /// Modules at the places where the capture says they lay.
  private mutating func nameByModules(
    _ frames: Set<StackFrame>, _ named: inout [StackFrame: CodeFrame]
  ) {
    guard let modules, !clues.modules.isEmpty else { return }
    let starts = clues.modules.map { (start: $0.value, name: $0.key) }.sorted { $0 < $1 }
    for frame in frames where named[frame] == nil {
      guard let address = frame.address, let module = starts.last(where: { $0.start <= address }),
        address - module.start < SymbolFinder.moduleLimit,
        let symbol = modules.symbol(module.name, address - module.start)
      else { continue }
      var code = CodeFrame(
        function: symbol.name, offset: address - module.start - symbol.address, address: address)
      code.module = module.name
      named[frame] = code
      count("--modules")
    }
  }

  private mutating func count(_ kind: String) {
    guard let place = sources.firstIndex(where: { $0.kind == kind }) else { return }
    sources[place].named += 1
  }

  private mutating func withLines(
    _ named: [StackFrame: CodeFrame]
  ) -> [StackFrame: [CodeFrame]] {
    guard kernel != nil || modules != nil else { return named.mapValues { [$0] } }
    defer {
      let known = Set(complaints)
      complaints += (modules?.refused ?? []).map { "--modules \($0.path): not used: \($0.reason)" }
        .filter { !known.contains($0) }
    }
    return named.mapValues { frame in
      guard let offset = frame.offset else { return [frame] }
      let isReturn = addressesAreReturns && !frame.isExact
      let place = offset > 0 && isReturn ? offset - 1 : offset
      var lines: [ElfFile.Line] = []
      if frame.module.isEmpty {
        let start = frame.address.flatMap { address in shift.map { address &+ $0 &- offset } } ?? 0
        lines = kernel?.lines(of: frame.function, at: start, offset: place) ?? []
      } else {
        lines = modules?.lines(frame, place) ?? []
      }
      return lines.isEmpty ? [frame] : Self.frames(frame, lines)
    }
  }

  /// The frame with its line, behind those of functions that were put into it.
  static func frames(_ frame: CodeFrame, _ lines: [ElfFile.Line]) -> [CodeFrame] {
    lines.map { line in
      var part = frame
      part.line = line.file.isEmpty || line.line == 0 ? "" : "\(line.file):\(line.line)"
      if line.isInlined {
        part.function = line.function
        part.offset = nil
        part.isInlined = true
      }
      return part
    }
  }

  /// False for two ids that differ; nothing is held against a file or a capture without one. A record may have cut an id,
  /// and filled the rest of its room with zeros.
  static func isSame(_ id: [UInt8], _ known: [UInt8]) -> Bool {
    let count = min(id.count, known.count)
    return count == 0
      || id.prefix(count) == known.prefix(count)
        && (id.dropFirst(count) + known.dropFirst(count)).allSatisfy { $0 == 0 || count == 20 }
  }

  /// Why a file is not used.
  static func otherBuild(_ id: [UInt8], _ known: [UInt8], of owner: String) -> String {
    "its build id is \(hexDigits(id)), \(owner) has \(hexDigits(known))"
  }

  /// A build id as it is written.
  static func hexDigits(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }
}
