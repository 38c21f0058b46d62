import CommandTestSupport
import Foundation
import Testing

/// System calls that fail under the command, by a library that is put before libc.
@Suite struct FaultTests {
  /// The built library; nil without a C compiler.
  static let library: String? = {
    let source = Repository.root.appendingPathComponent("Tests/HardeningTests/fault.c").path
    let built = FileManager.default.temporaryDirectory.appendingPathComponent(
      "pageledger-fault-\(ProcessInfo.processInfo.processIdentifier).so")
    let line = "${CC:-cc} -shared -fPIC -O1 -o '\(built.path)' '\(source)' -ldl"
    let outcome = try? Invocation.shell(line, in: Repository.root)
    if outcome?.status != 0 { print("skipped: no C compiler for the fault library") }
    return outcome?.status == 0 ? built.path : nil
  }()

  static let capture = Repository.root.appendingPathComponent("fixtures/captures/ttm-kvm.dat").path
  static let text = Repository.root.appendingPathComponent(
    "fixtures/captures/text-6.12-default.txt.gz"
  ).path

  static let plainText = Repository.root.appendingPathComponent(
    "fixtures/captures/text-default.txt"
  ).path

  private func run(_ fault: String, _ arguments: [String], in folder: URL) throws -> Outcome? {
    guard let library = Self.library else { return nil }
    return try Invocation.pageledger(
      arguments, in: folder, environment: ["LD_PRELOAD": library, "PAGELEDGER_FAULT": fault])
  }

  @Test(arguments: ["read-eintr@1", "read-short@1", "write-eintr@1", "write-short@1"])
  func interruptedCallsChangeNothing(fault: String) throws {
    for path in [Self.capture, Self.text] {
      let whole = try Invocation.pageledger(["analyze", path], in: Repository.root)
      guard let outcome = try run(fault, ["analyze", path], in: Repository.root) else { return }
      #expect(outcome.status == whole.status && outcome.output == whole.output)
    }
  }

