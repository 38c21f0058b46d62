import LedgerCore

/// Batches with something in every part, and hostile strings.
enum SampleBatch {
  /// A batch with so many findings, each seen in up to `captures` captures; every fourth is new, known or suppressed.
  static func many(_ count: Int, captures: Int = 8) -> BatchDetail {
    var summary = BatchSummary(tool: "pageledger test", ruleSet: "1")
    summary.inputs = captures + 2
    summary.captures = captures + 2
    summary.skipped = 1
    summary.statuses = [.findings: captures, .crash: 1, .incomplete: 1]
    summary.troubleCount = 1
    summary.troubles = [
      Trouble(path: "z/]]>\u{1}.dat", status: .crash, error: "signal 11 \u{202e}")
    ]
    summary.losses = [LossSum(code: .lostEvents, captures: 1, count: 3)]
    summary.jobs.rows = [
      NameCount(name: "boot.</script>", captures: captures / 2 + 1),
      NameCount(name: "kvm", captures: 1),
    ]
    summary.rules = [
      RuleSum(id: "PL010", name: "refused tail"), RuleSum(id: "PL022", name: "leak"),
      RuleSum(id: "PL005", name: "freed twice"),
    ]
    summary.rules[0].findings = captures
    summary.rules[1].notRecorded = captures
    summary.rules[2].clean = captures
    summary.comparison = Comparison(baseline: "old/summary.json")
    summary.comparison?.fixed = [BaselineFinding(id: "PL001-0", rule: "PL001", title: "gone <b>")]
    summary.comparison?.unjudged = [BaselineFinding(id: "PL003-0", rule: "PL003", title: "unseen")]
    summary.comparison?.remarks = ["suppression of * has expired"]
    var batch = BatchDetail(summary)
    batch.captures = (0..<captures).map { capture($0) }
    batch.captures += [
      BatchCapture(sighting: sighting("y.dat", job: ""), status: .incomplete),
      BatchCapture(sighting: sighting("z/]]>\u{1}.dat", job: "kvm"), status: .crash),
    ]
    batch.captures[captures + 1].error = "signal 11 \u{202e}"
    batch.silences["PL022"] = RuleSilence(
      status: .notRecorded, missing: ["kmem:mm_page_free"], path: "logs/0.dat")
    batch.jobs = ["boot.</script>", "kvm"].map { name in
      var job = JobSum(name: name)
      job.captures = captures
      job.rules = summary.rules
      return job
    }
    for number in 0..<count {
      batch.summary.findings.append(finding(number, captures: captures))
      batch.places.append((0..<UInt32(captures)).map { $0 })
    }
    batch.example = { number in
      guard number < 3 else { return nil }
      var analysis = SampleAnalysis.full
      analysis.capture.path = "logs/\(number).dat"
      analysis.findings[0].id = "PL010-\(number)"
      return analysis
    }
    return batch
  }

  private static func sighting(_ path: String, job: String) -> Sighting {
    var sighting = Sighting()
    sighting.path = path
    sighting.kernel = "6.1.0"
    sighting.labels = job.isEmpty ? [] : [(name: "job", value: job)]
    return sighting
  }

  private static func capture(_ number: Int) -> BatchCapture {
    var capture = BatchCapture(
      sighting: sighting("logs/\(number).dat", job: "boot.</script>"), status: .findings)
    capture.kind = "trace.dat v7"
    capture.findings = 1
    capture.severity = .high
    return capture
  }

  static func finding(_ number: Int, captures: Int) -> FingerprintSum {
    var sum = FingerprintSum(
      id: "PL010-\(number)", rule: "PL010", severity: .high, verdict: .proven,
      title: "page \(hex(UInt64(0x1000 + number))) </script><b> was refused")
    sum.standing = [nil, .new, .known, .suppressed][number % 4]
    sum.captures = captures
    sum.occurrences = UInt64(number) + 1
    sum.first = sighting("logs/0.dat", job: "boot.</script>")
    sum.last = sighting("logs/\(captures - 1).dat", job: "boot.</script>")
    sum.example.sighting = sum.first
    sum.example.pfn = UInt64(0x1000 + number)
    sum.example.task = "qemu\u{1b}[31m"
    sum.kernels.rows = [NameCount(name: "6.1.0", captures: captures)]
    sum.jobs.rows = [NameCount(name: "boot.</script>", captures: captures)]
    return sum
  }
}
