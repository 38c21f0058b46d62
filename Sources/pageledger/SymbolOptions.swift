import ArgumentParser
import LedgerSymbols

/// Where the names of functions come from beside the capture.
struct SymbolOptions: ParsableArguments {
  @Option(help: ArgumentHelp("/proc/kallsyms of its kernel.", valueName: "file"))
  var kallsyms: String?

  @Option(help: ArgumentHelp("System.map of its kernel.", valueName: "file"))
  var systemMap: String?

  @Option(help: ArgumentHelp("Its kernel, for names and lines.", valueName: "file"))
  var vmlinux: String?

  @Option(help: ArgumentHelp("Folder of its modules.", valueName: "dir"))
  var modules: String?

  @Option(help: ArgumentHelp("Debug files by build id.", valueName: "dir"))
  var debugDir: String?

  var files: SymbolFinder.Files {
    var files = SymbolFinder.Files()
    files.kallsyms = kallsyms
    files.systemMap = systemMap
    files.vmlinux = vmlinux
    files.modules = modules
    files.debugFolder = debugDir
    return files
  }

  /// Name and value of the options that are given.
  var pairs: [(name: String, value: String)] {
    [
      ("kallsyms", kallsyms), ("system-map", systemMap), ("vmlinux", vmlinux),
      ("modules", modules), ("debug-dir", debugDir),
    ].compactMap { name, value in value.map { (name, $0) } }
  }
}
