public import LedgerCore

/// What is known of the kernel that is to record.
public struct KernelFacts: Sendable {
  /// A function or variable of the kernel.
  public struct Symbol: Sendable, Equatable {
    /// Empty for the kernel itself.
    public var module: String
    /// So many have this name; a probe needs one.
    public var count: Int
  }

  /// As uname(1) gives it; empty when not known.
  public var release = ""
  /// `x86_64`, `aarch64`.
  public var machine = "x86_64"
  /// CPUs that may come online.
  public var cpus = 1
  /// Memory in KiB.
  public var memoryKB: UInt64 = 0
  /// Where tracefs is.
  public var tracefs = "/sys/kernel/tracing"
  /// `group:name` of all tracepoints; nil when that cannot be read.
  public var tracepoints: Set<String>?
  /// The symbols that probes need; nil when they cannot be read.
  public var symbols: [String: Symbol]?
  /// Functions of those that ftrace can attach to; nil when not known.
  public var traceable: Set<String>?
  /// Clocks of the trace.
  public var clocks: [String] = []
  /// The words of tracefs's README; empty when not read.
  public var readme = ""
  /// There is a place for probes: `dynamic_events` or `kprobe_events`; nil when not known.
  public var probeFile: String?
  /// Types, of the kernel under the empty name and of its modules under theirs.
  public var types: [String: BTF] = [:]
  /// Modules that are loaded, of those that matter.
  public var modules: Set<String> = []
  /// How the kernel was configured; nil when that cannot be read.
  public var config: KernelConfig?
  /// `trace-cmd`, where it is installed.
  public var traceCmd: String?
  /// What is not known, and why.
  public var notes: [String] = []

  /// Facts of a kernel of which nothing is known yet.
  public init() {}

  /// Major and minor.
  public var version: KernelVersion? { KernelVersion(release: release) }

  /// Probes are given by names of arguments and members, which the kernel looks up itself. kernel/trace/trace.c:readme_msg, 6.5
  public var hasFprobes: Bool {
    readme.contains("f[:[<group>/]") && readme.contains("<argname>[->")
  }

  /// Arguments may be called `$arg1`. kernel/trace/trace.c:readme_msg, 4.20
  public var hasArguments: Bool { readme.isEmpty || readme.contains("$arg<N>") }

  /// Probes can be set at all; a kernel that was not asked is given the benefit of the doubt.
  public var hasProbes: Bool { tracepoints == nil || probeFile != nil }

  /// The array of `struct page` begins at `vmemmap_base`. A kernel with SPARSEMEM but without SPARSEMEM_VMEMMAP has the variable too, and
  /// an array for each section elsewhere. mm/sparse.c, arch/x86/mm/init_64.c:vmemmap_populate, 6.1
  var hasPageArray: Bool {
    if let config, config["SPARSEMEM_VMEMMAP"] != .builtIn { return false }
    if let symbols { return Self.arraySymbols.allSatisfy { symbols[$0] != nil } }
    guard machine == "x86_64" else { return false }
    return config != nil || types[""].map { $0.parameters(of: "vmemmap_populate") != nil } ?? true
  }

  /// What a kernel with such an array has.
  static let arraySymbols: Set<String> = ["vmemmap_base", "vmemmap_populate"]

  /// Why there are no events of references.
  var withoutCounts: String {
    config?["DEBUG_PAGE_REF"] == .builtIn
      ? "CONFIG_DEBUG_PAGE_REF is set, and yet the kernel shows no page_ref"
      : "CONFIG_DEBUG_PAGE_REF is not set"
  }

  /// What is a module elsewhere is part of this kernel, as KVM on arm64: what the kernel lacks of it, nothing can bring.
  func isBuiltIn(_ module: String) -> Bool {
    let functions = ProbeTable.functions(of: module)
    if let symbols { return functions.contains { symbols[$0]?.module.isEmpty ?? false } }
    guard let own = types[""] else { return false }
    return functions.contains { own.parameters(of: $0) != nil }
  }

  /// Why a module's functions are not there; nil when it is there itself.
  func absence(of module: String) -> String? {
    guard !module.isEmpty, !isBuiltIn(module) else { return nil }
    if symbols == nil {
      return types[module] == nil ? "the types of the module \(module) are not given (--btf)" : nil
    }
    guard !modules.contains(module) else { return nil }
    guard let option = KernelConfig.modules[module], let config, config[option] == .off else {
      return "the module \(module) is not loaded"
    }
    return "CONFIG_\(option) is not set"
  }

  /// A tracepoint exists; nil when that cannot be known.
  public func hasTracepoint(_ group: String, _ name: String) -> Bool? {
    if let tracepoints { return tracepoints.contains("\(group):\(name)") }
    guard !types.isEmpty else {
      return group == "page_ref" && config.map { $0["DEBUG_PAGE_REF"] == .off } == true
        ? false : nil
    }
    // include/trace/bpf_probe.h: each tracepoint leaves a typedef.
    if types.values.contains(where: { $0.hasTypedef("btf_trace_\(name)") }) { return true }
    guard let module = Self.moduleGroups[group], types[module] == nil, !isBuiltIn(module) else {
      return false
    }
    return nil
  }

  /// Groups of tracepoints that lie in a module as a rule.
  static let moduleGroups = ["kvm": "kvm", "kvmmmu": "kvm"]
}
