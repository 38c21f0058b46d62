import LedgerCore

/// One finding as a result. Each has a physical location: one result without it makes GitHub refuse the whole file.
struct SarifResult {
  private let finding: Finding
  private let analysis: Analysis
  private let anchor: Anchor
  private let limits: SarifLimits
  /// Something of the run was compared with an earlier one.
  private let isCompared: Bool
  /// Where else a finding of a batch was seen.
  private let spread: SarifSpread?

  init(
    _ row: RankedFinding, in analysis: Analysis, _ options: CIOptions, _ limits: SarifLimits,
    isCompared: Bool, spread: SarifSpread? = nil
  ) {
    self.spread = spread
    finding = row.finding
    self.analysis = analysis
    anchor = .of(row.finding, in: analysis.capture, options)
    self.limits = limits
    self.isCompared = isCompared
  }

  func write(rule: Int, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("ruleId", CIText.line(finding.rule, limit: 200))
      if rule >= 0 { writer.member("ruleIndex", rule) }
      writer.member("level", SarifWords.level(CILevel(finding)))
      SarifWords.message(message, to: &writer)
      locations(&writer)
      fingerprints(&writer)
      if limits.steps > 0, !finding.evidence.isEmpty { flow(&writer) }
      related(&writer)
      standing(&writer)
      if finding.occurrences > 0 {
        writer.member("occurrenceCount", min(finding.occurrences, UInt64(Int32.max)))
      }
      properties(&writer)
    }
  }

  /// A title without full stop, what the pages are, what to do.
  private var message: String {
    let title = CIText.line(finding.title)
    var words = title.hasSuffix(".") ? title : title + "."
    let pages = FindingFacts.pages(finding)
    if !pages.isEmpty { words += " Pages: \(CIText.line(pages, limit: 300))." }
    words += " Task: \(CIText.line(FindingFacts.task(finding), limit: 200))."
    if let spread { words += " " + CIText.line(spread.words) }
    return finding.advice.isEmpty ? words : words + " " + CIText.line(finding.advice)
  }

  private func locations(_ writer: inout JSONWriter) {
    writer.key("locations")
    writer.array { writer in
      writer.object { writer in
        SarifWords.physical(anchor, to: &writer)
        logical(&writer)
      }
    }
  }

  /// The functions of the call chains, innermost first, each once.
  private func logical(_ writer: inout JSONWriter) {
    var known: Set<String> = []
    var left = limits.functions
    guard finding.paths.contains(where: { !$0.frames.isEmpty }) else { return }
    writer.key("logicalLocations")
    writer.array { writer in
      for path in finding.paths {
        for frame in path.frames where left > 0 {
          let name = Self.qualified(frame)
          guard known.insert(name).inserted else { continue }
          left -= 1
          writer.object { writer in
            writer.member("name", CIText.line(Self.name(frame), limit: 200))
            writer.member("fullyQualifiedName", name)
            writer.member("kind", "function")
          }
        }
      }
    }
  }

  private static func name(_ frame: CodeFrame) -> String {
    frame.function.isEmpty ? frame.words : frame.function
  }

  /// `kvm!hva_to_pfn+0x1c`.
  private static func qualified(_ frame: CodeFrame) -> String {
    var name = frame.module.isEmpty ? "" : frame.module + "!"
    name += Self.name(frame)
    if !frame.function.isEmpty, let offset = frame.offset, !frame.isInlined {
      name += "+" + hex(offset)
    }
    return CIText.line(name, limit: 300)
  }

  /// Names and orders only: neither a page nor an address is part of `id` and `pathID`.
  private func fingerprints(_ writer: inout JSONWriter) {
    writer.key("partialFingerprints")
    writer.object { writer in
      let id = CIText.line(finding.id, limit: 200)
      writer.member("pageledgerCause/v1", id)
      if !finding.pathID.isEmpty {
        writer.member("pageledgerPath/v1", CIText.line(finding.pathID, limit: 200))
      }
      // The only one that GitHub compares; without it the line of the anchor would decide.
      writer.member("primaryLocationLineHash", id + ":1")
    }
  }

  private func flow(_ writer: inout JSONWriter) {
    let count = finding.evidence.count
    let half = limits.steps / 2
    let isCut = count > limits.steps
    let rest = isCut ? count - half..<count : count..<count
    let steps = Array(0..<(isCut ? half : count)) + Array(rest)
    writer.key("codeFlows")
    writer.array { writer in
      writer.object { writer in
        if isCut {
          SarifWords.message(
            "\(count - steps.count) events in the middle are left out", to: &writer)
        }
        writer.key("threadFlows")
        writer.array { writer in
          writer.object { writer in
            writer.key("locations")
            writer.array { writer in for index in steps { step(index, to: &writer) } }
          }
        }
      }
    }
  }

  private func step(_ index: Int, to writer: inout JSONWriter) {
    let item = finding.evidence[index]
    // Of what is printed only a line of the kernel's log has a number that holds.
    var place = Anchor(
      path: item.line != nil && !analysis.capture.logPath.isEmpty
        ? analysis.capture.logPath : analysis.capture.path)
    if let line = item.line, line > 0, line <= UInt64(Int32.max) { place.line = Int(line) }
    writer.object { writer in
      writer.key("location")
      writer.object { writer in
        SarifWords.physical(place, to: &writer)
        SarifWords.message(words(item), to: &writer)
      }
      writer.member("executionOrder", index + 1)
    }
  }

  private func words(_ item: Evidence) -> String {
    let time = NumberText.time(
      item.time, item.clock, nanoseconds: analysis.capture.timeIsNanoseconds)
    var words = TaskText.name(item.comm, item.pid)
    if item.cpu >= 0 { words += " on CPU \(item.cpu)" }
    words += item.clock == .none ? "" : " at \(time)"
    words += ": \(item.event)" + (item.text.isEmpty ? "" : " \(item.text)")
    let change = StateWords.change(item).replacing("\u{2192}", with: "->")
    return CIText.line(change.isEmpty ? words : "\(words) (\(change))", limit: 400)
  }

  /// Lines of source behind the functions, and the capture when the finding is shown elsewhere.
  private func related(_ writer: inout JSONWriter) {
    var places: [(anchor: Anchor, words: String)] = []
    let capture = Anchor(path: analysis.capture.path)
    if capture != anchor { places.append((capture, "the capture")) }
    for path in finding.paths {
      for frame in path.frames {
        guard let source = Anchor.source(frame), places.count < min(limits.functions, 999) else {
          continue
        }
        let words = "\(path.role.rawValue): \(CIText.line(frame.words, limit: 300))"
        guard !places.contains(where: { $0 == (source, words) }) else { continue }
        places.append((source, words))
      }
    }
    for path in (spread?.others ?? []).prefix(limits.captures) {
      places.append((Anchor(path: path), "also in this capture"))
    }
    guard !places.isEmpty else { return }
    writer.key("relatedLocations")
    writer.array { writer in
      for place in places.prefix(limits.locations - 1) {
        writer.object { writer in
          SarifWords.physical(place.anchor, to: &writer)
          SarifWords.message(place.words, to: &writer)
        }
      }
    }
  }

  /// SARIF 2.1.0, 3.27.23: `suppressions` stand at all results of a run or at none.
  private func standing(_ writer: inout JSONWriter) {
    switch finding.standing {
    case .new: writer.member("baselineState", "new")
    case .known: writer.member("baselineState", "unchanged")
    case .suppressed, nil: break
    }
    guard isCompared else { return }
    writer.key("suppressions")
    writer.array { writer in
      guard finding.standing == .suppressed else { return }
      writer.object { writer in
        writer.member("kind", "external")
        writer.member("status", "accepted")
      }
    }
  }

  private func properties(_ writer: inout JSONWriter) {
    writer.key("properties")
    writer.object { writer in
      writer.member("capture", CIText.line(analysis.capture.path, limit: CIText.pathLimit))
      writer.member("severity", finding.severity.rawValue)
      writer.member("verdict", finding.verdict.rawValue)
      if !finding.doubt.isEmpty { writer.member("doubt", CIText.line(finding.doubt)) }
      spread?.members(to: &writer)
    }
  }
}
