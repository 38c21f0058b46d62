import ArgumentParser
import LedgerBatch
import LedgerCore
import LedgerInput

/// Options of what fails a run, and what it is held against.
struct VerdictOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Lowest severity that fails, or new,high.",
      valueName: "what"))
  var failOn = FailOn.low

  @Flag(help: "Exit with 0 when captures are only incomplete.")
  var allowIncomplete = false

  @Option(
    help: ArgumentHelp("An earlier summary.json or JSON report.", valueName: "file"))
  var baseline: String?

  @Option(
    help: ArgumentHelp(
      "Suppressions, in place of .pageledger.json.", valueName: "file"))
  var config: String?

  private static let sizeLimit = 1 << 30
  private static let configName = ".pageledger.json"
  private static let depthLimit = 64

  var policy: FailurePolicy {
    FailurePolicy(
      bar: FailureBar(threshold: failOn.severity, onlyNew: failOn.onlyNew),
      allowIncomplete: allowIncomplete)
  }

  func validate() throws {
    guard !failOn.onlyNew || baseline != nil else {
      throw ValidationError("--fail-on new needs a --baseline")
    }
  }

  /// Reads baseline and suppressions. Throws a usage error when one is not understood.
  func expectations() throws -> Expectations {
    var expectations = Expectations()
    if let baseline { expectations.baseline = try Self.findings(in: baseline) }
    guard let path = config ?? Self.found else { return expectations }
    do throws(JSONError) {
      expectations.suppressions = try Suppressions(
        json: try Self.bytes(of: path), name: path, today: OwnProcess.today)
    } catch { try ExitStatus.refuse(error.message(in: path)) }
    return expectations
  }

  /// Stands for what a summary depends on beside its captures.
  func salt(_ options: BatchOptions) -> ContentKey {
    let hash = ContentHash()
    hash.add(Array("\(options.salt.hex) \(options.limits)\n".utf8))
    for path in [baseline, config ?? Self.found].compactMap({ $0 }) {
      hash.add(Array("\n\(path) \(OwnProcess.today)\n".utf8))
      try? hash.add(file: path)
    }
    return hash.key
  }

  /// The findings of a report in JSON.
  static func findings(in path: String) throws -> FindingSet {
    do throws(JSONError) {
      var set = try FindingSet(json: try bytes(of: path))
      set.name = path
      return set
    } catch { try ExitStatus.refuse(error.message(in: path)) }
  }

  /// All bytes of a file of the user.
  static func bytes(of path: String) throws(JSONError) -> [UInt8] {
    var bytes: [UInt8] = []
    do throws(CaptureError) {
      let source = try ByteSource(path: path)
      while bytes.count <= sizeLimit, try source.read(into: &bytes, count: 1 << 18) > 0 {}
    } catch { throw JSONError(line: 0, reason: error.message) }
    guard bytes.count <= sizeLimit else {
      throw JSONError(line: 0, reason: "\(path): larger than 1 GB")
    }
    return bytes
  }

  /// The file of suppressions of this folder, or of one above it in the same repository.
  private static var found: String? {
    let folders = (0..<depthLimit).map { String(repeating: "../", count: $0) }
    let root = folders.firstIndex { ByteSource.kind(ofPath: $0 + ".git") != .missing } ?? 0
    return folders[...root].map { $0 + configName }.first { ByteSource.kind(ofPath: $0) == .file }
  }
}

/// Severities that may fail a run.
struct FailOn: ExpressibleByArgument, CustomStringConvertible {
  var severity = Severity.low
  /// Findings that the baseline has too do not fail.
  var onlyNew = false

  static let low = FailOn(severity: .low, onlyNew: false)

  private static let severities = ["critical", "high", "medium", "low"]

  private init(severity: Severity, onlyNew: Bool) {
    self.severity = severity
    self.onlyNew = onlyNew
  }

  init?(argument: String) {
    for word in argument.split(separator: ",", omittingEmptySubsequences: false) {
      if word == "new" {
        onlyNew = true
      } else if let severity = Severity(rawValue: String(word)),
        Self.severities.contains(String(word))
      {
        self.severity = severity
      } else {
        return nil
      }
    }
  }

  var description: String { (onlyNew ? "new," : "") + severity.rawValue }

  var defaultValueDescription: String { description }

}
