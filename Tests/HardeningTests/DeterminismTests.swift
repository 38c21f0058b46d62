import CommandTestSupport
import Foundation
import Testing

/// The same input gives the same bytes in every form, on one CPU or several, whatever the load.
@Suite struct DeterminismTests {
  static let captures = [
    "ttm-kvm.dat", "lost.dat", "perf-file.data", "perf-pipe-6.12.data.gz", "text-default.txt",
    "tracefs.tar.gz", "text-6.12-percpu.txt.gz", "text-6.12-stacks.txt.gz",
  ]

  private static let forms = [
    "text", "json", "ndjson", "html", "markdown", "mail", "sarif", "junit", "ktap", "github",
    "gitlab", "perfetto", "sqlite",
  ]

  private static var reports: String {
    forms.map { "--report \($0)=\($0)" }.joined(separator: " ")
  }

  @Test(arguments: Whole.isAsked ? DamageTests.captures : captures)
  func bytesAreTheSame(capture: String) throws {
    let path = Repository.root.appendingPathComponent("fixtures/captures/" + capture).path
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        ln -s '\(path)' capture
        for way in 'taskset -c 0' 'nice -n 19' ''; do
          mkdir one && cd one
          $way $PAGELEDGER analyze --explain \(Self.reports) ../capture >out 2>errors; echo $? >status
          $way $PAGELEDGER info ../capture >info 2>&1; $way $PAGELEDGER events ../capture | cksum >events
          cd .. && { test -d first || cp -r one first; } && diff -r first one && rm -r one
        done
        ls first
        """, in: folder)
      let files = outcome.output.split(separator: "\n").map(String.init)
      #expect(Set(files).isSuperset(of: Self.forms), "\(outcome.output) \(outcome.errors)")
    }
  }

  @Test func batchesAreTheSame() throws {
    try Repository.withFolder { folder in
      let captures = Repository.root.appendingPathComponent("fixtures/captures").path
      let outcome = try Invocation.shell(
        """
        for jobs in 1 2 5; do
          $PAGELEDGER batch '\(captures)' --out $jobs --jobs $jobs --quiet >/dev/null 2>&1
        done
        cmp 1/summary.json 2/summary.json && cmp 1/summary.json 5/summary.json && echo same
        """, in: folder)
      #expect(outcome.output == "same\n", "\(outcome.output) \(outcome.errors)")
    }
  }
}
