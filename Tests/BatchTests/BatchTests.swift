import CommandTestSupport
import Foundation
import Testing

/// `pageledger batch` on folders, archives, patterns and manifests.
@Suite struct BatchTests {
  @Test func countsWhatAFolderHolds() throws {
    let summary = try BatchFolder.summary("batch in --out o --format json")
    #expect(summary["statuses"] as? [String: Int] == BatchFolder.statuses)
    #expect(summary["inputs"] as? Int == 9)
    #expect(summary["captures"] as? Int == 7)
    #expect(summary["skipped"] as? Int == 4)
    #expect(summary["complete"] as? Bool == true)
    let findings = try #require(summary["findings"] as? [[String: Any]])
    let put = try #require(findings.first { ($0["id"] as? String)?.hasPrefix("PL003") ?? false })
    #expect(put["captures"] as? Int == 3)
    #expect((put["first"] as? [String: Any])?["path"] as? String == "in/b.dat")
    #expect((put["last"] as? [String: Any])?["path"] as? String == "in/x.tar!b.dat")
    let example = try #require(put["example"] as? [String: Any])
    #expect((example["evidence"] as? [Any])?.isEmpty == false)
  }

  @Test func namesWhatIsNoCapture() throws {
    let outcome = try BatchFolder.run("batch in --out o --verbose >/dev/null")
    for name in ["in/no.txt", "in/empty", "in/sub/sh", "in/x.tar!no.txt", "in/sub/up", "in/pipe"] {
      #expect(outcome.errors.contains("pageledger: \(name): "), "\(name)")
    }
    #expect(outcome.status == 1)
  }

  @Test func findsTheSameByAnyWay() throws {
    let outcome = try BatchFolder.run(
      """
      batch in --out a >/dev/null; batch in/ in/e.dat 'in/*' --out b --jobs 1 >/dev/null; same a b
      find in -type f | batch - --out c >/dev/null; same a c
      find in -type f | batch --manifest - --jobs 5 --out c >/dev/null; same a c; ls c
      """)
    #expect(outcome.output.hasPrefix("same\nsame\nsame\n"), Comment(rawValue: outcome.errors))
  }

