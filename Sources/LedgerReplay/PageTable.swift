internal import CPrefetch
internal import Glibc

/// All page states, found by page frame number: a two-level directory over chunks of 2,048 states.
///
/// The chunks come from one reservation of address space that is touched only as pages are, so that memory
/// follows the pages a capture names. Unsafe memory is confined to this file; every slot that leaves `slot(of:)` lies
/// within the reservation.
@safe struct PageTable: ~Copyable {
  /// Position of a page's state; valid as long as the table.
  typealias Slot = Int

  private static let chunkShift = 11
  private static let chunkFrames = 1 << chunkShift
  private static let groupShift = 20
  private static let chunksPerGroup = 1 << (groupShift - chunkShift)
  private static let groups = 1 << (40 - groupShift)

  private let states: UnsafeMutablePointer<PageState>
  private let reservedBytes: Int
  private let chunkLimit: Int
  private var chunksUsed = 0
  private let directory: UnsafeMutablePointer<UInt32>
  private var groupTables: [UInt32] = []

  /// Reserves address space for at most `limitBytes` of page states; at least one chunk.
  init(limitBytes: UInt64) {
    let chunkBytes = Self.chunkFrames * MemoryLayout<PageState>.stride
    var chunks = max(1, Int(clamping: limitBytes / UInt64(chunkBytes)))
    var base = unsafe Self.reserve(chunks * chunkBytes)
    while unsafe base == nil, chunks > 1 {
      chunks /= 2
      unsafe base = Self.reserve(chunks * chunkBytes)
    }
    let top = unsafe Self.reserve(Self.groups * MemoryLayout<UInt32>.stride)
    guard let base = unsafe base, let top = unsafe top else {
      preconditionFailure("no address space for \(chunkBytes) bytes of page states")
    }
    reservedBytes = chunks * chunkBytes
    chunkLimit = chunks
    _ = unsafe madvise(base, reservedBytes, MADV_HUGEPAGE)
    unsafe states = base.bindMemory(to: PageState.self, capacity: chunks * Self.chunkFrames)
    unsafe directory = top.bindMemory(to: UInt32.self, capacity: Self.groups)
  }

  deinit {
    unsafe munmap(states, reservedBytes)
    unsafe munmap(directory, Self.groups * MemoryLayout<UInt32>.stride)
  }

  /// Address space that costs memory only where it is touched; nil when there is none.
  private static func reserve(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let memory = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    return unsafe memory == MAP_FAILED ? nil : memory
  }

  /// Bytes of page states in use.
  var bytesInUse: Int { chunksUsed * Self.chunkFrames * MemoryLayout<PageState>.stride }

  /// The slot of a page that was named before; nil for any other.
  @inline(__always)
  func existingSlot(of pfn: UInt64) -> Slot? {
    guard pfn < 1 << 40 else { return nil }
    let group = unsafe Int(directory[Int(pfn >> UInt64(Self.groupShift))])
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
    if unsafe directory[top] == 0 {
      groupTables.append(contentsOf: repeatElement(0, count: Self.chunksPerGroup))
      unsafe directory[top] = UInt32(groupTables.count / Self.chunksPerGroup)
    }
    let inGroup = Int(pfn >> UInt64(Self.chunkShift)) & (Self.chunksPerGroup - 1)
    chunksUsed += 1
    groupTables[unsafe (Int(directory[top]) - 1) * Self.chunksPerGroup + inGroup] = UInt32(
      chunksUsed)
    return existingSlot(of: pfn)
  }

  /// The state in a slot that this table gave out.
  subscript(slot: Slot) -> PageState {
    @inline(__always) get { unsafe states[slot] }
    @inline(__always) set { unsafe states[slot] = newValue }
  }

  /// Fetches the state of a page into the cache, so that a later access does not wait for memory.
  @inline(__always)
  func prefetch(_ slot: Slot) { unsafe pl_prefetch_write(states + slot) }
}
