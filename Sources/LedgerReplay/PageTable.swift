/// All page states, found by page frame number: a two-level directory over chunks of 2,048 states.
///
/// The chunks come from one reservation of address space that is touched only as pages are, so that memory
/// follows the pages a capture names. Every slot that leaves `slot(of:)` lies within the reservation.
struct PageTable: ~Copyable {
  /// Position of a page's state; valid as long as the table.
  typealias Slot = Int

  private static let chunkShift = 11
  private static let chunkFrames = 1 << chunkShift
  private static let groupShift = 20
  private static let chunksPerGroup = 1 << (groupShift - chunkShift)
  private static let groups = 1 << (40 - groupShift)

  private var states: ReservedMemory<PageState>
  private let chunkLimit: Int
  private var chunksUsed = 0
  private var directory: ReservedMemory<UInt32>
  private var groupTables: [UInt32] = []

  /// Reserves address space for at most `limitBytes` of page states; at least one chunk.
  init(limitBytes: UInt64) {
    let chunkBytes = Self.chunkFrames * MemoryLayout<PageState>.stride
    let chunks = max(1, Int(clamping: limitBytes / UInt64(chunkBytes)))
    states = ReservedMemory(
      atMost: chunks * Self.chunkFrames, atLeast: Self.chunkFrames, isHuge: true)
    chunkLimit = states.count / Self.chunkFrames
    directory = ReservedMemory(atMost: Self.groups, atLeast: Self.groups, isHuge: false)
  }

  /// Bytes of page states in use.
  var bytesInUse: Int { chunksUsed * Self.chunkFrames * MemoryLayout<PageState>.stride }

  /// The slot of a page that was named before; nil for any other.
  @inline(__always)
  func existingSlot(of pfn: UInt64) -> Slot? {
    guard pfn < 1 << 40 else { return nil }
    let group = Int(directory[Int(pfn >> UInt64(Self.groupShift))])
    guard group != 0 else { return nil }
    let inGroup = Int(pfn >> UInt64(Self.chunkShift)) & (Self.chunksPerGroup - 1)
    let chunk = Int(groupTables[(group - 1) * Self.chunksPerGroup + inGroup])
    guard chunk != 0 else { return nil }
    return (chunk - 1) << Self.chunkShift | Int(pfn) & (Self.chunkFrames - 1)
  }

  /// The slot of a page, made when needed; nil when the limit is reached or no machine has the page.
  @inline(__always)
  mutating func slot(of pfn: UInt64) -> Slot? { existingSlot(of: pfn) ?? addSlot(of: pfn) }

  @inline(never)
  private mutating func addSlot(of pfn: UInt64) -> Slot? {
    guard pfn < 1 << 40, chunksUsed < chunkLimit else { return nil }
    let top = Int(pfn >> UInt64(Self.groupShift))
    if directory[top] == 0 {
      groupTables.append(contentsOf: repeatElement(0, count: Self.chunksPerGroup))
      directory[top] = UInt32(groupTables.count / Self.chunksPerGroup)
    }
    let inGroup = Int(pfn >> UInt64(Self.chunkShift)) & (Self.chunksPerGroup - 1)
    chunksUsed += 1
    groupTables[(Int(directory[top]) - 1) * Self.chunksPerGroup + inGroup] = UInt32(
      chunksUsed)
    return existingSlot(of: pfn)
  }

  /// The state in a slot that this table gave out.
  subscript(slot: Slot) -> PageState {
    @inline(__always) get { states[slot] }
    @inline(__always) set { states[slot] = newValue }
  }

  /// Fetches the state of a page into the cache, so that a later access does not wait for memory.
  @inline(__always)
  func prefetch(_ slot: Slot) { states.prefetch(slot) }
}
