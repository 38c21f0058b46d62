internal import LedgerCore
internal import LedgerInput

/// The modules below a folder, opened when a frame names one of them.
final class ModuleFolder {
  private var paths: [String: String] = [:]
  private var opened: [String: ElfFile] = [:]
  private let debugFolder: String?
  /// Modules that are open at a time; no call chain crosses more.
  private static let openLimit = 256

  /// Lists `.ko`, `.ko.xz`, `.ko.zst`, `.ko.gz` and split `.ko.debug` files. Throws when the folder cannot be read.
  init(_ path: String, debugFolder: String?) throws(CaptureError) {
    self.debugFolder = debugFolder
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
    opened[module] = file
    return file
  }

  /// The function of a module at an address that counts from the start of its code.
  func symbol(_ module: String, _ place: UInt64) -> ElfFile.Symbol? {
    file(module)?.symbols(at: [place]).first ?? nil
  }
}
