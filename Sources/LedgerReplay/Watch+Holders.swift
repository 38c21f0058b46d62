public import LedgerCore

/// All that is known of one page at one moment.
public struct PageSnapshot: Sendable {
  /// The page.
  public var pfn: UInt64
  /// Its state, in words.
  public var state: String
  /// The block it belongs to, if it has more than one page.
  public var block: BlockView?
  /// Who can reach it without a reference, in words, each with the event that made it so.
  public var holders: [(words: String, event: Event)]
  /// References by task: taken less given back since the page's birth.
  public var references: [(pid: Int32, count: Int64)]
}

extension Watch {
  /// Keeps the balance of references of the watched page.
  mutating func count(_ event: Event) {
    switch event.kind {
    case .pageFree: references = [:]
    case .pageRefSet: references = [event.pid: Int64(event.value)]
    case .pageRefUnfreeze: references = [event.pid: Int64(event.value)]
    case .pageRefFreeze: if event.result != 0 { references = [:] }
    case .pageRefModUnless:
      if event.result != 0 { references[event.pid, default: 0] += Int64(event.value) }
    case .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn:
      references[event.pid, default: 0] += Int64(event.value)
    default: break
    }
  }
}

extension Replay {
  /// What is known of a page now; nil before the first event.
  public mutating func snapshot(of pfn: UInt64) -> PageSnapshot? {
    guard start != nil else { return nil }
    var view = PageView.unknown
    var block: BlockView?
    if let slot = table.existingSlot(of: pfn) {
      let state = freshState(slot)
      view = PageView(state)
      if state.block != 0 { block = BlockView(blocks[state.block]) }
    }
    let references = (watch?.references ?? [:]).filter { $0.value != 0 }
    return PageSnapshot(
      pfn: pfn, state: view.words, block: block, holders: held(pfn...pfn),
      references: references.sorted { $0.key < $1.key }.map { (pid: $0.key, count: $0.value) })
  }

  /// Takes an event about holders in, and shows it if it concerns a watched page.
  mutating func watchHolders(_ event: Event) {
    guard let frames = watch?.frames else { return holdInOrder(event) }
    let before = held(frames).map(\.words)
    holdInOrder(event)
    let after = held(frames).map(\.words)
    let isNamed = !event.gaps.contains(.pageAddress) && frames.contains(event.pfn)
    guard isNamed || before != after else { return }
    let pfn = isNamed ? event.pfn : watch?.page ?? event.pfn
    let state = table.existingSlot(of: pfn).map { freshState($0) } ?? PageState()
    let gone = before.filter { !after.contains($0) }.map { "no longer \($0)" }
    let come = after.filter { !before.contains($0) }
    addStep(event, state, note: (gone + come).prefix(4).joined(separator: "; "))
  }

  private func words(_ mapping: HostMapping) -> String {
    let kind =
      switch mapping.kind {
      case .special: "mapped by a PFN entry"
      case .normal: "mapped by a normal entry"
      case .huge: "mapped by a huge PFN entry"
      case .migration: "not mapped, under a migration entry"
      }
    let space =
      switch mapping.space {
      case 0: "vma \(hex(mapping.vma))"
      case HostTables.unnamed: "an mm that no event names"
      default: "mm \(hex(mapping.space))"
      }
    return
      "\(kind) at \(hex(mapping.address)) in \(space)\(areaWords(mapping))\(mapping.isDisputed ? ", in doubt" : "")"
  }

  /// Who reaches any of the pages without a reference.
  private func held(_ pages: ClosedRange<UInt64>) -> [(words: String, event: Event)] {
    let frames = pages.lowerBound..<pages.upperBound &+ 1
    var found: [(words: String, event: Event)] = []
    holders.host.frames.forEach(in: frames) { number in
      let mapping = holders.host[number]
      found.append((words(mapping), mapping.insertion))
    }
    holders.stageTwo.frames.forEach(in: frames) { number in
      let leaf = holders.stageTwo[number]
      found.append(("in a guest at gfn \(hex(leaf.gfn)), level \(leaf.level)", leaf.event))
    }
    holders.devices.frames.forEach(in: frames) { number in
      let mapping = holders.devices[number]
      found.append(("mapped for a device at \(hex(mapping.event.word))", mapping.event))
    }
    return found.sorted { ($0.event.time, $0.words) < ($1.event.time, $1.words) }
  }
}
