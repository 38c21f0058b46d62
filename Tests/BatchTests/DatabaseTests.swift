import CommandTestSupport
import Foundation
import Testing

/// `--report sqlite=…` of `analyze`, `batch` and `batch merge`, asked by python3's sqlite3.
@Suite struct DatabaseTests {
  /// `ask FILE SQL...` prints a line a row.
  private static let ask = """
    P=/usr/bin/python3; [ -x $P ] || P=python3
    ask() { $P -c 'import sqlite3, sys
    d = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
    for q in sys.argv[2:]:
      for row in d.execute(q): print(*row, sep="|")' "$@"; }

    """

  private static func run(_ script: String) throws -> Outcome { try BatchFolder.run(ask + script) }

  @Test func aBatchAnswersInSQL() throws {
    let outcome = try Self.run(
      """
      printf 'in/b.dat\\tjob=x\\tdate=2026-02\\nin/sub\\tjob=y\\nin/x.tar\\nin/e.dat\\nin/boot.log\\nmissing\\n' >m
      batch --manifest m --out o --report sqlite=o/d >/dev/null; echo $?
      ask o/d 'SELECT status, captures FROM statuses ORDER BY status' \\
        'SELECT rule, captures, occurrences, first_path, last_path, standing FROM causes ORDER BY rule' \\
        "SELECT job, rule, captures FROM findings_by_job WHERE rule = 'PL003'" 'SELECT path, status FROM failed_captures' \\
        'SELECT path FROM incomplete_captures' 'SELECT min(first), max(last) FROM pages' \\
        "SELECT count(*) FROM evidence e JOIN findings f USING (finding) WHERE f.rule = 'PL003' AND e.event = 'page_ref_mod'" \\
        "SELECT captures FROM undecided_rules WHERE rule = 'PL010' AND status = 'not-recorded'" "SELECT name, value FROM labels ORDER BY 1, 2" \\
        "SELECT count(*) > 30 FROM rules" "SELECT value FROM run WHERE name = 'schema'" 'PRAGMA integrity_check' 'PRAGMA foreign_key_check'
      """)
    #expect(
      outcome.output == """
        2
        findings|5
        incomplete|1
        ok|1
        unreadable|1
        PL002|2|2|in/sub/z.dat|in/x.tar!sub/z.dat|None
        PL003|3|3|in/b.dat|in/x.tar!b.dat|None
        |PL003|1
        x|PL003|1
        y|PL003|1
        missing|unreadable
        in/boot.log
        20736|20736
        3
        6
        date|2026-02
        job|x
        job|y
        job|y
        1
        pageledger.sqlite/1
        ok

        """, Comment(rawValue: outcome.errors))
  }

  @Test func everyViewCanBeAsked() throws {
    let outcome = try Self.run(
      """
      "$PAGELEDGER" --quiet "$F/captures/ttm-kvm.dat" in/b.dat --report sqlite=d >/dev/null
      for v in $(ask d "SELECT name FROM sqlite_master WHERE type = 'view'"); do ask d "SELECT count(*) >= 0 FROM $v"; done | sort | uniq -c
      ask d 'SELECT path, first, last FROM pages JOIN findings USING (finding) JOIN captures USING (capture) WHERE 0x1500 BETWEEN first AND last' \\
        "SELECT function FROM frames WHERE role = 'holder' ORDER BY depth LIMIT 1" "SELECT block_order, block_kind, page_count FROM findings WHERE rule = 'PL010'"
      """)
    #expect(outcome.output.contains("     11 1\n"), Comment(rawValue: outcome.output))
    #expect(
      outcome.output.hasSuffix("ttm-kvm.dat|5121|6143\nhva_to_pfn\n10|plain|1023\n"),
      Comment(rawValue: outcome.output + outcome.errors))
  }

  @Test func theSameRunGivesTheSameBytes() throws {
    let outcome = try Self.run(
      """
      batch in --out o --report sqlite=d1 >/dev/null; batch in --out o --report sqlite=d2 --jobs 1 >/dev/null; cmp d1 d2 && echo same
      "$PAGELEDGER" batch merge o --out q --report sqlite=d3 >/dev/null; cmp d1 d3 && echo same; ls -A | grep -c '^.pageledger-'
      """)
    #expect(outcome.output == "same\nsame\n0\n", Comment(rawValue: outcome.errors))
  }

  @Test func standingsAndWhatIsGone() throws {
    let outcome = try Self.run(
      """
      batch in/b.dat --out old >/dev/null; sed 's/PL003-/PL003-0/g' old/summary.json >base
      cat >c.json <<'EOF'
      {"suppressions": [{"rule": "PL002", "match": {"path": "in/sub/*"}, "reason": "r", "owner": "o", "expires": "2999-01-01"},
        {"rule": "PL1*", "match": {"id": "*"}, "reason": "r", "owner": "o", "expires": "2999-01-01"}]}
      EOF
      batch in --out o --baseline base --config c.json --report sqlite=d >/dev/null
      ask d 'SELECT rule, standing FROM causes ORDER BY rule' 'SELECT rule FROM new_findings ORDER BY rule' 'SELECT state, rule FROM gone' 'SELECT count(*) FROM remarks' \\
        "SELECT count(*) FROM findings WHERE standing = 'suppressed'" "SELECT value FROM run WHERE name = 'baseline'"
      """)
    #expect(
      outcome.output
        == "PL002|new\nPL003|new\nPL002\nPL003\nfixed|PL003\n1\n1\nbase\n",
      Comment(rawValue: outcome.errors))
  }

  @Test func namesCannotEscapeAndDisksFill() throws {
    let outcome = try Self.run(
      """
      mkdir "in/';DROP TABLE captures;--"; cp in/b.dat "in/';DROP TABLE captures;--/x"; batch in --out o --report sqlite=d >/dev/null
      ask d "SELECT count(*) FROM captures WHERE path LIKE '%DROP TABLE%'"
      (ulimit -f 40; batch in --out o --report sqlite=e >/dev/null; echo $?); ls e; ls -A | grep -c '^.pageledger-'
      "$PAGELEDGER" --format sqlite in/b.dat >/dev/null; echo $?; batch in --out o --report sqlite=/dev/null >/dev/null; echo $?
      cp d before; chmod a-w .; chmod u+w .; batch in --out o --report sqlite=none/d >/dev/null; echo $?; cmp d before
      """)
    #expect(outcome.output == "1\n70\n0\n64\n70\n70\n", Comment(rawValue: outcome.errors))
    #expect(outcome.errors.contains("e: cannot write: "), Comment(rawValue: outcome.errors))
  }
}
