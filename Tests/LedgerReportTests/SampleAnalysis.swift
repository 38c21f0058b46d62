import LedgerCore

/// An analysis with something in every part, and hostile strings.
enum SampleAnalysis {
  static var finding: Finding {
    Finding(
      id: "PL010-3fa2c1", rule: "PL010", verdict: .proven, severity: .high,
      title: "reference refused on tail pages of a plain block", pfn: 0x10af01,
      pageRanges: [0x10af01...0x10b2ff],
      block: BlockReference(pfn: 0x10af00, order: 10, kind: .plain), occurrences: 1023,
      firstTime: 10_119_048_000, lastTime: 11_000_000_001, cpu: 1, pid: 86, comm: "qemu\u{1b}[31m",
      evidence: [
        Evidence(
          time: 9_000_000_000, cpu: 0, pid: 82, comm: "gpu", event: "mm_page_alloc",
          text: "pfn=0x10af00 order=10 gfp_flags=0xcc0 migratetype=0", before: "free",
          after: "live, count 1"),
        Evidence(
          time: 10_119_048_000, cpu: 1, pid: 86, comm: "qemu", event: "page_ref_mod_unless",
          text: "pfn=0x10af01 count=0 val=1 ret=0", before: "tail, count 0",
          after: "tail, count 0"),
      ],
      advice:
        "Allocate the buffer with __GFP_COMP, or map it so that KVM need not take a reference.",
      doubt: "The refusal is harmless when the caller falls back to the frame number alone.")
  }

  static var full: Analysis {
    var capture = CaptureInfo(path: "a \"b\".dat", kind: "trace.dat v7")
    capture.kernel = "6.1.0"
    capture.clock = "local"
    capture.cpus = 2
    capture.start = 9_000_000_000
    capture.end = 12_000_000_000
    capture.eventsRead = 12_345
    capture.events = [
      EventCount(system: "kmem", name: "mm_page_alloc", kind: .pageAlloc, count: 2),
      EventCount(system: "b", name: "shared", kind: .other, count: 5),
      EventCount(system: "a", name: "shared", kind: .other, count: 7),
      EventCount(system: "a", name: "never", kind: .other, count: 0),
    ]
    return Analysis(
      verdict: .findings, capture: capture, eventsUsed: 1_234,
      losses: [Loss(code: .lostEvents, count: 17, cpu: 1, detail: "at offset 0x4f000")],
      rules: [
        RuleReport(id: "PL010", name: "refused tail", status: .findings, missing: []),
        RuleReport(id: "PL022", name: "leak", status: .notRecorded, missing: ["kmem:mm_page_free"]),
      ], findings: [finding])
  }
}
