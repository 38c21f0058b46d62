import LedgerBatch
import LedgerCore
import LedgerInput
import LedgerRules

extension ToolIdentity {
  /// This version and its rules.
  static var current: ToolIdentity {
    let rules = RuleCatalog.all
    let texts = rules.map { rule in
      [rule.id, rule.name, rule.summary, rule.truth, rule.proof, rule.undecidable]
        .joined(separator: "\n")
    }
    let key = ContentKey(of: Array(texts.joined(separator: "\n").utf8))
    return ToolIdentity(
      tool: PageLedger.version, ruleSet: ContentKey.digits(key.low),
      rules: rules.map { (id: $0.id, name: $0.name) })
  }

  /// Stands for all that a result depends on beside the content of its input: this very build, and the options that matter.
  static func salt(
    words: [(name: String, value: String)], _ memory: SizeArgument, _ expansion: SizeArgument
  ) -> ContentKey {
    let hash = ContentHash()
    hash.add(Array("\(PageLedger.version) \(memory.bytes) \(expansion.bytes)\n".utf8))
    // A build that differs has its own results, whatever it calls itself.
    try? hash.add(file: "/proc/self/exe")
    for (name, value) in words {
      hash.add(Array("\(name)=\(value)\n".utf8))
      if let identity = FileIdentity(path: value) { hash.add(Array("\(identity)\n".utf8)) }
    }
    return hash.key
  }
}
