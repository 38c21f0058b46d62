internal import LedgerCore

/// Buffer objects as probes show them: which vma maps which object, and which moves are under way.
struct BufferObjects {
  private static let limit = 1 << 20

  /// A vma that shows a TTM object or a dma-buf.
  struct Showing {
    /// `ttm_bo_mmap_obj` or `dma_buf_mmap_internal`.
    var event: Event
    var object: UInt64 { event.pointer }
    /// It is a dma-buf, whose mmap has returned 0 or whose return is not probed.
    var isDmabuf: Bool { event.kind == .dmabufMmap }
    var isConfirmed = false

    /// False for an address outside of the vma, which is another one then; true where its extent is not known.
    func covers(_ address: UInt64) -> Bool {
      event.span == 0 || (event.word <= address && address < event.span)
    }
  }

  private(set) var showings = FewMap<UInt64, Showing>()
  private var vmas: [UInt64: Set<UInt64>] = [:]
  private var moves: [Int32: Event] = [:]
  /// `ttm_bo_unmap_virtual` calls whose zap of a vma has not come yet, by vma.
  private var zaps: [UInt64: Event] = [:]
  /// A zap follows its call at once: in nanoseconds.
  private static let zapTime: UInt64 = 10_000_000
  private var mmaps: [Int32: UInt64] = [:]

  mutating func show(_ event: Event) {
    guard event.extra != 0, showings.count < Self.limit else { return }
    hide(event.extra)
    showings[event.extra] = Showing(event: event)
    vmas[event.pointer, default: []].insert(event.extra)
    if event.kind == .dmabufMmap { mmaps[event.pid] = event.extra }
  }

  /// The return of an mmap: one that failed shows nothing.
  mutating func returned(_ event: Event) {
    guard let vma = mmaps.removeValue(forKey: event.pid) else { return }
    if event.word == 0 { showings[vma]?.isConfirmed = true } else { hide(vma) }
  }

  /// The vma is gone, or will be used for something else.
  mutating func hide(_ vma: UInt64) {
    guard let old = showings.take(vma) else { return }
    zaps[vma] = nil
    vmas[old.object]?.remove(vma)
    if vmas[old.object]?.isEmpty == true { vmas[old.object] = nil }
  }

  func vmas(of object: UInt64) -> Set<UInt64> { vmas[object] ?? [] }

  /// `ttm_bo_unmap_virtual`: each vma of the object will be zapped, once, and stays. drivers/gpu/drm/ttm/ttm_bo.c
  mutating func unmapVirtual(_ event: Event) {
    for vma in vmas(of: event.pointer) { zaps[vma] = event }
  }

  /// An unmap of addresses: a vma that is unmapped whole is gone, unless its object is only being moved or zapped.
  mutating func unmapped(_ range: Range<UInt64>, _ event: Event) {
    guard let showing = showings[event.extra], showing.event.span > 0,
      range.lowerBound <= showing.event.word, showing.event.span <= range.upperBound
    else { return }
    let zap = zaps.removeValue(forKey: event.extra)
    if moves[event.pid]?.pointer == showing.object { return }
    if let zap, zap.pid == event.pid, event.time &- zap.time <= Self.zapTime { return }
    hide(event.extra)
  }

  mutating func beginMove(_ event: Event) {
    if moves.count >= Self.limit { moves.removeAll() }
    moves[event.pid] = event
  }

  /// The move of the task, if it succeeded.
  mutating func endMove(_ event: Event) -> Event? {
    let move = moves.removeValue(forKey: event.pid)
    if let move { for vma in vmas(of: move.pointer) { zaps[vma] = nil } }
    return event.word == 0 ? move : nil
  }
}
