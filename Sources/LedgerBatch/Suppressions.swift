internal import LedgerCore

/// What a project does not want to hear about, from `.pageledger.json`.
public struct Suppressions: Sendable {
  /// One entry of the file.
  struct Entry: Sendable {
    var rule: Glob
    var match: [(field: Field, glob: Glob)] = []
    var line: Int
    var words: String
    /// `2027-01-31`: the last day on which it holds.
    var expires: String
    var isExpired = false
    var uses = 0
  }

  /// What of a finding a pattern may be held against.
  enum Field: String, CaseIterable, Sendable {
    case id, pathId, task, function, title, path
  }

  /// Where they were read from.
  public let name: String
  private var entries: [Entry] = []

  private static let entryLimit = 10_000
  private static let members = ["rule", "match", "reason", "owner", "expires"]

  /// Reads the file; `today` is `2026-11-21`. Throws with the line when an entry lacks something or has something unknown.
  public init(json bytes: [UInt8], name: String, today: String) throws(JSONError) {
    self.name = name
    let value = try JSONReader.value(of: bytes)
    guard let members = value.members else {
      throw JSONError(line: 1, reason: "the file holds no object")
    }
    for member in members where member.name != "suppressions" {
      throw JSONError(line: member.line, reason: "'\(member.name)' is not known here")
    }
    guard let list = members.first else { return }
    guard let elements = list.value.elements else {
      throw JSONError(line: list.line, reason: "'suppressions' is no list")
    }
    guard elements.count <= Self.entryLimit else {
      throw JSONError(line: list.line, reason: "more than \(Self.entryLimit) suppressions")
    }
    for element in elements { entries.append(try Self.entry(element, list.line, today)) }
  }

  private static func entry(_ value: JSONValue, _ line: Int, _ today: String) throws(JSONError)
    -> Entry
  {
    guard let members = value.members, let first = members.first else {
      throw JSONError(line: line, reason: "a suppression is an object with " + list(Self.members))
    }
    var texts: [String: String] = [:]
    var match: [(field: Field, glob: Glob)] = []
    for member in members {
      guard Self.members.contains(member.name) else {
        throw JSONError(line: member.line, reason: "'\(member.name)' is not known in a suppression")
      }
      if member.name == "match" {
        match = try fields(member)
      } else if let text = member.value.text, !text.isEmpty {
        texts[member.name] = text
      } else {
        throw JSONError(line: member.line, reason: "'\(member.name)' is no text")
      }
    }
    for name in Self.members where name != "match" && texts[name] == nil {
      throw JSONError(line: first.line, reason: "a suppression without '\(name)'")
    }
    guard !match.isEmpty else {
      throw JSONError(line: first.line, reason: "a suppression without 'match'")
    }
    let expires = texts["expires"] ?? ""
    guard isDate(expires) else {
      throw JSONError(
        line: members.first { $0.name == "expires" }?.line ?? first.line,
        reason: "'\(expires)' is no date such as 2027-01-31")
    }
    let (rule, reason, owner) = (texts["rule"] ?? "", texts["reason"] ?? "", texts["owner"] ?? "")
    var entry = Entry(
      rule: Glob(rule), line: first.line, words: "\(rule) (\(reason); \(owner))", expires: expires)
    entry.match = match
    entry.isExpired = expires < today
    return entry
  }

  private static func fields(_ member: JSONMember) throws(JSONError) -> [(
    field: Field, glob: Glob
  )] {
    guard let members = member.value.members else {
      throw JSONError(line: member.line, reason: "'match' is no object")
    }
    var fields: [(field: Field, glob: Glob)] = []
    for member in members {
      guard let field = Field(rawValue: member.name) else {
        throw JSONError(
          line: member.line,
          reason: "'\(member.name)' is nothing to match; known: "
            + list(Field.allCases.map(\.rawValue)))
      }
      guard let text = member.value.text, !text.isEmpty else {
        throw JSONError(line: member.line, reason: "'\(member.name)' is no text")
      }
      fields.append((field, Glob(text)))
    }
    return fields
  }

  private static func list(_ words: [String]) -> String { words.joined(separator: ", ") }

  private static func isDate(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    let digits = text.utf8.allSatisfy { $0 == UInt8(ascii: "-") || (0x30...0x39).contains($0) }
    guard digits, parts.map({ $0.utf8.count }) == [4, 2, 2], let month = Int(parts[1]),
      let day = Int(parts[2]), (1...12).contains(month)
    else { return false }
    let lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...lengths[month - 1]).contains(day)
  }
}

extension Suppressions {
  /// True when an entry covers a finding; all that do are noted as used.
  mutating func cover(_ finding: FindingRow, in path: String) -> Bool {
    var isCovered = false
    for index in entries.indices where entries[index].fits(finding, path) {
      entries[index].uses += 1
      if !entries[index].isExpired { isCovered = true }
    }
    return isCovered
  }

  /// Entries that have expired or that nothing used, a sentence each.
  public var remarks: [String] {
    entries.compactMap { entry in
      let place = "\(name):\(entry.line): suppression of \(entry.words)"
      if entry.isExpired {
        let use = entry.uses == 0 ? "nothing uses it" : "what it covered counts again"
        return "\(place) has expired on \(entry.expires); \(use)"
      }
      return entry.uses == 0 ? "\(place) is not used" : nil
    }
  }
}

extension Suppressions.Entry {
  fileprivate func fits(_ finding: FindingRow, _ path: String) -> Bool {
    rule.matches(finding.rule)
      && match.allSatisfy { pattern in
        switch pattern.field {
        case .id: pattern.glob.matches(finding.id)
        case .pathId: pattern.glob.matches(finding.pathID)
        case .task: pattern.glob.matches(finding.task)
        case .function: finding.functions.contains { pattern.glob.matches($0) }
        case .title: pattern.glob.matches(finding.title)
        case .path: pattern.glob.matches(path)
        }
      }
  }
}
