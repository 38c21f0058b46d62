internal import LedgerCore
internal import LedgerInput

/// Programs and libraries of users below a folder of debug files, by build id; opened when a frame names one of them.
final class ProgramFiles {
  private let folder: String
  private let ids: [String: [UInt8]]
  private var opened: [String: ElfFile] = [:]
  private var missing: Set<String> = []
  private var known: [Place: [CodeFrame]] = [:]
  /// Places that got a name.
  private(set) var named = 0

  private struct Place: Hashable {
    var name: String
    var offset: UInt64
    var isReturn: Bool
  }

  /// Files that are open at a time.
  private static let openLimit = 256

  /// `ids` are the build ids of the files that the capture's processes had mapped, by name.
  init(_ folder: String, ids: [String: [UInt8]]) {
    self.folder = folder
    self.ids = ids
  }

  /// Functions at a place of a file, as the capture names it: those put into it by the compiler first.
  ///
  /// `isReturn`: a call stands before the place.
  func frames(_ name: String, at offset: UInt64, isReturn: Bool) -> [CodeFrame]? {
    let place = Place(name: name, offset: offset, isReturn: isReturn)
    if let frames = known[place] { return frames.isEmpty ? nil : frames }
    let frames = lookUp(place)
    known[place] = frames
    if !frames.isEmpty { named += 1 }
    return frames.isEmpty ? nil : frames
  }

  private func lookUp(_ wanted: Place) -> [CodeFrame] {
    guard let file = file(wanted.name), let address = file.address(ofFileOffset: wanted.offset),
      let symbol = file.symbols(at: [address])[0]
    else { return [] }
    let offset = address &- symbol.address
    var frame = CodeFrame(function: symbol.name, offset: offset)
    frame.module = wanted.name
    frame.isExact = !wanted.isReturn
    let lines = file.lines(
      of: symbol.name, at: symbol.address,
      offset: wanted.isReturn && offset > 0 ? offset &- 1 : offset)
    return lines.isEmpty ? [frame] : SymbolFinder.frames(frame, lines)
  }

  private func file(_ name: String) -> ElfFile? {
    if let file = opened[name] { return file }
    guard let id = ids[name], id.count > 1, !missing.contains(name),
      opened.count < Self.openLimit
    else { return nil }
    opened[name] = paths(SymbolFinder.hexDigits(id)).lazy.compactMap { path in
      try? ElfFile(path: path, debugFolder: self.folder)
    }.first { SymbolFinder.isSame($0.buildID, id) && !$0.buildID.isEmpty }
    if opened[name] == nil { missing.insert(name) }
    return opened[name]
  }

  /// The split debug file, or the program itself, as distributions and perf's cache lay them down.
  private func paths(_ id: String) -> [String] {
    let place = id.prefix(2) + "/" + id.dropFirst(2)
    return ["\(folder)/.build-id/\(place)", "\(folder)/\(place)"].flatMap {
      ["\($0).debug", "\($0)/debug", "\($0)/elf", $0]
    }
  }
}
