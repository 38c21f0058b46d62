internal import LedgerCore

/// All that the ledger knows of one page at one moment.
public struct PageKnowledge: Sendable {
  /// The page.
  public var pfn: UInt64
  /// Its state; unknown where a loss has made older facts stale.
  public var page: PageView
  /// The block it belongs to.
  public var block: BlockView?
  /// Its last steps, oldest first.
  public var steps: [Step]
  /// Tasks that took references and did not put them, as far as the steps show; empty when they begin too late.
  public var holders: [(pid: Int32, count: Int64)]

  /// Nothing is known.
  public var isEmpty: Bool { steps.isEmpty && page == .unknown && block == nil }
}

extension Replay {
  /// Marks whose pages are remembered; a log names fewer causes.
  private static let markLimit = 4096
  /// Steps that count for holders.
  private static let holderSteps = 64

  /// What is known of a page now.
  public func knowledge(of pfn: UInt64, steps limit: Int = 8) -> PageKnowledge {
    guard let slot = table.existingSlot(of: pfn) else {
      return PageKnowledge(pfn: pfn, page: .unknown, block: nil, steps: [], holders: [])
    }
    let state = table[slot]
    let isStale = state.epoch != gaps.epoch
    let steps = journal.chain(of: pfn, endingAt: state.step, limit: Self.holderSteps)
    let view = isStale ? .unknown : PageView(state)
    let block = isStale || state.block == 0 ? nil : BlockView(blocks[state.block])
    return PageKnowledge(
      pfn: pfn, page: view, block: block, steps: Array(steps.suffix(limit)),
      holders: isStale ? [] : Self.holders(steps, view))
  }

  /// Remembers what is known of the page that the kernel complains about.
  mutating func takeComplaint(_ event: Event) {
    guard knowledgeAtMarks.count < Self.markLimit else { return }
    knowledgeAtMarks[event.word] = knowledge(of: event.pfn)
  }

  /// Who holds the references: the events since the page's birth must add up to its count.
  private static func holders(_ steps: [Step], _ page: PageView) -> [(pid: Int32, count: Int64)] {
    guard let count = page.count, count > 0,
      let birth = steps.lastIndex(where: { $0.event.kind == .pageRefSet })
    else { return [] }
    var sums: [(pid: Int32, count: Int64)] = []
    var total: Int64 = 0
    for step in steps[birth...] {
      guard let change = step.event.change else { continue }
      total &+= change
      if let place = sums.firstIndex(where: { $0.pid == step.event.pid }) {
        sums[place].count &+= change
      } else {
        sums.append((step.event.pid, change))
      }
    }
    guard total == Int64(count) else { return [] }
    return sums.filter { $0.count > 0 }
  }
}

extension Event {
  /// What it adds to the count; nil when that cannot be told from it alone.
  fileprivate var change: Int64? {
    switch kind {
    case .pageRefSet, .pageRefMod, .pageRefModAndTest, .pageRefModAndReturn: Int64(value)
    case .pageRefModUnless: result == 0 ? 0 : Int64(value)
    default: nil
    }
  }
}
