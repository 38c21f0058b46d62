public import LedgerCore
internal import LedgerReport

/// The findings of a run, and what its rules could decide: all that a comparison of two runs needs.
public struct FindingSet: Sendable {
  /// One finding of a run.
  public struct Entry: Sendable, Equatable {
    /// `Finding.id`.
    public var id: String
    /// `PL010`.
    public var rule: String
    /// One sentence.
    public var title: String
    /// The highest of its captures.
    public var severity: Severity
    /// Captures that have it.
    public var captures: Int
    /// Jobs in which it was seen; empty when captures have no label `job`.
    public var jobs: [String]
    /// All of them are covered by a suppression.
    public var isSuppressed: Bool

    /// It as a comparison lists it.
    public var brief: BaselineFinding { BaselineFinding(id: id, rule: rule, title: title) }
  }

  /// Where the run was read from, as the user named it.
  public var name = ""
  /// In the order of the run: the worst first.
  public private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]
  /// Rules that could decide somewhere.
  private var decided: Set<String> = []
  /// Jobs in which they could.
  private var jobs: [String: Set<String>] = [:]

  /// No batch has more captures; a larger number in a file is taken for this one.
  static let countLimit: UInt64 = 1 << 40

  /// A run without findings, in which no rule could decide.
  public init() {}

  /// True if the run has a finding of this id.
  public func has(_ id: String) -> Bool { places[id] != nil }

  /// The finding of this id.
  public func entry(_ id: String) -> Entry? { places[id].map { entries[$0] } }

  /// True if the rule of a finding could decide, in one of the finding's jobs when it has some.
  public func couldDecide(_ entry: Entry) -> Bool {
    guard decided.contains(entry.rule) else { return false }
    guard !entry.jobs.isEmpty, let known = jobs[entry.rule], !known.isEmpty else { return true }
    return entry.jobs.contains(where: known.contains)
  }

  /// The findings that `later` lacks: fixed when their rules could have seen them there.
  public func absent(from later: FindingSet) -> (
    fixed: [BaselineFinding], unjudged: [BaselineFinding]
  ) {
    var (fixed, unjudged): ([BaselineFinding], [BaselineFinding]) = ([], [])
    for entry in entries where !later.has(entry.id) {
      if later.couldDecide(entry) {
        fixed.append(entry.brief)
      } else {
        unjudged.append(entry.brief)
      }
    }
    return (fixed, unjudged)
  }

  private mutating func add(_ entry: Entry) {
    if let place = places[entry.id] {
      entries[place].captures += entry.captures
      entries[place].severity = max(entries[place].severity, entry.severity)
      entries[place].isSuppressed = entries[place].isSuppressed && entry.isSuppressed
    } else {
      places[entry.id] = entries.count
      entries.append(entry)
    }
  }
}

extension FindingSet {
  /// The findings of one capture.
  public init(_ analysis: Analysis) { add(analysis) }

  /// Adds those of another capture.
  public mutating func add(_ analysis: Analysis) {
    for finding in analysis.findings {
      add(
        Entry(
          id: finding.id, rule: finding.rule, title: finding.title, severity: finding.severity,
          captures: 1, jobs: [], isSuppressed: finding.standing == .suppressed))
    }
    for rule in analysis.rules where rule.status == .clean || rule.status == .findings {
      decided.insert(rule.id)
    }
  }

  /// The findings of a batch.
  public init(_ summary: BatchSummary) {
    for finding in summary.findings {
      add(
        Entry(
          id: finding.id, rule: finding.rule, title: finding.title, severity: finding.severity,
          captures: finding.captures, jobs: finding.jobs.rows.map(\.name),
          isSuppressed: finding.standing == .suppressed))
    }
    for rule in summary.rules where rule.hasDecided {
      decided.insert(rule.id)
      jobs[rule.id] = Set(rule.jobs)
    }
  }

  /// Reads what `batch` or `analyze --format json` or `ndjson` wrote; throws when it is neither.
  public init(json bytes: [UInt8]) throws(JSONError) {
    if let value = try? JSONReader.value(of: bytes) {
      for document in value.elements ?? [value] { try add(document, line: 1) }
      return
    }
    var failure: JSONError?
    var line = 0
    for range in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      line += 1
      guard !range.isEmpty, failure == nil else { continue }
      do throws(JSONError) {
        try add(try JSONReader.value(of: Array(range)), line: line)
      } catch { failure = JSONError(line: line, reason: error.reason) }
    }
    if let failure { throw failure }
  }

  private mutating func add(_ value: JSONValue, line: Int) throws(JSONError) {
    let schema = value["schema"]?.text ?? ""
    let isBatch = schema == SummaryDocument.schema
    if value["kind"]?.text == "finding" || value["kind"]?.text == "live" {
      return add(finding: value, isBatch: isBatch)
    }
    guard isBatch || schema == "pageledger.analysis/1" else {
      throw JSONError(
        line: line, reason: "this is no \(SummaryDocument.schema) and no pageledger.analysis/1")
    }
    for rule in value["rules"]?.elements ?? [] {
      let id = rule["id"]?.text ?? ""
      let status = rule["status"]?.text
      let isDecided =
        isBatch
        ? (rule["clean"]?.count ?? 0) > 0 || (rule["findings"]?.count ?? 0) > 0
        : status == "clean" || status == "findings"
      guard isDecided else { continue }
      decided.insert(id)
      if isBatch { jobs[id] = Set(rule["jobs"]?.texts ?? []) }
    }
    for finding in value["findings"]?.elements ?? [] { add(finding: finding, isBatch: isBatch) }
  }

  private mutating func add(finding value: JSONValue, isBatch: Bool) {
    guard let row = FindingRow(value) else { return }
    let names = (value["jobs"]?.elements ?? []).compactMap { $0["name"]?.text }
    add(
      Entry(
        id: row.id, rule: row.rule, title: row.title, severity: row.severity,
        captures: isBatch ? value.number("captures", absent: 1) : 1,
        jobs: names,
        isSuppressed: value["standing"]?.text == Standing.suppressed.rawValue))
  }
}

extension FindingSet {
  /// What this run found that an earlier one did not, and the other way round; suppressed findings are in neither.
  public func difference(since earlier: FindingSet) -> Difference {
    var difference = Difference()
    difference.earlier = earlier.name
    difference.later = name
    for entry in entries where !entry.isSuppressed {
      if earlier.has(entry.id) {
        difference.known.append(entry.brief)
      } else {
        difference.new.append(entry.brief)
        if !earlier.couldDecide(entry) { difference.unseen.append(entry.id) }
      }
    }
    (difference.fixed, difference.unjudged) = earlier.absent(from: self)
    return difference
  }
}