  @Test func aListOfFilesSaysTheSameAsTheirFolder() throws {
    let outcome = try BatchFolder.run(
      """
      for f in per_cpu/cpu0/trace_pipe_raw per_cpu/cpu1/trace_pipe_raw trace events/header_page notes.txt; do
        mkdir -p $(dirname in/copy/$f); head -c 9000 /bin/sh >in/copy/$f
      done
      mkdir in/rec; for f in data data.0; do cp in/b.dat in/rec/$f; done
      batch in --out a >/dev/null; find in -type f | sort -r | batch - --out b >/dev/null; same a b
      find "$PWD/in" -type f | batch - --out b >/dev/null; batch "$PWD/in" --out c >/dev/null; same b c
      "$PAGELEDGER" batch list in >l; batch --manifest l --out d >/dev/null; same a d; "$PAGELEDGER" batch list - <l | cmp - l && echo still
      cut -d , -f 1 l >paths; find in -type f | "$PAGELEDGER" batch list - | cut -d , -f 1 | cmp - paths && echo folders
      mv in gone; "$PAGELEDGER" batch list - <l | cmp - l && echo unseen
      find gone -type f -printf '%p\\tsize=%s\\tjob=x\\n' | "$PAGELEDGER" batch list - | grep -c '"job":"x","size":[0-9]*'
      """)
    #expect(
      outcome.output.hasPrefix("same\nsame\nsame\nstill\n")
        && outcome.output.hasSuffix("folders\nunseen\n11\n"),
      Comment(rawValue: outcome.output + outcome.errors))
  }

  @Test func rowsAreForTables() throws {
    let outcome = try BatchFolder.run(
      """
      printf 'path\\tjob\\tsize\\nin\\tboot\\t7\\n' | batch - --out o >/dev/null; "$PAGELEDGER" batch rows o >r; echo $?
      grep -c '^{"kind":"capture","path":"in/.*"labels":{"job":"boot"}' r
      grep '"in/x.tar!b.dat"' r | sed 's/"kernel".*"id"/"id"/; s/"verdict".*"detail"/"detail"/; s/,"rule.*//'
      "$PAGELEDGER" batch rows in; echo $?
      """)
    let lines = outcome.output.split(separator: "\n")
    try #require(lines.count == 5, Comment(rawValue: outcome.output + outcome.errors))
    #expect(lines[0] == "0" && lines[1] == "7")
    #expect(lines[2].hasPrefix(#"{"kind":"capture","path":"in/x.tar!b.dat","input":"in/x.tar","#))
    #expect(
      lines[3].hasPrefix(
        #"{"kind":"finding","path":"in/x.tar!b.dat","input":"in/x.tar","id":"PL003"#))
    #expect(outcome.errors.contains("in: no summary.json"))
  }

  @Test func labelsComeFromTheManifest() throws {
    let summary = try BatchFolder.summary(
      """
      printf 'in/b.dat\\tjob=x\\tdate=2026-02\\tkernel=9.9\\n{"path":"in/sub","job":"y","date":"2026-01"}\\n' >m
      batch --manifest m --out o --format json
      """)
    let findings = try #require(summary["findings"] as? [[String: Any]])
    let put = try #require(findings.first { ($0["id"] as? String)?.hasPrefix("PL003") ?? false })
    #expect((put["first"] as? [String: Any])?["path"] as? String == "in/sub/copy.dat")
    #expect((put["last"] as? [String: Any])?["path"] as? String == "in/b.dat")
    #expect((put["jobs"] as? [[String: Any]])?.compactMap { $0["name"] as? String } == ["x", "y"])
    let rules = try #require(summary["rules"] as? [[String: Any]])
    #expect(rules.contains { $0["jobs"] as? [String] == ["x", "y"] })
  }

  @Test func keepsToItsSchema() throws {
    let schema = Repository.root
      .appendingPathComponent("Sources/LedgerReport/JSON/batch.schema.json").path
    let outcome = try BatchFolder.run(
      """
      P=/usr/bin/python3; $P -c 'import jsonschema' 2>/dev/null || P=python3
      $P -c 'import jsonschema' 2>/dev/null || { echo skipped; exit 0; }
      printf '{"suppressions":[]}' >s.json; batch in "$F"/cases/log --out o >/dev/null; cp o/summary.json old
      batch in missing --out o --baseline old --config s.json >/dev/null
      $P -c 'import json, jsonschema, sys
      schema = json.load(open(sys.argv[1])); jsonschema.Draft202012Validator.check_schema(schema)
      for name in ["old", "o/summary.json"]:
        jsonschema.Draft202012Validator(schema).validate(json.load(open(name)))' '\(schema)' && echo valid
      """)
    if outcome.output == "skipped\n" { print("skipped: no python3 with jsonschema") }
    #expect(["valid\n", "skipped\n"].contains(outcome.output), Comment(rawValue: outcome.errors))
  }

  @Test func aSecondRunDoesNothingAgain() throws {
    let outcome = try BatchFolder.run(
      """
      touch -d '1 hour ago' in/*; sleep 0.2; batch in --out o >/dev/null; batch in --out o >/dev/null; cp o/summary.json s; cat o/*.ndjson | cksum >k
      "$PAGELEDGER" batch in --out o --progress json 2>&1 >/dev/null | tail -n 1
      cat o/*.ndjson | cksum | cmp - k && cmp s o/summary.json && echo same
      for form in text json; do "$PAGELEDGER" batch in --out o --format $form >t; rm o/.stamp; "$PAGELEDGER" batch in --out o --format $form | cmp t - && echo same; done
      cp in/e.dat in/new.dat; printf x >>in/no.txt
      "$PAGELEDGER" batch in --out o --progress json 2>&1 >/dev/null | tail -n 1; batch in --out p >/dev/null; same o p
      """)
    let lines = outcome.output.split(separator: "\n")
    try #require(lines.count == 6, Comment(rawValue: outcome.output + outcome.errors))
    #expect(lines[0].hasPrefix("{\"done\":9,\"all\":9,\"before\":9,"))
    #expect(lines[1...3].allSatisfy { $0 == "same" })
    #expect(lines[4].hasPrefix("{\"done\":10,\"all\":10,\"before\":8,"))
    #expect(lines[5] == "same")
  }

  static let refused: [(script: String, status: Int32, words: String)] = [
    ("batch --out o", 64, "PATH"), ("batch in", 64, "--out"),
    ("batch 'in/*.nothing' --out o", 64, "no file fits in/*.nothing"),
    ("printf 'a\\nb\\tc\\n' | batch - --out o", 64, "-: line 2: 'c' is not NAME=VALUE"),
    ("batch --manifest missing --out o", 64, "missing: cannot open"),
    ("batch in --out o --shard 3/2", 64, "--shard"), ("batch in --out o --jobs 0", 64, "--jobs"),
    ("batch in --out in/e.dat/o", 70, "cannot make the folder"),
    ("batch in --out o --baseline in/no.txt", 64, "in/no.txt: line 1: "),
    ("batch in --out o --fail-on new", 64, "--baseline"),
    ("printf '{\"suppressions\":1}' >.pageledger.json; batch in --out o", 64, "line 1: "),
    ("\"$PAGELEDGER\" batch merge in --out o", 70, "in: no summary.json"),
    ("batch missing --out o", 2, ""), ("batch in/e.dat --out o", 0, ""),
    ("batch in/boot.log --out o", 3, ""), ("batch in/boot.log --out o --allow-incomplete", 0, ""),
    ("batch in --out o --shard 1/1", 0, ""), ("batch in --out o", 1, ""),
    ("batch in --out o --fail-on critical", 1, ""),
    ("batch in missing --out o", 2, ""),
  ]

  @Test(arguments: refused)
  func endsWithItsCode(_ row: (script: String, status: Int32, words: String)) throws {
    let outcome = try BatchFolder.run("\(row.script) >/dev/null")
    #expect(outcome.status == row.status, Comment(rawValue: outcome.errors))
    #expect(
      row.words.isEmpty || outcome.errors.contains(row.words), Comment(rawValue: outcome.errors))
  }

  @Test func standingsComeFromBaselineAndSuppressions() throws {
    let outcome = try BatchFolder.run(
      """
      batch in/b.dat --out old >/dev/null; batch in --out new --baseline old/summary.json --fail-on new; echo code $?
      batch in/b.dat --out old --baseline old/summary.json --fail-on new >/dev/null; echo code $?
      cat >.pageledger.json <<'EOF'
      {"suppressions": [
        {"rule": "PL0*", "match": {"path": "in/*"}, "reason": "r", "owner": "o", "expires": "2999-01-01"},
        {"rule": "PL1*", "match": {"id": "*"}, "reason": "r", "owner": "o", "expires": "2999-01-01"},
        {"rule": "*", "match": {"id": "*"}, "reason": "r", "owner": "o", "expires": "2026-01-01"}]}
      EOF
      "$PAGELEDGER" batch in --out new --allow-incomplete; echo code $?
      """)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.filter { $0.hasPrefix("code") } == ["code 1", "code 0", "code 0"])
    #expect(lines.contains { $0.hasPrefix("NEW CRITICAL suspect  PL002") })
    #expect(lines.contains { $0.hasPrefix("KNOWN CRITICAL likely  PL003") })
    #expect(lines.contains("Suppressed: 2 findings"), Comment(rawValue: outcome.output))
    #expect(outcome.output.contains("json:3: suppression of PL1* (r; o) is not used"))
    #expect(outcome.output.contains("json:4: suppression of * (r; o) has expired on 2026-01-01"))
  }

  @Test func differsAsTwoRunsDo() throws {
    let outcome = try BatchFolder.run(
      """
      batch in/b.dat --out old >/dev/null; batch in/sub/z.dat --out new >/dev/null
      "$PAGELEDGER" --format json in/b.dat >j; "$PAGELEDGER" --format ndjson in/b.dat >n
      for b in new/summary.json old j n in/b.dat in/e.dat missing; do "$PAGELEDGER" diff old $b | head -n 1; done
      for b in new j in/e.dat missing; do "$PAGELEDGER" diff old $b >/dev/null; echo $?; done
      "$PAGELEDGER" diff --format json in/b.dat in/e.dat | grep -c '"fixed":\\[{"id":"PL003'
      """)
    let expected = """
      old to new/summary.json: 1 new, 0 known, 0 fixed, 1 unjudged
      old to old: 0 new, 1 known, 0 fixed, 0 unjudged
      old to j: 0 new, 1 known, 0 fixed, 0 unjudged
      old to n: 0 new, 1 known, 0 fixed, 0 unjudged
      old to in/b.dat: 0 new, 1 known, 0 fixed, 0 unjudged
      old to in/e.dat: 0 new, 0 known, 1 fixed, 0 unjudged
      old to missing: 0 new, 0 known, 0 fixed, 1 unjudged
      1
      0
      0
      2
      1

      """
    #expect(outcome.output == expected, Comment(rawValue: outcome.errors))
  }
}
