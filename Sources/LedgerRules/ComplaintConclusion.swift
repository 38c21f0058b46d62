internal import LedgerCore
internal import LedgerReplay

/// Turns the kernel's complaints into findings, and shows what the ledger knew of the same page.
struct ComplaintConclusion {
  private let info: CaptureInfo
  private let knowledge: [UInt64: PageKnowledge]

  init(_ info: CaptureInfo, knowledge: [UInt64: PageKnowledge]) {
    self.info = info
    self.knowledge = knowledge
  }

  /// The finding of one complaint; `atEnd` gives what was known of a page when the capture ended.
  func finding(
    _ complaint: KernelComplaint, _ rule: any ComplaintRule, _ atEnd: [UInt64: PageKnowledge]
  ) -> Finding {
    let charge = rule.charge(complaint)
    let known = known(complaint, atEnd)
    let id = rule.description.id
    let time = complaint.time
    var finding = Finding(
      id: Fingerprint.id(rule: id, cause: cause(complaint, id)), rule: id,
      verdict: charge.isLegal ? .explained : complaint.isTorn ? .likely : .proven,
      severity: charge.severity, title: charge.title,
      pfn: known?.pfn ?? complaint.pfn ?? Event.noFrame, pageRanges: ranges(complaint),
      block: known?.knowledge.block?.reference,
      occurrences: times(complaint), firstTime: time ?? 0,
      lastTime: complaint.lastTime ?? time ?? 0, cpu: complaint.cpu, pid: complaint.pid,
      comm: complaint.process, evidence: evidence(complaint, known?.knowledge),
      advice: charge.advice, doubt: doubt(complaint, charge))
    finding.clock = clock(complaint, time)
    finding.paths = complaint.paths.map { path($0, complaint) }
    if let known { finding.ledger = words(known.knowledge, known.pfn, complaint, known.isAtEnd) }
    return finding
  }

  private func path(_ path: ComplaintPath, _ complaint: KernelComplaint) -> CodePath {
    let isOwn = path.role == .complaint
    return CodePath(
      role: path.role, event: "printk", time: isOwn ? complaint.time ?? 0 : 0,
      pid: isOwn ? complaint.pid : path.pid,
      comm: isOwn ? complaint.process : path.pid > 0 ? comm(path.pid) : "",
      frames: path.frames.map { CodeFrame($0) })
  }

  /// With those that the kernel counted and did not print.
  private func times(_ complaint: KernelComplaint) -> UInt64 {
    let (sum, over) = complaint.occurrences.addingReportingOverflow(complaint.suppressed)
    return over ? .max : sum
  }

  private typealias Known = (knowledge: PageKnowledge, pfn: UInt64, isAtEnd: Bool)

  /// The first of the complaint's pages of which the ledger knows something, at the message's own place if it has one.
  private func known(_ complaint: KernelComplaint, _ atEnd: [UInt64: PageKnowledge]) -> Known? {
    for mark in complaint.marks {
      guard let found = knowledge[mark], !found.isEmpty else { continue }
      return (found, found.pfn, false)
    }
    for pfn in complaint.pages {
      if let found = atEnd[pfn], !found.isEmpty { return (found, pfn, true) }
    }
    return nil
  }

  private func ranges(_ complaint: KernelComplaint) -> [ClosedRange<UInt64>] {
    var frames = FrameSet()
    for pfn in complaint.pages { frames.insert(pfn) }
    return frames.settled()
  }

  private func clock(_ complaint: KernelComplaint, _ time: UInt64?) -> EvidenceClock {
    guard time != nil else { return .none }
    return complaint.relation == .inTrace ? .capture : .printk
  }

  private func cause(_ complaint: KernelComplaint, _ rule: String) -> String {
    let site = complaint.site.prefix { $0 != ":" }
    let reason = complaint.reason.withoutNumbers
    let process = complaint.process.withoutNumbers
    let parts =
      switch complaint.kind {
      // A check is known by its place: the dump before it may be torn off, and any task may run into it.
      case .kernelBug where !site.isEmpty && !complaint.function.isEmpty:
        ["", complaint.function, String(site), ""]
      // Whoever frees or allocates next finds a page in a bad state.
      case .badPageState: [reason, "", String(site), ""]
      // Those who find a bad mapping are the kernel's own, and are printed last.
      case .badPageMap, .badPageCache: [reason, "", String(site), process]
      default: [reason, complaint.function, String(site), process]
      }
    return ([rule] + parts).joined(separator: "|")
  }

