import ArgumentParser
import LedgerBatch
import LedgerCapture
import LedgerInput

/// What a batch is to read.
struct BatchSources: ParsableArguments {
  @Argument(help: "File, folder, archive, '*.dat'; '-': a manifest.")
  var path: [String] = []

  @Option(help: ArgumentHelp("Inputs with labels.", valueName: "file"))
  var manifest: String?

  func validate() throws {
    guard !path.isEmpty || manifest != nil else {
      throw ValidationError("name a PATH or a --manifest")
    }
    guard (path + [manifest ?? ""]).count(where: { $0 == "-" }) <= 1 else {
      throw ValidationError("standard input can be read only once")
    }
  }

  /// All inputs that paths and manifests name, or those of one shard.
  func list(verbose: Bool, _ shard: Shard?) throws -> InputList {
    var list = try list(trustsSizes: false)
    for name in list.leftOut where verbose {
      Diagnostics.say("\(name): no capture: not a file of this folder")
    }
    list.keep(shard)
    return list
  }

  /// The same before a shard is chosen; where `trustsSizes`, files whose size a manifest tells are not looked at.
  func list(trustsSizes: Bool) throws -> InputList {
    var list = InputList(trustsSizes: trustsSizes, grouping: CaptureFolders.roots(in:))
    for path in path where path != "-" { list.add(ManifestEntry(path: path)) }
    for source in [manifest, path.contains("-") ? "-" : nil].compactMap({ $0 }) {
      do throws(JSONError) {
        for entry in try Manifest.entries(of: VerdictOptions.bytes(of: source)) { list.add(entry) }
      } catch { try ExitStatus.refuse(error.message(in: source)) }
    }
    guard list.unmatched.isEmpty else {
      try ExitStatus.refuse("no file fits " + list.unmatched.joined(separator: ", "))
    }
    list.settle()
    return list
  }
}
