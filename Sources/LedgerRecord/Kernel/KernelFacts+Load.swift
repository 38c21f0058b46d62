import LedgerCore
import LedgerInput

extension KernelFacts {
  /// Reads the facts of the running kernel, or of a copy of its `/proc` and `/sys` below `root`.
  public init(root: String = "", tracefs: String? = nil) {
    let isHost = root.isEmpty
    if isHost { (release, machine) = HostFile.kernel } else { readNames(root) }
    self.tracefs = tracefs ?? Self.tracefs(root) ?? "\(root)/sys/kernel/tracing"
    readMemory(root)
    readTracefs()
    readSymbols("\(root)/proc/kallsyms")
    readModules("\(root)/proc/modules")
    readTypes("\(root)/sys/kernel/btf")
    config = KernelConfig(root: root, release: release)
    if isHost { traceCmd = HostFile.program("trace-cmd") }
  }

  /// Facts of a kernel of which there is only a file of types, or the kernel with its types in it, and perhaps some of its modules'.
  ///
  /// The machine is told from the types themselves.
  public init(types paths: [String], release: String) throws(RecordError) {
    self.release = release
    readme = ""
    for path in paths {
      let name = types.isEmpty ? "" : Self.moduleName(path)
      types[name] = try TypeFile.types(in: path, base: types[""])
    }
    guard let found = types[""]?.machine else {
      throw .unusable(
        reason: "\(paths.first ?? ""): neither the types of an x86-64 nor of an arm64 kernel")
    }
    machine = found
    modules = Set(types.keys.filter { !$0.isEmpty })
    if release.isEmpty {
      notes.append("the kernel's release is not known (--kernel): rules of old kernels are planned")
    }
  }

  /// `kvm` of `/x/btf/kvm`, `kvm.btf`, `btf-kvm.bin`.
  private static func moduleName(_ path: String) -> String {
    let file = path.split(separator: "/").last ?? ""
    let words = file.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init)
    return words.first { ProbeTable.modules.contains($0) } ?? words.first ?? ""
  }

  private mutating func readNames(_ root: String) {
    let line = HostFile.text("\(root)/proc/sys/kernel/osrelease") ?? ""
    release = String(line.prefix { $0 != "\n" })
    let arch = HostFile.text("\(root)/proc/sys/kernel/arch") ?? ""
    if !arch.isEmpty { machine = String(arch.prefix { $0 != "\n" }) }
  }

  /// Where tracefs is mounted: under its own name, or below debugfs.
  static func tracefs(_ root: String) -> String? {
    let places = ["\(root)/sys/kernel/tracing", "\(root)/sys/kernel/debug/tracing"]
    return places.first { HostFile.exists("\($0)/instances") || HostFile.exists("\($0)/README") }
  }

  private mutating func readMemory(_ root: String) {
    let line = HostFile.text("\(root)/proc/meminfo")?.split(separator: "\n").first ?? ""
    memoryKB = line.split(separator: " ").dropFirst().first.flatMap { UInt64($0) } ?? 0
    let possible = HostFile.text("\(root)/sys/devices/system/cpu/possible") ?? "0"
    cpus = Self.count(ofList: possible)
  }

  /// CPUs in a list such as `0-3,8`.
  static func count(ofList text: String) -> Int {
    var count = 0
    for part in text.split(whereSeparator: { $0 == "," || $0 == "\n" }) {
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 1 << 16 else {
        continue
      }
      count += last - first + 1
    }
    return max(1, min(count, 1 << 16))
  }

  private mutating func readTracefs() {
    if let text = HostFile.text("\(tracefs)/available_events") {
      tracepoints = Set(text.split(separator: "\n").map(String.init))
    } else {
      let why = HostFile.whyUnreadable("\(tracefs)/available_events")?.reason ?? "unreadable"
      notes.append("\(tracefs)/available_events: \(why): which events exist is told from types")
    }
    readme = HostFile.text("\(tracefs)/README") ?? ""
    let clock = HostFile.text("\(tracefs)/trace_clock") ?? ""
    clocks = clock.split { $0 == " " || $0 == "\n" || $0 == "[" || $0 == "]" }.map(String.init)
    probeFile = ["dynamic_events", "kprobe_events"].first { HostFile.exists("\(tracefs)/\($0)") }
    guard let text = HostFile.bytes("\(tracefs)/available_filter_functions") else { return }
    var found: Set<String> = []
    WordLines.each(of: text, in: ProbeTable.functions) { found.insert($0[0]) }
    if !text.isEmpty { traceable = found }
  }

  private mutating func readSymbols(_ path: String) {
    guard let text = HostFile.bytes(path), !text.isEmpty else {
      notes.append("\(path): cannot be read: which functions exist is told from types")
      return
    }
    var found: [String: Symbol] = [:]
    let wanted = ProbeTable.functions.union(Self.arraySymbols)
    WordLines.each(of: text, word: 2, in: wanted) { words in
      let module =
        words.count > 3 ? words[3].filter { $0 != "[" && $0 != "]" && $0 != "\t" } : ""
      found[words[2], default: Symbol(module: module, count: 0)].count += 1
    }
    symbols = found
  }

  private mutating func readModules(_ path: String) {
    guard let text = HostFile.bytes(path) else { return }
    WordLines.each(of: text) { modules.insert($0[0]) }
  }

  private mutating func readTypes(_ folder: String) {
    guard let bytes = HostFile.bytes("\(folder)/vmlinux", limit: BTF.sizeLimit + 1) else {
      notes.append("\(folder)/vmlinux: not there: members of structs come from tables of releases")
      return
    }
    do throws(BTFError) {
      let base = try BTF(bytes)
      types[""] = base
      for module in ProbeTable.modules {
        guard let bytes = HostFile.bytes("\(folder)/\(module)") else { continue }
        types[module] = try BTF(bytes, base: base)
      }
    } catch {
      notes.append("\(folder): \(error.message)")
    }
  }
}
