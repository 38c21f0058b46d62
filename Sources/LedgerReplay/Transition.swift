public import LedgerCore

/// What an event did to a page, when that is more than routine. Facts only: whether they are misuse is for rules.
public struct Transition: Sendable {
  /// The event.
  public var event: Event
  /// The page concerned; of a block that is freed, the page that stands out.
  public var pfn: UInt64
  /// The page's state before it.
  public var before: PageView
  /// The page's state after it.
  public var after: PageView
  /// The block that the page belonged to before the event.
  public var block: BlockView?
  /// What stands out.
  public var marks: Marks
  /// Journal number of the event.
  public var step: UInt32
  /// The KVM fault, for `.kvmRefused`.
  public var fault: KvmFault?

  /// What stands out in a transition.
  public struct Marks: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Wraps a bit set as stored.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// A get raised a count that was 0.
    public static let getFromZero = Marks(rawValue: 1 << 0)
    /// A get raised a count from 0 on a page that had not been seen before.
    public static let getFromUnseenZero = Marks(rawValue: 1 << 1)
    /// The page is a tail of a live block.
    public static let tail = Marks(rawValue: 1 << 2)
    /// The page was free, and no birth has been seen since.
    public static let afterFree = Marks(rawValue: 1 << 3)
    /// The sampled count, or the result of the atomic operation, is negative.
    public static let negative = Marks(rawValue: 1 << 4)
    /// `mm_page_free` of a page whose count is above 0.
    public static let freedReferenced = Marks(rawValue: 1 << 5)
    /// `mm_page_free` of a page that is free.
    public static let freedTwice = Marks(rawValue: 1 << 6)
    /// `mm_page_free` of a whole block with an order that is not its own.
    public static let orderDiffers = Marks(rawValue: 1 << 7)
    /// `mm_page_free` of a page strictly inside a live block.
    public static let tailFreed = Marks(rawValue: 1 << 8)
    /// The freed tail had got its count by `page_ref_set`, as one page of a split would.
    public static let tailWasSet = Marks(rawValue: 1 << 9)
    /// The freed tail's count had been raised from 0.
    public static let tailWasRaised = Marks(rawValue: 1 << 10)
    /// The count of a live block's head was set to 0 by its owner.
    public static let mangled = Marks(rawValue: 1 << 11)
    /// A very large constant was added to the count.
    public static let biased = Marks(rawValue: 1 << 12)
    /// The sampled count does not follow from the one before.
    public static let discontinuity = Marks(rawValue: 1 << 13)
    /// KVM was refused a reference in a guest's page fault.
    public static let kvmRefused = Marks(rawValue: 1 << 14)
    /// Page flags may hold the hwpoison bit: memory failure handling takes references from 0.
    public static let maybePoisoned = Marks(rawValue: 1 << 15)
    /// A put to zero came between two frees of the page.
    public static let putBetween = Marks(rawValue: 1 << 16)
    /// Events are missing around this time: only what the event itself says is certain.
    public static let dark = Marks(rawValue: 1 << 17)
    /// The count before the event was not known, so that nothing confirms the sample.
    public static let unchained = Marks(rawValue: 1 << 19)
    /// Events since `event.time` were judged before it was known that others are missing.
    public static let darkSince = Marks(rawValue: 1 << 18)
  }
}
