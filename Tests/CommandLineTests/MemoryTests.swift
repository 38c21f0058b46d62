import CommandTestSupport
import Foundation
import Testing

/// The memory of a run follows the pages, not the length of what a pipe brings.
///
/// The journal of the last half million steps fills up first: 64 bytes a step, 8 MB in each of these tests. That is the margin, and
/// less than the bytes that the longer input has more.
@Suite struct MemoryTests {
  /// Kilobytes that the longer input may take more.
  private static let margin = 12 << 10

  /// The peak of the command's memory in kilobytes, and what it printed, while `bytes` come through a pipe.
  private func peak(_ bytes: Data) throws -> (kilobytes: Int, output: String) {
    try Repository.withFolder { folder in
      try bytes.write(to: folder.appendingPathComponent("input"))
      let line =
        "cat input | python3 -c 'import os, resource, subprocess; "
        + "subprocess.call([os.environ[\"PAGELEDGER\"], \"--quiet\", \"-\"]); "
        + "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)'"
      let run = try Invocation.shell(line, in: folder)
      let rows = run.output.split(separator: "\n")
      return (try #require(rows.last.flatMap { Int($0) }, "\(run.errors)"), String(rows[0]))
    }
  }

  /// The life of pages again and again, `rounds` times.
  private static func text(_ rounds: Int) -> Data {
    let life = [
      "page_ref_set: pfn=0xP flags=none count=1 mapcount=0 mapping=0000000000000000 mt=0 val=1",
      "mm_page_alloc: page=00000000deadbeef pfn=0xP order=0 migratetype=0 gfp_flags=GFP_KERNEL",
      "page_ref_mod_and_test: pfn=0xP flags=none count=0 mapcount=0 mapping=0000000000000000 mt=0 "
        + "val=-1 ret=1",
      "mm_page_free: page=00000000deadbeef pfn=0xP order=0",
    ]
    var text = "# tracer: nop\n"
    var time = 10_000_000
    for round in 0..<rounds {
      for page in 0..<64 {
        for step in life {
          time += 3
          let micros = String(time % 1_000_000)
          let zeros = String(repeating: "0", count: 6 - micros.utf8.count)
          text +=
            "  cat-\(round % 3 + 7)  [00\(round % 2)] ..... \(time / 1_000_000).\(zeros)\(micros): "
          text += step.replacing("P", with: String(0x5000 + page, radix: 16)) + "\n"
        }
      }
    }
    return Data(text.utf8)
  }

  @Test func textFromAPipe() throws {
    let short = try peak(Self.text(500))
    let long = try peak(Self.text(1000))
    #expect(short.output.hasPrefix("CLEAN") && long.output.hasPrefix("CLEAN"))
    #expect(long.kilobytes < short.kilobytes + Self.margin, "\(short) and \(long)")
  }

  /// The recording of perf's pipe mode, its samples again and again with later times.
  private static func recording(_ rounds: Int, _ pipe: Data) -> Data {
    var (head, body): (Data, Data) = (pipe.prefix(16), Data())
    var samples: [(at: Int, time: UInt64)] = []
    var at = 16
    while at + 8 <= pipe.count {
      let kind: UInt32 = pipe.number(at)
      var size = Int(pipe.number(at + 6) as UInt16)
      // PERF_RECORD_HEADER_TRACING_DATA has its data behind it.
      if kind == 66 { size += (Int(pipe.number(at + 8) as UInt32) + 7) & ~7 }
      guard size >= 8, at + size <= pipe.count else { break }
      let record = pipe[(pipe.startIndex + at)..<(pipe.startIndex + at + size)]
      // PERF_RECORD_SAMPLE: identifier, ip, tid, time; PERF_RECORD_FINISHED_ROUND.
      if kind == 9 { samples.append((body.count + 32, pipe.number(at + 32))) }
      if kind == 9 || kind == 68 || !samples.isEmpty { body += record } else { head += record }
      at += size
    }
    let times = samples.map(\.time)
    let span = (times.max() ?? 0) - (times.min() ?? 0) + 1000
    for round in 0..<rounds {
      var next = body
      for sample in samples {
        withUnsafeBytes(of: sample.time + UInt64(round) * span) {
          next.replaceSubrange(sample.at..<(sample.at + 8), with: $0)
        }
      }
      head += next
    }
    return head
  }

  @Test func perfFromAPipe() throws {
    let packed = Repository.root.appendingPathComponent(
      "fixtures/captures/perf-pipe-6.12.data.gz")
    let pipe = try Repository.withFolder { folder in
      _ = try Invocation.shell("gzip -dc '\(packed.path)' > pipe", in: folder)
      return try Data(contentsOf: folder.appendingPathComponent("pipe"))
    }
    let short = try peak(Self.recording(1, pipe))
    let long = try peak(Self.recording(10, pipe))
    #expect(short.output.hasPrefix("FINDINGS") && long.output.hasPrefix("FINDINGS"))
    #expect(long.kilobytes < short.kilobytes + Self.margin, "\(short) and \(long)")
  }
}

extension Data {
  fileprivate func number<Number: FixedWidthInteger>(_ offset: Int) -> Number {
    withUnsafeBytes {
      Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
  }
}