  private func doubt(_ complaint: KernelComplaint, _ charge: ComplaintCharge) -> String {
    guard complaint.isTorn else { return charge.doubt }
    guard complaint.isDamaged else {
      return "lines that belong to this dump are missing: why it was printed is not known; "
        + charge.doubt
    }
    return "lines of this message are torn or mixed with another's: numbers in it may belong to "
      + "another page; " + charge.doubt
  }

  private func evidence(_ complaint: KernelComplaint, _ known: PageKnowledge?) -> [Evidence] {
    var rows: [Evidence] = []
    var before = ""
    for step in known?.steps ?? [] {
      // The step is the head's: what the block's birth gave to a tail is no count of its own.
      let isTail = step.event.kind == .pageAlloc && step.event.pfn != known?.pfn
      let after = isTail ? "tail in use, count 0" : step.after.words
      rows.append(
        Evidence(
          time: step.event.time, cpu: Int(step.event.cpu), pid: step.event.pid,
          comm: comm(step.event.pid), event: step.event.kind.name, text: step.event.words,
          before: before, after: after))
      before = after
    }
    return rows + complaint.lines.map { message($0, complaint) }
  }

  private func message(_ line: KernelLogLine, _ complaint: KernelComplaint) -> Evidence {
    var row = Evidence(
      time: line.time ?? 0, cpu: complaint.cpu, pid: complaint.pid, comm: complaint.process,
      event: "printk", text: line.text, before: "", after: "")
    row.clock = clock(complaint, line.time)
    row.line = line.number == 0 ? nil : line.number
    return row
  }

  private func words(
    _ known: PageKnowledge, _ pfn: UInt64, _ complaint: KernelComplaint, _ isAtEnd: Bool
  ) -> String {
    var parts = ["page \(hex(pfn)) \(known.page.words)"]
    if let block = known.block {
      let task = comm(block.pid)
      parts.append(
        "page \(block.index(of: pfn)) of the order-\(block.order) \(block.kind.rawValue) block at "
          + "\(hex(block.head)), allocated by \(task)-\(block.pid)")
    }
    if !known.holders.isEmpty {
      let names = known.holders.prefix(4).map { holder in
        "\(comm(holder.pid))-\(holder.pid)" + (holder.count > 1 ? " (\(holder.count))" : "")
      }
      parts.append("held by " + names.joined(separator: ", "))
    }
    return parts.joined(separator: "; ") + ", " + order(complaint, isAtEnd)
  }

  /// How far the order of message and events is known.
  private func order(_ complaint: KernelComplaint, _ isAtEnd: Bool) -> String {
    switch complaint.relation {
    case .inTrace where !isAtEnd: "when the message was printed"
    case .inTrace: "at the end of the trace"
    case .afterTrace: "at the end of the trace, which is older than the message"
    case .unknown:
      "at the end of the trace; the message has another clock, so which came first is not known"
    }
  }

  private func comm(_ pid: Int32) -> String {
    pid == 0 ? "<idle>" : info.comms[pid] ?? "<...>"
  }
}

extension KernelComplaint {
  /// Less of it is left than the kernel printed: a dump without its reason, or one whose reason is a check that complains, without
  /// that complaint (include/linux/mmdebug.h); a BUG without the registers and the stack that tell its function.
  fileprivate var isTorn: Bool {
    if isDamaged { return true }
    switch kind {
    case .kernelBug: return function.isEmpty
    case .badPageState: return reason.isEmpty
    case .pageDump: return reason.isEmpty || Self.preambles.contains(where: reason.hasPrefix)
    default: return false
    }
  }

  /// Reasons of dumps that follow on a complaint of their own: include/linux/mmdebug.h, mm/kasan/report.c:print_address_description,
  /// mm/memory.c:print_bad_pte, mm/page_alloc.c:page_bad_reason and free_tail_page_prepare (5.4 to 7.1).
  private static let preambles = [
    "VM_BUG_ON", "VM_WARN_ON", "kasan: ", "bad pte", "bad page map", "page_pool leak", "nonzero ",
    "non-NULL mapping",
    "PAGE_FLAGS_CHECK_AT_", "page still charged to cgroup", "corrupted mapping in tail page",
    "PageTail not set", "compound_head not consistent", "still mapped when deleted",
  ]
}
