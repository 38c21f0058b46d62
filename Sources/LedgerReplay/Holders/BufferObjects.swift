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

  private(set) var showings: [UInt64: Showing] = [:]
  private var vmas: [UInt64: Set<UInt64>] = [:]
  private var moves: [Int32: Event] = [:]
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
    guard let old = showings.removeValue(forKey: vma) else { return }
    vmas[old.object]?.remove(vma)
    if vmas[old.object]?.isEmpty == true { vmas[old.object] = nil }
  }

  func vmas(of object: UInt64) -> Set<UInt64> { vmas[object] ?? [] }

  mutating func beginMove(_ event: Event) {
    if moves.count >= Self.limit { moves.removeAll() }
    moves[event.pid] = event
  }

  /// The move of the task, if it succeeded.
  mutating func endMove(_ event: Event) -> Event? {
    let move = moves.removeValue(forKey: event.pid)
    return event.word == 0 ? move : nil
  }
}
