import CommandTestSupport
import Foundation
import Testing

/// A folder with captures of many kinds and files that are none.
///
/// `in` holds: two captures with findings, one of them twice, a clean one, an archive with two captures and a text, a log without a trace,
/// three files that are no captures, a link to itself and a pipe.
enum BatchFolder {
  private static let made = """
    mkdir -p in/sub; cp "$C/PL003-underflow.case" in/b.dat; cp in/b.dat in/sub/copy.dat; cp "$C/PL028-exact-is-legal.case" in/e.dat; \
    cp "$C/PL002-get-on-zero.case" in/sub/z.dat; printf 'no trace\\n' >in/no.txt; : >in/empty; head -c 5000 /bin/sh >in/sub/sh; \
    tar -C in -cf in/x.tar b.dat no.txt sub/z.dat; ln -s .. in/sub/up; ln -s e.dat in/link.dat; mkfifo in/pipe; \
    printf '[    1.000000] Linux version 6.1.0\\n[    1.500000] systemd[1]: ready\\n' >in/boot.log
    """

  /// What `summary.json` must say about `in`.
  static let statuses = [
    "ok": 1, "findings": 5, "incomplete": 1, "unreadable": 0, "crash": 0, "timeout": 0,
  ]

  /// Runs a script in a folder that holds `in`; `same A B` compares two summaries.
  static func run(_ script: String) throws -> Outcome {
    try Repository.withFolder { folder in
      let captures = Repository.root.appendingPathComponent("fixtures/cases/rules").path
      return try Invocation.shell(
        """
        C='\(captures)'; F='\(Repository.root.appendingPathComponent("fixtures").path)'
        { \(made); } || exit 99
        batch() { "$PAGELEDGER" batch --quiet "$@"; }
        same() { cmp "$1/summary.json" "$2/summary.json" && echo same; }
        \(script)
        """, in: folder)
    }
  }

  /// Runs a batch that prints JSON.
  static func summary(_ script: String) throws -> [String: Any] {
    let outcome = try run(script)
    let parsed = try? JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(
      parsed as? [String: Any], Comment(rawValue: outcome.output + outcome.errors))
  }
}
