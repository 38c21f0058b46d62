import CommandTestSupport
import Foundation
import Testing

/// `--report` of `batch` and `batch merge`.
@Suite struct ReportFileTests {
  /// `check FORMAT FILE` opens a report as CI systems do and prints what they count.
  private static let check = """
    check() {
      for P in "${PAGELEDGER_PARSERS:-}" '\(parsers)' /usr/bin/python3 python3; do
        [ -z "$P" ] || "$P" '\(script)' "$1" "$2" 2>e; c=$?; [ $c != 0 ] || return 0
        [ $c = 77 ] || [ $c = 127 ] || { cat e >&2; return 1; }
      done; echo "skipped: $1"
    }

    """
  private static let parsers = Repository.root
    .appendingPathComponent(".build/parsers/bin/python3").path
  private static let script = Repository.root.appendingPathComponent("tools/lib/check-format.py")
    .path

  @Test func reportsAreWrittenBesideTheSummary() throws {
    let outcome = try BatchFolder.run(
      Self.check + """
        find in -type f | sed 's/$/\\tjob=a/' | batch - --out o --report sarif=o/s --report junit=j --report ktap=k \\
          --report github=g --report gitlab=l --report ndjson=n --report markdown=m --report json=d >/dev/null; echo $?
        for f in sarif:o/s junit:j ktap:k github:g gitlab:l; do check ${f%:*} ${f#*:} || echo bad $f; done
        cmp d o/summary.json && grep -c '"kind":"capture"' n; grep -c '^| \\*\\*critical' m
        "$PAGELEDGER" batch merge o --out q --report sarif=t --report junit=u --report ndjson=v >/dev/null
        cmp o/s t && cmp j u && cmp n v && echo merged
        """)
    #expect(!outcome.output.contains("bad"), Comment(rawValue: outcome.errors))
    #expect(outcome.output.hasPrefix("1\n"), Comment(rawValue: outcome.errors))
    #expect(outcome.output.hasSuffix("7\n2\nmerged\n"), Comment(rawValue: outcome.output))
  }

  @Test func theEvidenceOfTheWorstExampleIsInThem() throws {
    let outcome = try BatchFolder.run(
      "batch in --out o --report sarif=s >/dev/null; grep -c 'page_ref_mod pfn=0x5100 count=-1' s; grep -o '\"captures\":3' s"
    )
    #expect(outcome.output == "1\n\"captures\":3\n", Comment(rawValue: outcome.errors))
  }

  @Test func anUnchangedFolderGivesTheSameReports() throws {
    let outcome = try BatchFolder.run(
      """
      batch in --out o --report sarif=in/s --report ndjson=o/n >/dev/null; cp in/s s; cp o/n n; cp o/summary.json d
      batch in --out o --report sarif=in/s --report ndjson=o/n >/dev/null; cmp in/s s; cmp o/n n; cmp o/summary.json d
      rm in/s; batch in --out in --format json | grep -c '"captures":7,'; rm in/*.ndjson in/summary.json; batch . --out in/o >/dev/null; cp in/o/summary.json d; batch . --out ./in/o >/dev/null; cmp in/o/summary.json d
      """)
    #expect(outcome.output == "1\n", Comment(rawValue: outcome.errors))
  }

  static let refused: [(script: String, status: Int32, words: String)] = [
    ("batch in --out o --report perfetto=p", 64, "a batch has no report 'perfetto'"),
    ("batch in/b.dat --out o --report json=in/b.dat", 64, "would overwrite"),
    ("batch in --out o --report json=none/x", 70, "none/x"),
    ("batch in --out o --format perfetto", 64, "--format"),
    ("batch in --out o --format github --fail-on critical", 1, ""),
  ]

  @Test(arguments: refused)
  func endsWithItsCode(_ row: (script: String, status: Int32, words: String)) throws {
    let outcome = try BatchFolder.run("\(row.script) >/dev/null")
    #expect(outcome.status == row.status, Comment(rawValue: outcome.errors))
    #expect(
      row.words.isEmpty || outcome.errors.contains(row.words), Comment(rawValue: outcome.errors))
  }
}
