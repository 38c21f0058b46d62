import CommandTestSupport
import Foundation
import LedgerCore
import Testing

@testable import LedgerCapture

/// Real captures, read by us and by `trace-cmd report -R -t`: the same events with the same fields in the same order.
///
/// Known differences are of trace-cmd 3.1.6 and encoded in `agree`: it prints code addresses as symbols, strings behind
/// a pointer from printk_formats, arrays as bytes (beyond the end of the record for kernel_stack, empty for bprint),
/// `0x0x` for pointers that a format already prefixes, and hexadecimal numbers without `0x` where the format says so.
@Suite struct DifferentialTests {
  static let folders = [
    "captures/scenarios-6.1", "captures/encodings-6.1", "samples/tracedat-v6",
    "samples/tracedat-v7",
  ]

  static let files = folders.flatMap { folder in
    Repository.shared(in: folder) { $0.hasSuffix(".dat") || $0.hasSuffix(".dat.xz") }
  }

  /// Records compared in each file; the rest is only counted.
  static let limit = 4000

  @Test(
    .needs(shared: "captures/scenarios-6.1"), .needs(commands: "trace-cmd", "xz"),
    arguments: files)
  func agreesWithTraceCmd(name: String) throws {
    var path = try #require(Repository.shared(name))
    if name.hasSuffix(".xz") {
      let bytes = try #require(run("xz", ["-dc", path]))
      path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
      try bytes.write(to: URL(fileURLWithPath: path))
    }
    defer { if name.hasSuffix(".xz") { try? FileManager.default.removeItem(atPath: path) } }
    let report = try #require(run("trace-cmd", ["report", "-R", "-t", path]))
    let lines = report.split(separator: 0x0a).compactMap { PeerLine($0) }
    let reader = try openCapture(path: path, detail: .fields)
    var batch = EventBatch()
    var at = 0
    while at < min(lines.count, Self.limit), try reader.next(&batch) {
      for (event, detail) in zip(batch.events, batch.details) where !event.kind.isGap {
        guard at < lines.count else { break }
        compare(event, detail, lines[at])
        at += 1
      }
    }
    let counter = try openCapture(path: path, detail: .replay)
    while try counter.next(&batch) {}
    #expect(counter.info.eventsRead == UInt64(lines.count))
    #expect(counter.info.events.reduce(0) { $0 + $1.count } == UInt64(lines.count))
  }

  private func compare(_ event: Event, _ detail: EventDetail, _ line: PeerLine) {
    #expect(event.time == line.time && Int(event.cpu) == line.cpu, "\(line.text)")
    #expect(event.pid == line.pid && detail.name == line.name, "\(line.text)")
    let fields = line.fields
    #expect(Set(fields.keys) == Set(detail.fields.map(\.name)), "\(line.text)")
    for (name, value) in detail.fields {
      guard let peer = fields[name] else { continue }
      #expect(agree(value, peer, detail.name), "\(detail.name).\(name): \(value), \(peer)")
    }
  }

  private func agree(_ value: FieldValue, _ peer: String, _ event: String) -> Bool {
    switch value {
    case .signed(let number):
      return numbers(peer).contains { equal($0, UInt64(bitPattern: number)) }
    case .unsigned(let number): return numbers(peer).contains { equal($0, number) }
    case .hex(let number):
      let candidates = numbers(peer)
      // A symbol, or a string behind the pointer.
      return candidates.isEmpty || candidates.contains { equal($0, number) }
        || !peer.hasPrefix("0x")
    case .string(let text): return text == peer || peer.isEmpty
    case .array(let elements):
      guard peer.hasPrefix("ARRAY[") else { return false }
      let bytes = peer.dropFirst(6).dropLast().split(separator: ",")
        .compactMap { UInt8($0.filter { $0 != " " }, radix: 16) }
      if event == "bprint" { return bytes.isEmpty }
      let width = event == "kernel_stack" || event == "ipi_raise" ? 8 : 1
      let ours = elements.flatMap { element in
        (0..<width).map { UInt8(truncatingIfNeeded: element >> (8 * $0)) }
      }
      let common = min(ours.count, bytes.count)
      return ours.prefix(common) == bytes.prefix(common)
        && (ours.count == bytes.count || event == "kernel_stack")
    }
  }

  private func equal(_ a: UInt64, _ b: UInt64) -> Bool {
    a == b
      || UInt32(truncatingIfNeeded: a) == UInt32(truncatingIfNeeded: b)
        && (a >> 32 == 0 || b >> 32 == 0)
  }

  private func numbers(_ text: String) -> [UInt64] {
    if text == "(nil)" { return [0] }
    var digits = text[...]
    while digits.hasPrefix("0x") { digits = digits.dropFirst(2) }
    var found: [UInt64] = []
    if let value = UInt64(digits, radix: 16) { found.append(value) }
    if let value = Int64(digits) { found.append(UInt64(bitPattern: value)) }
    if let value = UInt64(digits) { found.append(value) }
    return found
  }
}

/// One event line of `trace-cmd report -R -t`: `comm-pid [cpu] seconds.nanoseconds: name: field=value ...`
struct PeerLine {
  var text: String
  var pid: Int32
  var cpu: Int
  var time: UInt64
  var name: String
  private var body: Substring

  init?(_ bytes: Data.SubSequence) {
    text = String(decoding: bytes, as: UTF8.self)
    guard let open = text.firstRange(of: " ["),
      let close = text[open.upperBound...].firstIndex(of: "]"),
      let dash = text[..<open.lowerBound].lastIndex(of: "-"),
      let pid = Int32(text[text.index(after: dash)..<open.lowerBound].filter { $0 != " " }),
      let cpu = Int(text[open.upperBound..<close])
    else { return nil }
    let rest = text[text.index(after: close)...].drop { $0 == " " }
    guard let colon = rest.firstRange(of: ": ") else { return nil }
    let clock = rest[..<colon.lowerBound].split(separator: ".")
    guard let first = clock.first, let whole = UInt64(first) else { return nil }
    time = clock.count == 2 ? whole * 1_000_000_000 + (UInt64(clock[1]) ?? 0) : whole
    let words = rest[colon.upperBound...].drop { $0 == " " }
    guard let end = words.firstIndex(of: ":") else { return nil }
    self.pid = pid
    self.cpu = cpu
    name = String(words[..<end])
    body = words[words.index(after: end)...]
  }

  /// Values by field name; a value ends where ` name=` starts.
  var fields: [String: String] {
    var found: [String: String] = [:]
    var name: String?
    var value: [Substring] = []
    for word in body.split(separator: " ", omittingEmptySubsequences: true) {
      if let equals = word.firstIndex(of: "="),
        word[..<equals].allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" })
      {
        if let name { found[name] = value.joined(separator: " ") }
        name = String(word[..<equals])
        value = [word[word.index(after: equals)...]]
      } else {
        value.append(word)
      }
    }
    if let name { found[name] = value.joined(separator: " ") }
    return found
  }
}

/// The output of a command, nil when it cannot be run.
func run(_ command: String, _ arguments: [String]) -> Data? {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [command] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  guard (try? process.run()) != nil else { return nil }
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 127 ? nil : data
}