  @Test(arguments: [1, 2, 3, 10])
  func unreadableInputIsSaid(from: Int) throws {
    for path in [Self.capture, Self.text] {
      guard let outcome = try run("read-eio@\(from)", ["analyze", path], in: Repository.root) else {
        return
      }
      #expect([0, 1, 2, 3].contains(outcome.status), "\(outcome.errors)")
      if from == 1 { #expect(outcome.status == 2, "\(outcome.errors)") }
      if outcome.status == 2 { #expect(outcome.errors.contains("Input/output error")) }
    }
  }

  @Test(arguments: ["write-enospc@1", "write-eio@1", "fsync-eio@1", "rename-eio@1"])
  func reportIsWholeOrNotThere(fault: String) throws {
    try Repository.withFolder { folder in
      let old = folder.appendingPathComponent("report.json")
      try Data("old".utf8).write(to: old)
      let report = ["analyze", "--report", "json=report.json", Self.capture]
      guard let outcome = try run(fault, report, in: folder) else { return }
      #expect(outcome.status == 70 && outcome.errors.contains("report.json"))
      #expect(try String(contentsOf: old, encoding: .utf8) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["report.json"])
    }
  }

  @Test func fullStandardOutputIsAnError() throws {
    guard let outcome = try run("stdout-enospc@1", ["analyze", Self.capture], in: Repository.root)
    else { return }
    #expect(outcome.status == 70 && outcome.errors.contains("No space left"))
  }

  @Test func terminationGivesWhatIsThere() throws {
    guard let outcome = try run("read-term@3", ["analyze", Self.capture], in: Repository.root)
    else { return }
    #expect(outcome.status == 130 && outcome.errors.contains("interrupted"))
  }

  /// A pipe without a writer's word ends as soon as somebody asks for the end; a second signal is not needed.
  @Test(arguments: ["INT", "TERM"])
  func waitingPipeCanBeInterrupted(signal: String) throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        mkdir tmp; mkfifo pipe; { head -c 4000 '\(Self.plainText)'; sleep 30; } >pipe & writer=$!
        TMPDIR=$PWD/tmp python3 -c '
        import signal, subprocess, sys, time
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGTERM])
        run = subprocess.Popen(sys.argv[1:], stdin=open("pipe"), restore_signals=True)
        time.sleep(4)
        run.send_signal(signal.SIG\(signal))
        print(run.wait(10))
        ' $PAGELEDGER analyze --quiet --report json=r.json -; ls tmp; kill $writer
        python3 -c 'import json; print([row["code"] for row in json.load(open("r.json"))["losses"]])'
        """, in: folder)
      let lines = outcome.output.split(separator: "\n").map(String.init)
      #expect(lines.contains("130"), "\(outcome.output) \(outcome.errors)")
      #expect(lines.last?.contains("interrupted") == true, "\(outcome.output) \(outcome.errors)")
    }
  }

  /// The driver and its workers leave nothing but results, and the same command goes on.
  @Test(arguments: ["TERM", "KILL"])
  func batchGoesOnWhereItStopped(signal: String) throws {
    try Repository.withFolder { folder in
      let captures = Repository.root.appendingPathComponent("fixtures/captures").path
      let outcome = try Invocation.shell(
        """
        mkdir tmp; export TMPDIR=$PWD/tmp
        python3 -c '
        import signal, subprocess, sys, time
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGTERM])
        run = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(0.7)
        run.send_signal(signal.SIG\(signal))
        run.wait(30)
        ' $PAGELEDGER batch '\(captures)' --out night
        sleep 0.3; ls tmp
        $PAGELEDGER batch '\(captures)' --out night --quiet >/dev/null 2>&1
        $PAGELEDGER batch '\(captures)' --out other --quiet >/dev/null 2>&1
        cmp night/summary.json other/summary.json && echo same
        """, in: folder)
      #expect(outcome.output == "same\n", "\(outcome.output) \(outcome.errors)")
    }
  }

  /// What the system kills for want of memory costs no result.
  @Test func killedWorkersAreReplaced() throws {
    try Repository.withFolder { folder in
      let captures = Repository.root.appendingPathComponent("fixtures/captures").path
      let outcome = try Invocation.shell(
        """
        $PAGELEDGER batch '\(captures)' --out night --quiet >/dev/null 2>&1 & driver=$!
        sleep 0.4; for worker in $(cat /proc/$driver/task/$driver/children); do kill -KILL $worker; done
        wait $driver; echo $?
        $PAGELEDGER batch '\(captures)' --out other --quiet >/dev/null 2>&1; echo $?
        cmp night/summary.json other/summary.json && echo same
        """, in: folder)
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == 3 && lines[0] == lines[1] && lines[2] == "same", "\(outcome.output)")
    }
  }

  /// A disk that is really full, where this user may make one.
  @Test func fullDiskLeavesNothing() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        mkdir full
        mount -t tmpfs -o size=64k tmpfs full 2>/dev/null || { echo skipped; exit 0; }
        trap 'umount full' EXIT
        head -c 60000 /dev/zero >full/ballast
        for form in json html sqlite; do
          $PAGELEDGER analyze --quiet --report $form=full/report '\(Self.capture)' >/dev/null 2>errors
          echo $? $(grep -c 'No space\\|full' errors) $(ls full)
        done
        cat '\(Self.capture)' | TMPDIR=full $PAGELEDGER analyze --quiet - >/dev/null 2>errors
        echo $? $(grep -c 'No space' errors) $(ls full)
        $PAGELEDGER batch '\(Self.capture)' --out full/night >/dev/null 2>errors; echo $?
        """, in: folder)
      guard outcome.output != "skipped\n" else {
        return print("skipped: this user may not mount a small file system")
      }
      let lines = outcome.output.split(separator: "\n")
      #expect(
        lines == [
          "70 1 ballast", "70 1 ballast", "70 1 ballast", "2 1 ballast", "70",
        ], "\(outcome.output) \(outcome.errors)")
    }
  }

  /// Files that may not be read; root becomes another user for it.
  @Test func unreadableFilesAreSaid() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        chmod 755 .; mkdir d; cp '\(Self.plainText)' d/a.txt; cp d/a.txt d/b.txt; cp d/a.txt a.txt; chmod 0 a.txt d/a.txt
        as() { "$@"; }
        if [ "$(id -u)" = 0 ]; then
          as() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
          as test -x $PAGELEDGER || { echo skipped; exit 0; }
        fi
        as $PAGELEDGER analyze --quiet a.txt 2>&1; echo $?
        as $PAGELEDGER analyze --quiet d >/dev/null 2>errors; echo $?; grep -c 'a.txt.*Permission denied' errors
        """, in: folder)
      guard outcome.output != "skipped\n" else {
        return print("skipped: another user cannot start the command here")
      }
      #expect(
        outcome.output == "pageledger: a.txt: cannot open: Permission denied\n2\n2\n1\n",
        "\(outcome.output) \(outcome.errors)")
    }
  }

  @Test func closedPipeChangesNothing() throws {
    let outcome = try Invocation.shell(
      "{ $PAGELEDGER events '\(Self.capture)'; echo $? >&2; } | head -1", in: Repository.root)
    #expect(outcome.errors == "0\n")
  }

  @Test func fileThatGrowsIsSurvived() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        head -c 400000 '\(Self.capture)' >a.dat; head -c 30000 '\(Self.plainText)' >a.txt
        { for n in 1 2 3 4 5 6 7 8 9; do
            tail -c +400001 '\(Self.capture)' | head -c $((n * 40000)) >>a.dat; head -c 9999 '\(Self.plainText)' >>a.txt; sleep 0.02
          done; } &
        for n in 1 2 3; do for file in a.dat a.txt; do
          $PAGELEDGER analyze --quiet $file >out 2>&1; case $? in 0|1|2|3) ;; *) echo $?; cat out ;; esac
        done; done; wait; echo done
        """, in: folder)
      #expect(outcome.output == "done\n", "\(outcome.output)")
    }
  }

  @Test func fileThatShrinksIsSurvived() throws {
    try Repository.withFolder { folder in
      let outcome = try Invocation.shell(
        """
        cp '\(Self.capture)' a.dat
        { $PAGELEDGER analyze --quiet a.dat >out 2>&1; echo $? >status; } & \
        truncate -s 300000 a.dat; truncate -s 900000 a.dat; wait; cat status
        """, in: folder)
      #expect(["0\n", "1\n", "2\n", "3\n"].contains(outcome.output), "\(outcome.output)")
    }
  }
}
