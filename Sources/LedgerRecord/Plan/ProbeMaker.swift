import LedgerCore

/// Makes the definitions of the probes that one event of the analyzer wants.
struct ProbeMaker {
  let facts: KernelFacts
  let spec: ProbeSpec
  let rules: [String]

  /// The probes that this kernel takes, or why there are none.
  func probes() -> (probes: [Plan.Probe], reason: String) {
    guard facts.hasProbes else {
      return ([], "the kernel has no probe events (CONFIG_KPROBE_EVENTS)")
    }
    var probes: [Plan.Probe] = []
    var reason = ""
    for function in spec.functions {
      switch place(of: function) {
      case .absent(let why): if reason.isEmpty { reason = why }
      case .found(let module):
        let made = make(function, module)
        if made.probes.isEmpty {
          reason = made.reason
        } else {
          probes += made.probes
          if !spec.takesAll { return (probes, "") }
        }
      }
    }
    return (probes, reason)
  }

  private enum Place {
    case found(module: String)
    case absent(String)
  }

  private func place(of function: String) -> Place {
    if let symbols = facts.symbols {
      if let symbol = symbols[function] {
        guard symbol.count == 1 else {
          return .absent("\(symbol.count) functions are called \(function)")
        }
        return .found(module: symbol.module)
      }
      return .absent(absence)
    }
    for (module, types) in facts.types.sorted(by: { $0.key < $1.key })
    where types.parameters(of: function) != nil {
      return .found(module: module == "" ? "" : module)
    }
    return .absent(absence)
  }

  private var absence: String {
    facts.absence(of: spec.module) ?? "the kernel has no function \(spec.functions[0])"
  }

  private func make(_ function: String, _ module: String) -> (
    probes: [Plan.Probe], reason: String
  ) {
    let resolver = ArgumentResolver(facts, function: function, module: module)
    var raw: [String] = []
    var named: [String] = []
    var missing: [String] = []
    var isNamed = facts.hasFprobes && resolver.knowsPrototype
    isNamed = isNamed && facts.traceable?.contains(function) ?? true
    for argument in spec.arguments {
      guard let found = resolver.resolve(argument) else {
        if argument.isNeeded {
          return ([], "\(function): the argument \(argument.name) cannot be found")
        }
        missing.append(argument.name)
        continue
      }
      raw.append("\(argument.name)=\(found.raw)")
      named.append("\(argument.name)=\(found.named)")
      if found.isOnStack || found.named.isEmpty { isNamed = false }
    }
    let target = module.isEmpty ? function : "\(module):\(function)"
    var forms: [String] = []
    if isNamed { forms.append(Self.line("f:GROUP/\(function) \(function)", named)) }
    forms.append(Self.line("p:GROUP/\(function) \(target)", raw))
    var probes = [probe(function, function, spec.kind, forms, missing)]
    if spec.back != .other {
      probes.append(back(of: function, target, isNamed: isNamed))
    }
    return (probes, "")
  }

  /// The return; so many calls of it may be under way at a time. kernel/kprobes.c:register_kretprobe
  private func back(of function: String, _ target: String, isNamed: Bool) -> Plan.Probe {
    var forms: [String] = []
    if isNamed {
      forms.append("f:GROUP/\(function)_ret \(function)%return ret=$retval:\(spec.result)")
    }
    forms.append("r128:GROUP/\(function)_ret \(target) ret=$retval:\(spec.result)")
    return probe("\(function)_ret", function, spec.back, forms, [])
  }

  private func probe(
    _ name: String, _ function: String, _ kind: EventKind, _ forms: [String], _ missing: [String]
  ) -> Plan.Probe {
    Plan.Probe(
      name: name, function: function, kind: kind, cost: spec.cost, rules: rules, forms: forms,
      missing: missing)
  }

  private static func line(_ start: String, _ arguments: [String]) -> String {
    ([start] + arguments).joined(separator: " ")
  }
}
