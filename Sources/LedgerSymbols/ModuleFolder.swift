internal import LedgerCore
internal import LedgerInput

/// The modules below a folder, opened when a frame names one of them.
final class ModuleFolder {
  private var paths: [String: String] = [:]
  private var opened: [String: ElfFile] = [:]
  private let debugFolder: String?
  private let ids: [String: [UInt8]]
  /// Modules of another build than the capture's, in the order in which they were asked for.
  private(set) var refused: [(path: String, reason: String)] = []
  /// Modules that are open at a time; no call chain crosses more.
  private static let openLimit = 256

  /// Lists `.ko`, `.ko.xz`, `.ko.zst`, `.ko.gz` and split `.ko.debug` files. Throws when the folder cannot be read.
  /// `ids` are the build ids of the capture's modules, as far as known.
  init(_ path: String, debugFolder: String?, ids: [String: [UInt8]]) throws(CaptureError) {
    self.debugFolder = debugFolder
    self.ids = ids
    for file in try FileTree(path: path).files {
      let name = file.name.split(separator: "/").last.map(String.init) ?? file.name
      let words = name.split(separator: ".", maxSplits: 1)
      guard words.count == 2, words[1] == "ko" || words[1].hasPrefix("ko.") else { continue }
      let module = String(words[0].map { $0 == "-" ? "_" : $0 })
      // A file with debug information says more than the module itself.
      if paths[module] == nil || words[1] == "ko.debug" { paths[module] = file.path }
    }
  }

  /// The lines of a frame whose module is known.
  func lines(_ frame: CodeFrame, _ offset: UInt64) -> [ElfFile.Line] {
    file(frame.module)?.lines(of: frame.function, offset: offset) ?? []
  }

  private func file(_ module: String) -> ElfFile? {
    if let file = opened[module] { return file }
    guard let path = paths[module], opened.count < Self.openLimit,
      let file = try? ElfFile(path: path, debugFolder: debugFolder)
    else { return nil }
    if let wanted = ids[module], !SymbolFinder.isSame(file.buildID, wanted) {
      paths[module] = nil
      refused.append(
        (path, SymbolFinder.otherBuild(file.buildID, wanted, of: "the capture's module")))
      return nil
    }
    opened[module] = file
    return file
  }

  /// The function of a module at an address that counts from the start of its code.
  func symbol(_ module: String, _ place: UInt64) -> ElfFile.Symbol? {
    file(module)?.symbols(at: [place]).first ?? nil
  }
}
