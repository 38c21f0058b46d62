/// Where a page stands in its life.
public enum Life: UInt8, Sendable {
  /// Nothing is known: the capture began later, or events were lost since.
  case unknown
  /// In the allocator.
  case free
  /// Allocated, with references.
  case live
  /// Its last reference was put; `mm_page_free` follows.
  case dying
  /// Its count was frozen to 0 by its owner: THP split, migration, reclaim, hugetlb pool.
  case frozen
  /// Count 0 and yet in use: tail of a block, frozen allocation, mangled count.
  case owned
}

/// How a count of 0 came about.
public enum ZeroCause: UInt8, Sendable {
  /// The count is not 0, or nothing is known.
  case none
  /// `page_ref_mod_and_test` with ret=1.
  case put
  /// `page_ref_freeze` with ret=1.
  case freeze
  /// `page_ref_set` to 0.
  case set
  /// `page_ref_mod` down to 0, without a test.
  case rawDecrement
  /// Never had a reference since the allocation.
  case never
  /// Freed.
  case free
}

/// What the ledger knows of one page frame: 24 bytes.
struct PageState {
  /// `_refcount`, when `bits` has `.counted`.
  var count: Int32 = 0
  /// Index of the block record, 0 for none.
  var block: UInt32 = 0
  /// Journal number of the page's last step, 0 for none.
  var step: UInt32 = 0
  /// The loss epoch in which all this was learnt; another epoch makes it stale.
  var epoch: UInt32 = 0
  /// Pins of a page that is not compound, counted since its birth; `pinsUnknown` when they cannot be.
  var pins: UInt8 = 0
  var life: Life = .unknown
  var zero: ZeroCause = .none
  var bits: Bits = []
  /// Sampled count minus ledger after events that did not chain; see `Replay.chain`.
  var drift: Int8 = 0
  /// When the drift began, in units of 2^26 of the clock (67 ms), modulo 256.
  var driftStart: UInt8 = 0

  /// A bias was added, the page is compound, or it has more pins than fit.
  static let pinsUnknown = UInt8.max

  struct Bits: OptionSet {
    let rawValue: UInt16
    /// `count` is known.
    static let counted = Bits(rawValue: 1)
    /// A page of a block that got a count of its own: split, or set by hand.
    static let ownUnit = Bits(rawValue: 2)
    /// `drift` is not 0.
    static let drifting = Bits(rawValue: 4)
    /// A discontinuity was reported already.
    static let reported = Bits(rawValue: 8)
    /// `page_ref_set(1)` came without an allocation so far: the allocation may follow, or it is a bulk birth.
    static let born = Bits(rawValue: 16)
    /// The count was raised from 0 by a get while the page was in use.
    static let raised = Bits(rawValue: 32)
    /// The count was raised from 0 by a get while the page was free.
    static let resurrected = Bits(rawValue: 64)
    /// `mm_page_alloc` of the page was seen.
    static let allocated = Bits(rawValue: 128)
    /// Nothing was heard of the page since its allocation; see `LonePages`.
    static let lone = Bits(rawValue: 256)
    /// The birth without an allocation was counted among what is explained.
    static let bulk = Bits(rawValue: 512)
  }
}

/// The state of a page for rules and reports.
public struct PageView: Sendable, Equatable {
  /// Where the page stands in its life.
  public var life: Life
  /// Why its count is 0, when it is.
  public var zero: ZeroCause
  /// `_refcount`, nil when not known.
  public var count: Int32?

  init(_ state: PageState) {
    life = state.life
    zero = state.zero
    count = state.bits.contains(.counted) ? state.count : nil
  }

  /// The state of a page of which nothing is known.
  public static let unknown = PageView(PageState())

  /// In words: `live, count 2`.
  public var words: String {
    switch life {
    case .unknown: count.map { "not seen before, count \($0)" } ?? "not seen before"
    case .free: count == 0 || count == nil ? "free" : "free, count \(count ?? 0)"
    case .live: count.map { "live, count \($0)" } ?? "live, count unknown"
    case .dying: "count 0, last reference put"
    case .frozen: "count 0, frozen"
    case .owned where count == nil: "in use, count unknown"
    case .owned: zero == .set ? "in use, count set to 0" : "in use, count 0"
    }
  }
}
