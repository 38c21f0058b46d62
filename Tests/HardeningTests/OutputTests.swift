import CommandTestSupport
import Foundation
import Testing

/// Nothing in a capture drives a terminal, leaves its place in a report, or chooses a file.
@Suite struct OutputTests {
  private static let evil = "ev\u{1b}[2J\u{9b}31m\u{202e}</script><b>|`\"',"

  private static var trace: String {
    var lines = "# tracer: nop\n#\n"
    for number in 0..<30 {
      let head = "  \(evil)-12   [000] d..2.  1.0001\(10 + number): "
      lines += head + "mm_page_free: page=0000000000000001 pfn=0x1400 order=0\n"
      lines += head + "odd\u{1b}[3m: a=\u{1b}]0;x\u{7} </script>\n"
    }
    return lines
  }

  private static let log = """
    [    1.000000] BUG: Bad page state in process \(evil)  pfn:100055
    [    1.000001] page:00000000dbb7d825 refcount:2 mapcount:0 mapping:0000000000000000 index:0x0 pfn:0x100055
    [    1.000002] page dumped because: \(evil)

    """

  @Test(
    arguments: [
      "analyze", "analyze --explain", "analyze --format mail", "analyze --format markdown",
      "analyze --format html", "analyze --format json", "analyze --format ndjson",
      "analyze --format sarif", "analyze --format junit", "analyze --format ktap",
      "analyze --format github", "analyze --format gitlab", "info", "info --format json", "events",
      "page 0x1400", "page --at 1.0001 0x1400", "page 0x100055", "batch --out night",
      "batch list", "batch --out night --format markdown", "batch --out night --format json",
      "diff b.log",
    ])
  func noControlCharacterPasses(command: String) throws {
    try Repository.withFolder { folder in
      let name = "\u{1b}[31ma\u{202e}.txt"
      try Data(Self.trace.utf8).write(to: folder.appendingPathComponent(name))
      try Data(Self.log.utf8).write(to: folder.appendingPathComponent("b.log"))
      for file in [name, "b.log"] {
        let words = command.split(separator: " ").map(String.init) + [file]
        let outcome = try Invocation.pageledger(words, in: folder)
        for text in [outcome.output, outcome.errors] {
          let hostile = text.unicodeScalars.filter {
            $0.value < 32 && $0 != "\n" && $0 != "\t" || (0x7f..<0xa0).contains($0.value)
              || $0.value == 0x202e
          }
          #expect(hostile.isEmpty, "\(command): \(hostile.map(\.value))")
        }
        if command.hasSuffix("html") {
          #expect(!outcome.output.contains("</script><b>"))
        }
      }
    }
  }

  /// Names on the command line may come from a folder that somebody else filled.
  @Test func messagesQuoteNoControlCharacter() throws {
    try Repository.withFolder { folder in
      let name = "\u{1b}[31mno\u{202e}\u{9b}2J"
      try Data(Self.trace.utf8).write(to: folder.appendingPathComponent("a.txt"))
      for command in [
        "analyze", "info", "page 1", "events", "rules", "diff \(name)", "batch --out n",
        "batch --out n --manifest", "batch list", "batch rows", "batch merge --out n",
        "analyze a.txt --config", "analyze a.txt --baseline", "analyze a.txt --kallsyms",
        "analyze a.txt --vmlinux", "analyze a.txt --modules", "analyze a.txt --console",
        "analyze a.txt --format", "analyze a.txt --report", "analyze a.txt --fail-on",
        "symbols --kallsyms", "no-such-command",
      ] {
        for last in [name, "--" + name] {
          let words = command.split(separator: " ").map(String.init) + [last]
          let outcome = try Invocation.pageledger(words, in: folder)
          for text in [outcome.output, outcome.errors] {
            #expect(Self.hostile(in: text).isEmpty, "\(words): \(text)")
          }
        }
      }
    }
  }

  private static func hostile(in text: String) -> [UInt32] {
    text.unicodeScalars.map(\.value).filter {
      $0 < 32 && $0 != 10 && $0 != 9 || (0x7f..<0xa0).contains($0) || $0 == 0x202e
    }
  }

  /// Every form is well-formed for the reader that it is made for, whatever names say.
  @Test func formsAreParsed() throws {
    try Repository.withFolder { folder in
      let name = "a'b\"<c>&;=1+1,`|[x](y)\u{1b}.log"
      try Data(Self.log.utf8).write(to: folder.appendingPathComponent(name))
      try Data(Self.trace.utf8).write(to: folder.appendingPathComponent("a.txt"))
      let forms = [
        "json", "ndjson", "sarif", "gitlab", "junit", "html", "markdown", "mail", "github",
        "sqlite", "text", "ktap", "perfetto",
      ]
      let reports = forms.flatMap { ["--report", "\($0)=r.\($0)"] }
      let outcome = try Invocation.pageledger(["analyze"] + reports + [name, "a.txt"], in: folder)
      #expect([1, 3].contains(outcome.status), "\(outcome.errors)")
      let script = """
        import json, sqlite3, re, xml.dom.minidom, html.parser
        for form in ("json", "sarif", "gitlab"): json.load(open("r." + form))
        for line in open("r.ndjson"): json.loads(line)
        xml.dom.minidom.parse("r.junit")
        class Page(html.parser.HTMLParser):
          def handle_starttag(self, tag, attributes):
            assert tag != "c", tag
            assert not [a for a, _ in attributes if a.startswith("on")], attributes
        Page().feed(open("r.html").read())
        for text in ("markdown", "mail", "github", "text", "ktap", "html"):
          assert not re.search("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202e]", open("r." + text).read()), text
        db = sqlite3.connect("r.sqlite")
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
          for row in db.execute(f'SELECT * FROM "{table}"'):
            for value in row:
              assert not isinstance(value, str) or not re.search("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202e]", value), (table, value)
        print("parsed")
        """
      try Data(script.utf8).write(to: folder.appendingPathComponent("check.py"))
      let parsed = try Invocation.shell(
        "command -v python3 >/dev/null || { echo parsed; exit; }; python3 check.py", in: folder)
      #expect(parsed.output == "parsed\n", "\(parsed.errors)")
    }
  }

  @Test func membersOfArchivesChooseNoFile() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        mkdir in out && cd in && printf '# tracer: nop\\n' >a && \
        tar cPf ../evil.tar --transform 's,^,../../../../../../../..'"$PWD"'/../out/,' a && cd .. && \
        TMPDIR=$PWD/out $PAGELEDGER analyze evil.tar >/dev/null 2>&1; ls out
        """, in: folder)
      #expect(outcome.output.isEmpty)
    }
  }

  @Test func linksOfOthersAreNotFollowed() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        mkdir -m 1777 open && mkdir own && echo old >victim && ln -s ../victim open/r.txt && \
        ln -s ../own open/way && ln -s ../victim own/r.txt && printf 'x' >a
        for path in open/r.txt open/way/r.txt; do
          $PAGELEDGER analyze --report text=$path a >/dev/null 2>errors; echo $?; grep -c 'symbolic link' errors
        done
        cat victim; umask 027
        $PAGELEDGER analyze --report text=own/r.txt a >/dev/null 2>&1
        cmp -s victim own/r.txt && test -L own/r.txt && stat -c %a victim
        """, in: folder)
      #expect(outcome.output == "70\n1\n70\n1\nold\n640\n", "\(outcome.output) \(outcome.errors)")
    }
  }
}
