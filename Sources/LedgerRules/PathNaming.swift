public import LedgerCore
public import LedgerSymbols

extension Analysis {
  /// Frames of a path that are kept.
  private static let pathLimit = 32
  /// Functions of a path that its fingerprint is made of: those farther out tell who called, not what went wrong.
  private static let causeLimit = 6
  /// Findings whose paths are named; beyond it they keep what the capture says.
  private static let namedLimit = 10_000

  /// Names the functions on the paths of all findings, and leaves out what lies between a cause and its event.
  ///
  /// Without sources for names, addresses stay addresses, and nothing else changes.
  public mutating func namePaths(_ finder: inout SymbolFinder, machinery: Machinery = .standard) {
    unnamedAddresses = Self.namePaths(of: &findings, &finder, machinery: machinery)
    symbols = finder.sources
  }

  /// Names the functions on the paths of some findings; returns how many addresses stay without a name.
  @discardableResult
  public static func namePaths(
    of findings: inout [Finding], _ finder: inout SymbolFinder, machinery: Machinery = .standard
  ) -> Int {
    var wanted: Set<StackFrame> = []
    var chains: [[StackFrame]] = []
    for finding in findings.prefix(namedLimit) {
      for path in finding.paths {
        let chain = path.frames.map(StackFrame.init)
        wanted.formUnion(chain)
        // Chains that begin with an address, and so with the tracing of an event.
        if chains.count < 1024, chain.first?.address != nil { chains.append(chain) }
      }
    }
    defer { nameUsers(of: &findings, &finder) }
    guard !wanted.isEmpty else { return 0 }
    let names = finder.names(of: wanted, chains: chains)
    for index in findings.indices {
      for place in findings[index].paths.indices {
        let frames = findings[index].paths[place].frames.flatMap { frame in
          names[StackFrame(frame)] ?? [frame]
        }
        findings[index].paths[place].frames = cut(frames, machinery)
      }
      findings[index].pathID = pathID(findings[index])
    }
    return wanted.count { $0.name.isEmpty && names[$0] == nil }
  }

  private static func nameUsers(of findings: inout [Finding], _ finder: inout SymbolFinder) {
    for index in findings.indices.prefix(namedLimit) {
      for place in findings[index].paths.indices where !findings[index].paths[place].user.isEmpty {
        let user = finder.userNames(of: findings[index].paths[place].user)
        findings[index].paths[place].user = Array(user.prefix(pathLimit))
      }
    }
  }

  /// The path from the first function that is no machinery; all of it when there is nothing else.
  private static func cut(_ frames: [CodeFrame], _ machinery: Machinery) -> [CodeFrame] {
    let rest = frames.drop { !$0.function.isEmpty && machinery.contains($0.function) }
    return Array((rest.isEmpty ? frames[...] : rest).prefix(pathLimit))
  }

  private static func pathID(_ finding: Finding) -> String {
    let parts = finding.paths.compactMap { path -> String? in
      let names = path.frames.lazy.filter { !$0.isInlined }.map(\.plainFunction)
        .filter { !$0.isEmpty }.prefix(causeLimit)
      return names.isEmpty ? nil : "\(path.role.rawValue):" + names.joined(separator: ",")
    }
    guard !parts.isEmpty else { return "" }
    return Fingerprint.id(
      rule: finding.rule, cause: "\(finding.rule)|" + parts.joined(separator: "|"))
  }
}

extension StackFrame {
  /// The frame as it was recorded.
  fileprivate init(_ frame: CodeFrame) {
    if let address = frame.address {
      self.init(address: address)
    } else {
      self.init(
        name: frame.module.isEmpty ? frame.function : frame.function + "\t" + frame.module,
        offset: frame.offset)
    }
    isExact = frame.isExact
  }
}
