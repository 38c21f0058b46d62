import CommandTestSupport
import Foundation
import Testing

/// Bombs, holes and counts that no machine has; `PAGELEDGER_WHOLE=1` makes them in full size.
@Suite struct HostileTests {
  @Test func limitsHold() throws {
    let script = Repository.root.appendingPathComponent("tools/lib/hostile.py").path
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        command -v python3 >/dev/null || { echo 'skipped: no python3'; exit 0; }
        python3 '\(script)' --pageledger "$PAGELEDGER" --scratch . --slow 4 \(Whole.isAsked ? "--all" : "")
        """, in: folder)
      #expect(outcome.status == 0, "\(outcome.output) \(outcome.errors)")
    }
  }
}
