import CommandTestSupport
import Foundation
import Testing

/// Inputs that are small and claim to be large: each limit has its own words.
@Suite struct LimitTests {
  private func shell(_ make: String, _ arguments: String, in folder: URL) throws -> Outcome {
    try Invocation.shell("\(make) && $PAGELEDGER \(arguments)", in: folder)
  }

  @Test func unpackingIsBounded() throws {
    try Repository.withFolder { folder in
      let head = Repository.root.appendingPathComponent("fixtures/captures/text-default.txt").path
      let bomb = "{ head -c 20000 '\(head)'; head -c 20000000 /dev/zero; } | gzip >bomb.txt.gz"
      let outcome = try shell(bomb, "analyze --max-expand 4M bomb.txt.gz", in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains("--max-expand"), "\(outcome.errors)")
      let batch = try shell("true", "batch --max-expand 4M --out night bomb.txt.gz", in: folder)
      #expect(batch.status == 2, "\(batch.errors)")
      let inside = try shell(
        "gzip -dc bomb.txt.gz >bomb.txt && tar czf bombs.tar.gz bomb.txt",
        "analyze --max-expand 4M bombs.tar.gz", in: folder)
      #expect(inside.status == 2 && inside.errors.contains("--max-expand"), "\(inside.errors)")
    }
  }

  @Test func packingIsPeeledFourTimes() throws {
    try Repository.withFolder { folder in
      let outcome = try shell(
        "echo x | gzip | gzip | gzip | gzip | gzip >deep.gz", "analyze deep.gz", in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains("more than 4 layers"))
    }
  }

  /// A terabyte that takes no room on the disk.
  @Test(arguments: ["ttm-kvm.dat", "perf-file.data", "text-default.txt"])
  func sparseFileEnds(capture: String) throws {
    try Repository.withFolder { folder in
      let path = Repository.root.appendingPathComponent("fixtures/captures/" + capture).path
      let outcome = try shell(
        "cp '\(path)' a && truncate -s 1T a 2>/dev/null", "analyze --quiet a", in: folder)
      #expect([0, 1, 2, 3].contains(outcome.status), "\(outcome.errors)")
    }
  }

  /// Numbers of CPUs, frames and times at the edges.
  @Test func numbersAtTheEdgesAreBounded() throws {
    try Repository.withFolder { folder in
      var lines = "# tracer: nop\n#\n"
      for cpu in stride(from: 0, to: 100_000, by: 997) {
        let time = cpu % 2 == 0 ? "18446744073.709551" : "0.000001"
        for pfn in ["0xfffffffffffff", "0x10000000000", "0xffffffffff", "0x1400"] {
          lines +=
            "  t-1  [\(cpu)] d..2.  \(time): mm_page_free: page=0000000000000001 pfn=\(pfn) order=0\n"
        }
      }
      try Data(lines.utf8).write(to: folder.appendingPathComponent("a.txt"))
      let outcome = try Invocation.pageledger(
        ["analyze", "--max-memory", "64M", "a.txt"], in: folder)
      #expect([0, 2, 3].contains(outcome.status), "\(outcome.output)")
    }
  }

  @Test func pageTableIsBounded() throws {
    try Repository.withFolder { folder in
      var lines = "# tracer: nop\n#\n"
      for number in 0..<4000 {
        let pfn = String(number &* 0x100_0001, radix: 16)
        lines +=
          "  t-1  [000] d..2.  1.\(100_000 + number): mm_page_free: page=0000000000000001 pfn=0x\(pfn) order=0\n"
      }
      try Data(lines.utf8).write(to: folder.appendingPathComponent("a.txt"))
      let outcome = try Invocation.pageledger(
        ["analyze", "--max-memory", "1M", "a.txt"], in: folder)
      #expect(outcome.status == 3 && outcome.output.contains("--max-memory"), "\(outcome.output)")
    }
  }
}
