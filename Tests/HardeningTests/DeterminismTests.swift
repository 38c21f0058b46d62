import CommandTestSupport
import Foundation
import Testing

/// The same input gives the same bytes, on one CPU or several, from a file or a pipe.
@Suite struct DeterminismTests {
  @Test(
    arguments: [
      "ttm-kvm.dat", "lost.dat", "perf-file.data", "text-default.txt", "tracefs.tar.gz",
      "text-6.12-percpu.txt.gz",
    ])
  func bytesAreTheSame(capture: String) throws {
    let folder = Repository.root.appendingPathComponent("fixtures/captures")
    let first = try Invocation.pageledger(["analyze", "--format", "json", capture], in: folder)
    #expect(!first.output.isEmpty)
    for prefix in ["", "taskset -c 0 ", "nice -n 19 "] {
      let other = try Invocation.shell(
        "\(prefix)$PAGELEDGER analyze --format json \(capture)", in: folder)
      #expect(other.status == first.status && other.output == first.output)
    }
  }
}
