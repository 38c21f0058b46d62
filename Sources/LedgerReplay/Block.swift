public import LedgerCore

/// A block of 2^order pages, as `mm_page_alloc` handed it out; only blocks of order above 0 have a record.
struct Block {
  var head: UInt64 = 0
  var gfp: UInt64 = 0
  var time: UInt64 = 0
  var pid: Int32 = -1
  var cpu: UInt16 = 0
  var order: UInt8 = 0
  var kind: BlockKind = .unknown
  /// Pages that still belong to the block.
  var members: UInt32 = 0
  /// Tails that got a count by `page_ref_set` or `page_ref_unfreeze`.
  var tailsSet: UInt32 = 0
  /// Highest index of such a tail.
  var highestSet: UInt32 = 0
  /// When and where a tail was set last.
  var setTime: UInt64 = 0
  var setCPU: UInt16 = 0
  /// Tails were set on several CPUs at one time: in which order is not known.
  var setsAreUnordered = false
  /// Order of the piece freed last by the tail path of `__free_pages`; the block's own order before the first.
  var tailPathOrder: UInt8 = 0
  /// Task whose put of the head left it referenced: it may free the tails piece by piece.
  var headPutter: Int32?
  /// Place of the allocation in the capture.
  var ordinal: UInt32 = 0
  /// Call chain of the allocation, 0 when it has none.
  var stack: UInt32 = 0
  /// A tail of the live block was freed alone.
  var violated = false

  var pages: UInt64 { 1 << UInt64(order) }

  /// Tails were set, but not all up to the highest, as a split and alloc_pages_exact() do: one of the records may name another page.
  var leavesTailOut: Bool { tailsSet > 1 && tailsSet < highestSet }
  /// Its tails have no life of their own.
  var isWhole: Bool { kind == .plain || kind == .compound || kind == .unknown }
}

/// A block for rules and reports.
public struct BlockView: Sendable, Equatable {
  /// First page frame.
  public var head: UInt64
  /// log2 of the pages.
  public var order: UInt8
  /// What it was allocated as, or has become since.
  public var kind: BlockKind
  /// `gfp_flags` of the allocation.
  public var gfp: UInt64
  /// Time of the allocation.
  public var time: UInt64
  /// The task that allocated it.
  public var pid: Int32
  /// CPU of the allocation.
  public var cpu: UInt16
  /// Call chain of the allocation, 0 when it has none.
  public var stack: UInt32

  init(_ block: Block) {
    head = block.head
    order = block.order
    kind = block.kind
    gfp = block.gfp
    time = block.time
    pid = block.pid
    cpu = block.cpu
    stack = block.stack
  }

  /// Index of a page in the block, 0 for the head.
  public func index(of pfn: UInt64) -> UInt64 { pfn &- head }

  /// For findings.
  public var reference: BlockReference { BlockReference(pfn: head, order: order, kind: kind) }

  /// Pages of the block.
  public var pages: UInt64 { 1 << UInt64(order) }
}

/// The records of live blocks; a record is used again when the last page has left its block.
struct BlockTable {
  private var records = Pool(first: Block())

  /// Stores a block; returns its index, never 0.
  mutating func add(_ block: Block) -> UInt32 { records.add(block) }

  subscript(index: UInt32) -> Block {
    get { records[index] }
    set { records[index] = newValue }
  }

  /// Takes one page out of a block.
  mutating func leave(_ index: UInt32) {
    guard index != 0 else { return }
    let members = records[index].members &- 1
    records[index].members = members
    if members == 0 { records.remove(index) }
  }
}
