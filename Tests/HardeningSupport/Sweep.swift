import CommandTestSupport
import Foundation
import Glibc
import LedgerCore
import LedgerInput

/// Spoils one capture in many ways and compares what is said of it with what is said of the undamaged one.
public final class Sweep {
  /// Variants of the capture.
  public let plan: DamagePlan
  private let file: MemoryFile
  private let innocent: Accusations
  /// CPU seconds of an undamaged run.
  public let seconds: Double
  /// KiB that an undamaged run adds to the process at its peak.
  public let peak: Int

  /// Below these, ten times and twice say nothing.
  private static let timeFloor = 0.3
  private static let memoryFloor = 48 << 10

  /// Reads a capture; compressed text is swept as text. Nil when it cannot be read.
  public init?(path: String, seed: UInt64) {
    guard let bytes = Self.content(of: path), let file = MemoryFile(bytes) else { return nil }
    plan = DamagePlan(bytes, seed: seed)
    self.file = file
    // The first run pays for what is made once in a process.
    _ = Analyses.all(at: file.path)
    let start = Self.clock()
    let before = Self.resetPeak()
    innocent = Accusations(Analyses.all(at: file.path))
    peak = max(0, Self.peakMemory() - before)
    seconds = Self.clock() - start
  }

  /// What is wrong with the analysis of one variant; empty when nothing is.
  public func complaints(_ number: Int, measured: Bool) -> [String] {
    let (bytes, words) = plan.variant(number)
    guard file.replace(with: bytes) else { return ["\(words): no memory for it"] }
    let start = Self.clock()
    let before = measured ? Self.resetPeak() : 0
    let analyses = Analyses.all(at: file.path)
    var found: [String] = []
    if measured {
      let used = Self.peakMemory() - before
      let time = Self.clock() - start
      if used > max(2 * peak, Self.memoryFloor) { found.append("memory \(used) KiB, not \(peak)") }
      if time > max(10 * seconds, Self.timeFloor), again() > max(10 * seconds, Self.timeFloor) {
        found.append("\(time) s, not \(seconds)")
      }
    }
    if analyses.contains(where: { $0.verdict == .unreadable && ($0.failure ?? "").isEmpty }) {
      found.append("unreadable without a reason")
    }
    if Analyses.report(analyses, form: number) == 0, !analyses.isEmpty,
      number % Analyses.formCount < 2
    {
      found.append("an empty report")
    }
    found += Accusations(analyses).beyond(innocent).map { "PROVEN \($0)" }
    return found.map { "\(words): \($0)" }
  }

  private func again() -> Double {
    let start = Self.clock()
    _ = Analyses.all(at: file.path)
    return Self.clock() - start
  }

  private static func content(of path: String) -> [UInt8]? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    let bytes = Array(data)
    guard path.hasSuffix(".txt.gz") || path.hasSuffix(".log.gz"),
      let source = try? ByteSource(path: path),
      let inner = try? source.inflated(.gzip, prefix: [], budget: ExpandBudget(1 << 30))
    else { return bytes }
    var text: [UInt8] = []
    while let got = try? inner.read(into: &text, count: 1 << 20), got > 0 {}
    return text
  }

  private static func clock() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// Forgets the peak so far; returns the memory that is in use, in KiB.
  private static func resetPeak() -> Int {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    if descriptor >= 0 {
      _ = "5".withCString { write(descriptor, $0, 1) }
      close(descriptor)
    }
    return status("VmRSS:")
  }

  private static func peakMemory() -> Int { status("VmHWM:") }

  private static func status(_ name: String) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
    else { return 0 }
    return line.split(separator: " ").compactMap { Int($0) }.first
      ?? line.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }.first ?? 0
  }
}
