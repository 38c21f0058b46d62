import CommandTestSupport
import Foundation
import Testing

/// What a batch must survive: signals, dead workers, poison, full disks, a second batch on the same folder.
@Suite struct SurvivalTests {
  @Test func killedAndStartedAgainItSaysTheSame() throws {
    let outcome = try BatchFolder.run(
      """
      cp -r "$F"/cases/log in/; batch in --out whole >/dev/null
      for pause in 0.05 0.1 0.2 0.3 0.4 0.6 0.8; do
        "$PAGELEDGER" batch in --out o --quiet >/dev/null 2>&1 & sleep $pause; kill -9 $!; wait $! 2>/dev/null
        printf 'half a li' >>"$(ls o/worker-*.ndjson 2>/dev/null | head -n 1 || echo o/worker-000.ndjson)"
      done
      batch in --out o >/dev/null; same whole o; sleep 0.2; ps -eo args | grep -c '[b]atch-worker --parent '$!' '
      """)
    #expect(outcome.output == "same\n0\n", Comment(rawValue: outcome.errors))
  }

  @Test func interruptedItTellsWhatIsFinished() throws {
    let outcome = try BatchFolder.run(
      """
      "$PAGELEDGER" batch in in/pipe --out o --jobs 2 --quiet >t & sleep 6; kill -INT $!; wait $!; echo $?
      grep -c '"complete":false' o/summary.json; tail -n +1 t | head -c 1 | wc -c
      batch in --out o >/dev/null; batch in --out p >/dev/null; same o p
      """)
    #expect(outcome.output.hasPrefix("130\n1\n"), Comment(rawValue: outcome.errors))
    #expect(outcome.output.hasSuffix("same\n"), Comment(rawValue: outcome.output))
    #expect(outcome.errors.contains("interrupted: the same command goes on where it stopped"))
  }

  @Test func aPoisonFileCostsOneRow() throws {
    let summary = try BatchFolder.summary(
      """
      printf 'in/pipe\\nin/no.txt\\nin/boot.log\\n' | batch - --out o --timeout 10 --format json
      """)
    #expect((summary["statuses"] as? [String: Int])?["timeout"] == 1)
    #expect(summary["captures"] as? Int == 2)
    let troubles = try #require(summary["troubles"] as? [String: Any])
    let first = try #require((troubles["first"] as? [[String: Any]])?.first)
    #expect(first["path"] as? String == "in/pipe")
    #expect(first["error"] as? String == "not finished after 10 s")
  }

  @Test func aWorkerThatDiesTwiceIsACrash() throws {
    let outcome = try BatchFolder.run(
      """
      "$PAGELEDGER" batch in/pipe --out o --jobs 1 --format json >t & driver=$!
      for death in 1 2; do
        sleep 3; kill -9 $(pgrep -P $driver)
      done
      wait $driver; echo $?; grep -o '"troubles":{[^]]*' t
      """)
    #expect(
      outcome.output
        == "2\n\"troubles\":{\"count\":1,\"first\":[{\"path\":\"in/pipe\",\"status\":\"crash\",\"error\":\"the worker was ended by signal 9\"}\n",
      Comment(rawValue: outcome.errors))
  }

  @Test func aFolderTakesOneBatchAtATime() throws {
    let outcome = try BatchFolder.run(
      """
      "$PAGELEDGER" batch in/pipe --out o --quiet >/dev/null & first=$!; while [ ! -e o/.lock ]; do sleep 0.1; done; sleep 1
      batch in --out o; echo $?; kill -INT $first; wait $first; batch in --out o >/dev/null; echo $?
      """)
    #expect(outcome.output == "70\n1\n")
    #expect(outcome.errors.contains("pageledger: o: another batch is writing to this folder"))
  }

  @Test func aFullDiskLosesNothing() throws {
    let outcome = try BatchFolder.run(
      """
      batch in/b.dat --out o >/dev/null; cp o/summary.json old
      (ulimit -f 24; batch in --out o >/dev/null; echo $?); cmp old o/summary.json && echo intact
      batch in --out o >/dev/null; batch in --out p >/dev/null; same o p
      """)
    #expect(outcome.output == "70\nintact\nsame\n", Comment(rawValue: outcome.errors))
    #expect(outcome.errors.contains("cannot write: File too large"))
  }

  @Test func shardsJoinToTheSame() throws {
    let outcome = try BatchFolder.run(
      """
      find in -type f | sed 's/$/\\tjob=a/' >m; printf '{"path":"missing","shard":2,"job":"b"}\\n' >>m
      batch --manifest m --out whole >/dev/null
      for i in 1 2 3; do batch --manifest m --shard $i/3 --out s$i >/dev/null; echo $?; done
      cksum s2/*.ndjson s2/summary.json >k; batch --manifest m --shard 2/3 --out s2 >/dev/null; cksum s2/*.ndjson s2/summary.json | cmp k - && echo still
      rm -r s2; batch --manifest m --shard 2/3 --jobs 1 --out s2 >/dev/null; cksum s2/*.ndjson s2/summary.json | cmp k - && echo again
      "$PAGELEDGER" batch merge s3 s1 s2 --out j >/dev/null; echo $?; same whole j; "$PAGELEDGER" batch merge s3 j whole s1 --out k2 >/dev/null; same whole k2
      batch --manifest m --out j >/dev/null; same whole j
      """)
    #expect(
      outcome.output == "0\n0\n0\nstill\nagain\n2\nsame\nsame\nsame\n",
      Comment(rawValue: outcome.errors))
  }

  @Test func damagedResultsAreMadeAgain() throws {
    let outcome = try BatchFolder.run(
      """
      batch in --out o >/dev/null; cp -r o whole; size=$(stat -c %s o/worker-000.ndjson)
      for at in 0 100 900 $((size / 2)) $((size - 20)); do
        cp whole/*.ndjson o/; printf '\\0\\0\\0\\0' | dd of=o/worker-000.ndjson bs=1 seek=$at conv=notrunc 2>/dev/null
        batch in --out o >/dev/null; same whole o
      done
      """)
    #expect(
      outcome.output == String(repeating: "same\n", count: 5), Comment(rawValue: outcome.errors))
  }
}
