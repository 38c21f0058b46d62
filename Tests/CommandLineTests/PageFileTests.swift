import CommandTestSupport
import Foundation
import Testing

/// What an HTML report says of the command and of its input.
@Suite struct PageFileTests {
  static let rows: [(input: String, path: String, sum: String)] = [
    ("", "a.txt", "sha256sum a.txt"), ("<a.txt", "-", "sha256sum a.txt"),
    ("<a.txt.gz", "-", "sha256sum a.txt.gz"), ("", "a.txt.gz", "sha256sum a.txt.gz"),
    ("", "logs.tar!a.txt", "sha256sum logs.tar"), ("<pipe", "-", "sha256sum a.txt"),
    (
      "", "logs",
      "cd logs && find -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
    ),
  ]

  @Test(arguments: rows) func theInputIsSummed(
    _ row: (input: String, path: String, sum: String)
  ) throws {
    let outcome = try CommandLineTests.withCapture {
      try Invocation.shell(
        """
        gzip -k a.txt; mkdir -p logs/deep; cp a.txt logs/deep/z.txt; cp a.txt logs/a.txt; tar cf logs.tar a.txt
        [ '\(row.input)' != '<pipe' ] || { mkfifo pipe; cat a.txt >pipe & }
        "$PAGELEDGER" --quiet --format html '\(row.path)' \(row.input) >r.html 2>/dev/null
        sum=$(\(row.sum)); grep -c "<dd class=.mono.>${sum%% *}</dd>" r.html
        """, in: $0)
    }
    #expect(outcome.output == "1\n", Comment(rawValue: outcome.errors))
  }

  @Test func theCommandIsTold() throws {
    let outcome = try CommandLineTests.withCapture {
      try Invocation.shell(
        """
        mv a.txt "it's.txt"
        "$PAGELEDGER" --quiet "it's.txt" --report html=one.html --report=html=two.html --allow-incomplete >/dev/null
        "$PAGELEDGER" --quiet "it's.txt" --report html=1.html --report=html=2.html --allow-incomplete >/dev/null
        grep -o '<dt>Command</dt><dd class="mono">[^<]*' one.html
        cmp one.html two.html && cmp one.html 1.html && echo same
        """, in: $0)
    }
    #expect(
      outcome.output
        == "<dt>Command</dt><dd class=\"mono\">pageledger --quiet &#39;it&#39;\\&#39;&#39;s.txt&#39; "
        + "--report html=FILE --report=html=FILE --allow-incomplete\nsame\n")
  }
}
