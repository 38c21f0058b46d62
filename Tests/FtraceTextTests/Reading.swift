import Foundation
import LedgerCore
import LedgerInput

@testable import LedgerCapture

/// All that a reader gave for one text.
struct Reading {
  var events: [Event] = []
  var details: [EventDetail] = []
  var info: CaptureInfo
  var losses: LossLedger
  var complaints: [KernelComplaint] = []

  /// Events without the reader's own marks.
  var records: [Event] { events.filter { !$0.kind.isGap && $0.kind != .complaint } }

  /// Reads a text that is handed over as the bytes a sniffer has taken.
  init(_ text: [UInt8], detail: ReadDetail = .replay) throws {
    try self.init(source: try ByteSource(path: "/dev/null"), prefix: text, detail: detail)
  }

  init(_ text: String, detail: ReadDetail = .replay) throws {
    try self.init(Array(text.utf8), detail: detail)
  }

  init(path: String, detail: ReadDetail = .replay) throws {
    try self.init(source: try ByteSource(path: path), prefix: [], detail: detail)
  }

  /// Parses without a reader: thousands of small texts need no thread each.
  init(parsing text: [UInt8], as dialect: TextDialect = .ftrace, detail: ReadDetail) {
    var parser = TextParser(
      info: CaptureInfo(path: "-", kind: dialect.kind), dialect: dialect, detail: detail)
    let block = text + Array(repeating: 0, count: TextBlocks.padding)
    var batch = EventBatch()
    var at = 0
    while at < text.count {
      batch.clear()
      for mark in parser.pending { parser.give(mark, &batch) }
      parser.pending = []
      at = block.withRawSpan { parser.parse($0, from: at, to: text.count, into: &batch) }
      events += batch.events
      details += batch.details
    }
    parser.finish()
    info = parser.info
    info.events = parser.names.counts
    losses = parser.losses
    complaints = parser.complaints.log.complaints
  }

  private init(source: ByteSource, prefix: [UInt8], detail: ReadDetail) throws {
    let reader = try FtraceTextReader(source: source, prefix: prefix, detail: detail)
    var batch = EventBatch()
    while try reader.next(&batch) {
      precondition(batch.events.count <= EventBatch.capacity)
      events += batch.events
      details += batch.details
    }
    info = reader.info
    losses = reader.losses
    complaints = reader.complaints.complaints
  }

  func count(_ name: String) -> UInt64 {
    info.events.first { $0.name == name }?.count ?? 0
  }

  func loss(_ code: LossCode) -> UInt64 {
    losses.rows.reduce(0) { $1.code == code ? $0 + $1.count : $0 }
  }
}

/// Runs a peer and gives what it prints; nil when it is not installed.
func output(of command: [String]) -> [UInt8]? {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = command
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 127 ? nil : Array(data)
}
