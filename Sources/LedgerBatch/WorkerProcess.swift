internal import LedgerInput
internal import LedgerReport

/// One worker of a batch as its driver sees it; the other end is `BatchWorker`.
struct WorkerProcess {
  /// What a worker says.
  enum Message {
    case ready
    /// What its input contains; nil when that cannot be read, or has no end.
    case content(ContentKey?)
    case begins(member: String)
    case capture(rows: [UInt8], details: [UInt8])
    case ends(rows: [UInt8])
  }

  let process: ChildProcess
  private var buffer: [UInt8] = []
  private var at = 0

  init(arguments: [String]) throws(WriteError) { process = try ChildProcess(arguments: arguments) }

  /// Takes what has come; false when the process has ended.
  mutating func receive() -> Bool { process.receive(into: &buffer) }

  /// The next message that is here whole. Throws when it is none.
  mutating func next() throws(WriteError) -> Message? {
    guard let end = buffer[at...].firstIndex(of: UInt8(ascii: "\n")) else {
      buffer.removeFirst(at)
      at = 0
      return nil
    }
    let words = String(decoding: buffer[at..<end], as: UTF8.self)
      .split(separator: " ", maxSplits: 1)
    let rest = words.count > 1 ? words[1] : ""
    var next = end + 1
    defer { at = next }
    switch words.first {
    case "W": return .ready
    case "H": return .content(ContentKey(hex: String(rest)))
    case "B":
      guard let name = try? JSONReader.value(of: Array(rest.utf8)).text else { break }
      return .begins(member: name)
    case "R", "E":
      let counts = rest.split(separator: " ").compactMap { Int($0) }
      guard counts.count == 2, counts.allSatisfy({ 0...ShardFile.payloadLimit ~= $0 }) else {
        break
      }
      next = end + 1 + counts[0] + counts[1]
      guard next <= buffer.count else {
        next = at
        return nil
      }
      let rows = Array(buffer[end + 1..<end + 1 + counts[0]])
      if words.first == "E" { return .ends(rows: rows) }
      return .capture(rows: rows, details: Array(buffer[end + 1 + counts[0]..<next]))
    default: break
    }
    throw .failed(reason: "a worker does not speak as it should")
  }

  /// Gives it an input, behind the first `skip` captures of which it begins.
  func ask(_ input: BatchInput, skip: Int) -> Bool {
    var writer = JSONWriter()
    writer.object {
      $0.member("path", input.path)
      $0.member("folder", input.isFolder)
      $0.member("skip", skip)
    }
    writer.endLine()
    return process.send(writer.bytes)
  }

  /// Tells it whether to go on with its input.
  func answer(goOn: Bool) -> Bool { process.send(Array((goOn ? "G\n" : "K\n").utf8)) }
}
