internal import LedgerCore

/// Captures in which all rules said the same.
struct RulePattern {
  var captures = 0
  /// How many of them are of each job; those without one under the empty name.
  var jobs: [String: Int] = [:]
  /// Where one of them tells the reasons.
  private let head: DetailPlace
  private let path: String

  /// Patterns whose reasons are fetched.
  private static let silenceLimit = 256

  init(_ capture: StoredCapture) {
    head = capture.head
    path = capture.sighting.path
  }

  /// What each rule said, by job.
  static func jobs(_ patterns: [String: RulePattern], names: [String: String]) -> [JobSum] {
    var jobs: [String: (captures: Int, rules: [String: RuleSum])] = [:]
    for (words, pattern) in patterns where !words.isEmpty {
      for (name, captures) in pattern.jobs {
        var job = jobs.removeValue(forKey: name) ?? (captures: 0, rules: [:])
        job.captures += captures
        for word in words.split(separator: " ") {
          let id = String(word.dropLast())
          job.rules[id, default: RuleSum(id: id, name: names[id] ?? "")].count(word.last, captures)
        }
        jobs[name] = job
      }
    }
    return jobs.sorted { precedes($0.key, $1.key) }.map { name, job in
      var sum = JobSum(name: name)
      sum.captures = job.captures
      sum.rules = job.rules.values.sorted { $0.id < $1.id }
      return sum
    }
  }

  /// Why rules could not decide, as the most frequent pattern says in which they could not.
  static func silences(
    _ patterns: [String: RulePattern], in store: BatchStore
  ) -> [String: RuleSilence] {
    let ranked = patterns.sorted {
      $0.value.captures == $1.value.captures
        ? precedes($0.key, $1.key) : $0.value.captures > $1.value.captures
    }
    var silences: [String: RuleSilence] = [:]
    for (words, pattern) in ranked.prefix(silenceLimit) {
      let isNews = words.split(separator: " ").contains {
        ($0.last == "u" || $0.last == "n") && silences[String($0.dropLast())] == nil
      }
      guard isNews else { continue }
      let analysis = store.analysis(head: pattern.head, path: pattern.path, findings: [])
      for rule in analysis?.rules ?? [] where silences[rule.id] == nil {
        guard rule.status == .undecidable || rule.status == .notRecorded else { continue }
        silences[rule.id] = RuleSilence(
          status: rule.status, missing: rule.missing, path: pattern.path)
      }
    }
    return silences
  }
}

extension RuleSum {
  /// Adds captures in which the rule said what a letter of `CaptureRow.rules` stands for.
  mutating func count(_ letter: Character?, _ captures: Int) {
    switch letter {
    case "c": clean += captures
    case "f": findings += captures
    case "u": undecidable += captures
    default: notRecorded += captures
    }
  }
}
