import LedgerCore

/// Where the arguments of a function are in a certain kernel.
struct ArgumentResolver {
  let facts: KernelFacts
  let function: String
  /// The types that know the function, and its parameters by them.
  private let types: BTF?
  private let parameters: [BTFParameter]?

  /// An argument in the words of a probe.
  struct Expression: Equatable {
    /// For a kprobe: `+32($arg1):x64`.
    var raw: String
    /// For an fprobe, by the names that the kernel looks up: `vma->vm_flags:x64`.
    var named: String
    /// The argument is not in a register.
    var isOnStack = false
  }

  init(_ facts: KernelFacts, function: String, module: String) {
    self.facts = facts
    self.function = function
    let own = facts.types[module] ?? facts.types[""]
    types = own
    parameters = own?.parameters(of: function)
  }

  /// The prototype of the function is known.
  var knowsPrototype: Bool { parameters != nil }

  /// The first way that leads to the argument; nil when none does.
  func resolve(_ spec: ArgumentSpec) -> Expression? {
    for way in spec.ways {
      if let found = resolve(way, type: spec.type) { return found }
    }
    return nil
  }

  private func resolve(_ way: ArgumentWay, type: String) -> Expression? {
    guard way.symbol.isEmpty else {
      guard facts.hasPageArray else { return nil }
      return Expression(raw: "@\(way.symbol):\(type)", named: "@\(way.symbol):\(type)")
    }
    guard let place = position(of: way), let register = register(place.number) else { return nil }
    let isOnStack = place.number > registers.count
    if way.reads > 0 {
      let raw = (0..<way.reads).reduce(register) { text, _ in "+0(\(text))" } + ":\(type)"
      let named = "$arg\(place.number)"
      let read = (0..<way.reads).reduce(named) { text, _ in "+0(\(text))" } + ":\(type)"
      return Expression(raw: raw, named: read, isOnStack: isOnStack)
    }
    guard !way.path.isEmpty else {
      let width = place.parameter.flatMap { number($0.type, as: type) } ?? type
      let name = place.parameter?.name ?? ""
      return Expression(
        raw: "\(register):\(width)",
        named: (name.isEmpty ? "$arg\(place.number)" : name) + ":\(width)", isOnStack: isOnStack)
    }
    return follow(way, from: place, register, type: type, isOnStack)
  }

  /// Follows members; with types by them, without by what is the same in all kernels of a release.
  private func follow(
    _ way: ArgumentWay, from place: Place, _ register: String, type: String, _ isOnStack: Bool
  ) -> Expression? {
    guard let types, let parameter = place.parameter else {
      guard facts.types.isEmpty || parameters == nil, types == nil,
        let offsets = KnownOffsets.offsets(way.path, of: way.structure, in: facts.version)
      else { return nil }
      let raw = offsets.reduce(register) { "+\($1)(\($0))" } + ":\(type)"
      return Expression(raw: raw, named: "", isOnStack: isOnStack)
    }
    guard var structure = types.pointee(of: parameter.type) else { return nil }
    var raw = register
    var named = parameter.name
    var width = type
    var pending = 0
    var isPointer = true
    for (step, member) in way.path.enumerated() {
      guard let found = types.member(member, of: structure) else { return nil }
      named += (isPointer ? "->" : ".") + member
      pending &+= found.offset
      if step + 1 == way.path.count {
        guard let whole = whole(found, as: type) else { return nil }
        raw = "+\(pending)(\(raw))"
        width = whole
      } else if found.isPointer {
        raw = "+\(pending)(\(raw))"
        pending = 0
        isPointer = true
        guard let next = types.pointee(of: found.type) else { return nil }
        structure = next
      } else {
        isPointer = false
        guard let next = types.bare(found.type) else { return nil }
        structure = next
      }
    }
    return Expression(raw: "\(raw):\(width)", named: "\(named):\(width)", isOnStack: isOnStack)
  }

  private struct Place {
    /// From 1.
    var number: Int
    var parameter: BTFParameter?
  }

  private func position(of way: ArgumentWay) -> Place? {
    if let parameters, let types {
      if let found = parameters.firstIndex(where: { way.parameters.contains($0.name) }) {
        return Place(number: found + 1, parameter: parameters[found])
      }
      guard !way.structure.isEmpty else { return nil }
      let fitting = parameters.indices.filter {
        types.pointee(of: parameters[$0].type).map(types.name(of:)) == way.structure
      }
      guard fitting.count == 1, let only = fitting.first else { return nil }
      return Place(number: only + 1, parameter: parameters[only])
    }
    if way.positions.count == 1, let only = way.positions.first, only.1 == KernelVersion.all {
      // The same in all versions that are known; a newer one may differ.
      guard facts.version.map(KernelVersion.all.contains) ?? true else { return nil }
      return Place(number: only.0)
    }
    guard let version = facts.version else { return nil }
    return way.positions.first { $0.1.contains(version) }.map { Place(number: $0.0) }
  }

  /// How wide a number is by its type; its look stays that of `type`.
  private func number(_ id: UInt32, as type: String) -> String? {
    guard let types, let place = types.describe(id, at: 0) else { return nil }
    return whole(place, as: type)
  }

  /// A type for a probe that has the size of the member; nil when it is no number.
  private func whole(_ place: BTFPlace, as type: String) -> String? {
    guard [1, 2, 4, 8].contains(place.size) else { return nil }
    let look = type.first.map(String.init) ?? "x"
    if look == "s", !place.isSigned, !place.isPointer { return "u\(place.size * 8)" }
    if look == "u", place.isSigned { return "s\(place.size * 8)" }
    return "\(look)\(place.size * 8)"
  }

  private var registers: [String] {
    switch facts.machine {
    case "x86_64": ["%di", "%si", "%dx", "%cx", "%r8", "%r9"]
    case "aarch64", "arm64": (0..<8).map { "%x\($0)" }
    default: []
    }
  }

  private func register(_ number: Int) -> String? {
    if facts.hasArguments { return "$arg\(number)" }
    if number <= registers.count { return registers[number - 1] }
    // Behind the return address: arch/x86/include/asm/ptrace.h, 6.1.
    return facts.machine == "x86_64" ? "$stack\(number - registers.count)" : nil
  }
}
