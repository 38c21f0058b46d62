internal import LedgerInput
internal import LedgerReport

/// A line of a shard that starts something; rows and details of a result follow it.
///
/// A shard is NDJSON. `result` holds what became of one content; `input` says which content a path has; `seen` says what the file looked like then.
enum ShardRecord {
  /// A part of the result of one content; the last one is marked.
  struct Result {
    var key: ContentKey
    var part = 0
    var isLast = false
    /// Bytes of the rows behind the line, and of the details behind these.
    var rows = 0
    var details = 0
    var check: UInt64 = 0
    /// The limits under which a capture failed in this part.
    var limits: RunLimits?
  }

  case result(Result)
  case input(path: String, StoredInput)
  case seen(path: String, FileIdentity)

  init?(_ line: [UInt8], in range: Range<Int>) {
    guard let value = try? JSONReader.value(of: line, in: range) else { return nil }
    switch value["kind"]?.text {
    case "result":
      guard let result = Result(value) else { return nil }
      self = .result(result)
    case "input":
      guard let path = value["path"]?.text,
        let key = ContentKey(hex: value["key"]?.text ?? "")
      else { return nil }
      let labels = (value["labels"]?.members ?? []).map {
        Label(name: $0.name, value: $0.value.text ?? "")
      }
      self = .input(
        path: path,
        StoredInput(
          key: key, salt: ContentKey(hex: value["salt"]?.text ?? ""), run: value["run"]?.count ?? 0,
          identity: FileIdentity(value["stat"]),
          labels: labels))
    case "seen":
      guard let path = value["path"]?.text, let identity = FileIdentity(value["stat"]) else {
        return nil
      }
      self = .seen(path: path, identity)
    default: return nil
    }
  }

  func write(to writer: inout JSONWriter) {
    writer.object { writer in
      switch self {
      case .result(let result): result.write(to: &writer)
      case .input(let path, let input):
        writer.member("kind", "input")
        writer.member("path", path)
        writer.member("key", input.key.hex)
        if let salt = input.salt { writer.member("salt", salt.hex) }
        if input.run > 0 { writer.member("run", input.run) }
        if let identity = input.identity { identity.write(to: &writer) }
        guard !input.labels.isEmpty else { return }
        writer.key("labels")
        writer.object { for label in input.labels { $0.member(label.name, label.value) } }
      case .seen(let path, let identity):
        writer.member("kind", "seen")
        writer.member("path", path)
        identity.write(to: &writer)
      }
    }
    writer.endLine()
  }
}

extension ShardRecord.Result {
  fileprivate init?(_ value: JSONValue) {
    guard let key = ContentKey(hex: value["key"]?.text ?? ""),
      let rows = value["rows"]?.count.flatMap({ Int(exactly: $0) }),
      let details = value["details"]?.count.flatMap({ Int(exactly: $0) }),
      rows <= ShardFile.payloadLimit, details <= ShardFile.payloadLimit,
      let check = UInt64(value["check"]?.text ?? "", radix: 16)
    else { return nil }
    self.key = key
    self.rows = rows
    self.details = details
    self.check = check
    part = Int(clamping: value["part"]?.count ?? 0)
    isLast = value["last"]?.flag ?? false
    if let seconds = value["seconds"]?.count, let bytes = value["bytes"]?.count {
      limits = RunLimits(seconds: seconds, bytes: bytes)
    }
  }

  fileprivate func write(to writer: inout JSONWriter) {
    writer.member("kind", "result")
    writer.member("key", key.hex)
    writer.member("part", part)
    writer.member("last", isLast)
    writer.member("rows", rows)
    writer.member("details", details)
    writer.member("check", ContentKey.digits(check))
    guard let limits else { return }
    writer.member("seconds", limits.seconds)
    writer.member("bytes", limits.bytes)
  }
}

/// What one capture may take.
public struct RunLimits: Sendable, Equatable {
  /// Seconds of wall time.
  public var seconds: UInt64
  /// Bytes of memory of the process.
  public var bytes: UInt64

  /// Limits of time and memory.
  public init(seconds: UInt64, bytes: UInt64) {
    self.seconds = seconds
    self.bytes = bytes
  }
}

/// What is known of an input from an earlier run.
struct StoredInput: Sendable {
  var key: ContentKey
  /// Version and options under which it was read.
  var salt: ContentKey?
  /// The run that wrote it; of two entries with one path the later run's counts.
  var run: UInt64
  /// What the file looked like; nil when it could not be trusted to tell a change.
  var identity: FileIdentity?
  var labels: [Label]
}

extension FileIdentity {
  fileprivate init?(_ value: JSONValue?) {
    guard let parts = value?.elements, parts.count == 5, let size = parts[0].count,
      let modified = parts[1].integer, let changed = parts[2].integer, let inode = parts[3].count,
      let device = parts[4].count
    else { return nil }
    self.init(size: size, modified: modified, changed: changed, inode: inode, device: device)
  }

  fileprivate func write(to writer: inout JSONWriter) {
    writer.key("stat")
    writer.array {
      $0.value(size)
      $0.value(modified)
      $0.value(changed)
      $0.value(inode)
      $0.value(device)
    }
  }
}
