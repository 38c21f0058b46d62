import ArgumentParser
import LedgerInput
import LedgerReport

/// When to colour.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument {
  case auto, always, never

  /// The style for standard output. https://no-color.org
  var style: TextStyle {
    switch self {
    case .always: .ansi
    case .never: .plain
    case .auto:
      ByteSink.standardOutput.isTerminal && (Environment.value("NO_COLOR") ?? "").isEmpty
        && Environment.value("TERM") != "dumb" ? .ansi : .plain
    }
  }
}

/// Standard error.
enum Diagnostics {
  /// Writes one line, `pageledger: ...`; what cannot be told is lost.
  static func say(_ message: String) {
    let line = "pageledger: " + message.escapedForTerminal + "\n"
    try? ByteSink.standardError.write(Array(line.utf8))
  }
}

/// Standard output with a buffer. A reader that goes away is no error: the rest is not written.
struct Output {
  /// Bytes collected before they are written.
  private static let room = 1 << 16
  private var buffer: [UInt8] = []
  /// True once the reader of the pipe is gone.
  private(set) var isClosed = false
  /// The message of a failed write, such as a full disk.
  private(set) var failure: String?

  /// True while it makes sense to produce more.
  var isWanted: Bool { !isClosed && failure == nil }

  /// Adds bytes through the buffer itself, so that a line costs no array of its own.
  mutating func append(_ fill: (inout [UInt8]) -> Void) {
    fill(&buffer)
    if buffer.count >= Self.room { flush() }
  }

  /// Adds bytes.
  mutating func write(_ bytes: [UInt8]) { append { $0.append(contentsOf: bytes) } }

  /// Writes what is buffered.
  mutating func flush() {
    defer { buffer.removeAll(keepingCapacity: true) }
    guard isWanted, !buffer.isEmpty else { return }
    do throws(WriteError) {
      try ByteSink.standardOutput.write(buffer)
    } catch {
      switch error {
      case .closed: isClosed = true
      case .failed(let reason): failure = reason
      }
    }
  }

  /// Writes the rest and gives the status that follows: an internal error when a write failed.
  mutating func close() -> ExitStatus {
    flush()
    guard let failure else { return .clean }
    Diagnostics.say("standard output: \(failure)")
    return .internalError
  }
}
