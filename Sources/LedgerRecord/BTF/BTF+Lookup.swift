extension BTF {
  /// The parameters of a function; nil when the types do not know it, or know several that differ.
  public func parameters(of function: String) -> [BTFParameter]? {
    var found: [BTFParameter]?
    for number in numbers(named: function) {
      guard let (head, _, _) = head(number), head.kind == .function,
        let (prototype, members, owner) = self.head(head.sizeOrType),
        prototype.kind == .prototype
      else { continue }
      let parameters = (0..<prototype.count).map { place in
        BTFParameter(
          name: owner.string(owner.memberWord(members &+ place &* 8)),
          type: owner.memberWord(members &+ place &* 8 &+ 4))
      }
      if let found, found.map(\.name) != parameters.map(\.name) { return nil }
      found = parameters
    }
    return found
  }

  /// `x86_64` or `aarch64`, by the registers that struct pt_regs saves (arch/x86/include/asm/ptrace.h, arch/arm64/include/asm/ptrace.h);
  /// nil for other machines.
  public var machine: String? {
    let registers = numbers(named: "pt_regs").filter { head($0)?.head.kind == .structure }
    if registers.contains(where: { member("r15", of: $0) != nil }) { return "x86_64" }
    if registers.contains(where: { member("pstate", of: $0) != nil }) { return "aarch64" }
    return nil
  }

  /// A typedef of this name exists: `btf_trace_NAME` for each tracepoint (include/trace/bpf_probe.h, 6.1).
  public func hasTypedef(_ name: String) -> Bool {
    numbers(named: name).contains { head($0)?.head.kind == .typedef }
  }

  /// A struct or union of this name.
  public func structure(named name: String) -> UInt32? {
    numbers(named: name).first {
      let kind = head($0)?.head.kind
      return kind == .structure || kind == .union
    }
  }

  /// The struct that a pointer leads to, by the pointer's type.
  public func pointee(of type: UInt32) -> UInt32? {
    guard let pointer = bare(type), let (head, _, _) = head(pointer), head.kind == .pointer,
      let target = bare(head.sizeOrType)
    else { return nil }
    return completed(target)
  }

  /// The name of a struct; empty for other types.
  public func name(of type: UInt32) -> String {
    guard let number = bare(type), let (head, _, owner) = head(number) else { return "" }
    return owner.string(head.name)
  }

  /// Where a member lies in a struct, also inside of its members without a name; nil for a field of bits and when there is none.
  public func member(_ name: String, of structure: UInt32) -> BTFPlace? {
    var budget = 1 << 16
    return member(name, of: structure, depth: 0, &budget)
  }

  private func member(_ name: String, of structure: UInt32, depth: Int, _ budget: inout Int)
    -> BTFPlace?
  {
    guard depth < Self.depthLimit, let (head, members, owner) = head(structure),
      head.kind == .structure || head.kind == .union
    else { return nil }
    for place in 0..<head.count {
      budget &-= 1
      guard budget > 0 else { return nil }
      let at = members &+ place &* 12
      let type = owner.memberWord(at &+ 4)
      let word = owner.memberWord(at &+ 8)
      let (bits, width) = head.flag ? (word & 0xff_ffff, word >> 24) : (word, 0)
      let label = owner.memberWord(at)
      if label == 0 || owner.string(label).isEmpty {
        guard bits % 8 == 0, let inner = bare(type) else { continue }
        if var found = member(name, of: inner, depth: depth &+ 1, &budget) {
          found.offset &+= Int(bits / 8)
          return found
        }
      } else if owner.string(label) == name {
        guard width == 0, bits % 8 == 0 else { return nil }
        return describe(type, at: Int(bits / 8))
      }
    }
    return nil
  }

  /// The size of a type, as a member at `offset`.
  func describe(_ type: UInt32, at offset: Int) -> BTFPlace? {
    guard let number = bare(type), let (head, members, owner) = head(number) else { return nil }
    var place = BTFPlace(offset: offset, size: 0, isPointer: false, isSigned: false, type: type)
    switch head.kind {
    case .pointer: (place.isPointer, place.size) = (true, 8)
    case .int:
      place.size = Int(head.sizeOrType)
      // BTF_INT_SIGNED
      place.isSigned = owner.memberWord(members) >> 24 & 1 == 1
    case .structure, .union, .enumeration, .wideEnumeration, .float:
      place.size = Int(head.sizeOrType)
    default: break
    }
    return place
  }

  /// What a type is without names and qualifiers.
  func bare(_ type: UInt32) -> UInt32? {
    var number = type
    for _ in 0..<Self.depthLimit {
      guard let (head, _, _) = head(number) else { return nil }
      guard head.kind.isWrapping else { return number }
      number = head.sizeOrType
    }
    return nil
  }

  /// The full struct where a type is only announced.
  private func completed(_ number: UInt32) -> UInt32 {
    guard let (head, _, owner) = head(number), head.kind == .forward else { return number }
    return structure(named: owner.string(head.name)) ?? number
  }
}
