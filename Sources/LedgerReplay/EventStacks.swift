public import LedgerCore

/// The call chains of the last million events, by the place of the event in the capture.
///
/// No room is taken before the first chain; what is older than the window is gone, as in the journal.
struct EventStacks {
  private static let capacity = 1 << 20
  private var ordinals: [UInt32] = []
  private var numbers: [UInt32] = []

  var isEmpty: Bool { numbers.isEmpty }

  mutating func add(_ note: StackNote) {
    if numbers.isEmpty {
      ordinals = [UInt32](repeating: 0, count: Self.capacity)
      numbers = [UInt32](repeating: 0, count: Self.capacity)
    }
    let place = Int(note.ordinal) & (Self.capacity - 1)
    // The two parts of a chain may come one after the other.
    let known = ordinals[place] == note.ordinal ? numbers[place] : 0
    ordinals[place] = note.ordinal
    numbers[place] = StackTable.joined(known, note.stack)
  }

  /// The chain of an event, 0 when it has none or is too old.
  func number(of ordinal: UInt32) -> UInt32 {
    guard !numbers.isEmpty else { return 0 }
    let place = Int(ordinal) & (Self.capacity - 1)
    return ordinals[place] == ordinal ? numbers[place] : 0
  }
}

extension Replay {
  /// Takes the call chains of a batch; must come before the batch itself is applied.
  public mutating func take(_ notes: [StackNote]) {
    for note in notes {
      stacks.add(note)
      // The chain of an allocation that was applied with an earlier batch.
      guard note.kind == .pageAlloc, let slot = table.existingSlot(of: note.pfn) else { continue }
      let block = table[slot].block
      guard block != 0, blocks[block].head == note.pfn, blocks[block].ordinal == note.ordinal else {
        continue
      }
      blocks[block].stack = stacks.number(of: note.ordinal)
    }
  }

  /// Number of an event's call chain, 0 when it has none or the window has passed it.
  public func stack(of event: Event) -> UInt32 { stacks.number(of: event.ordinal) }
}
