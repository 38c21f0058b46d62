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
  /// Events beside the page's own history that it rests on, in order of time.
  public var related: [Event] = []

  /// What stands out in a transition.
  public struct Marks: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt64
    /// Wraps a bit set as stored.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

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
    /// One link was not observed but follows from the others.
    public static let inferred = Marks(rawValue: 1 << 20)
    /// The last reference was dropped while the sampled mapcount says that the page is mapped.
    public static let droppedMapped = Marks(rawValue: 1 << 21)
    /// `mm_page_free` of a page that a PFN entry of a process still maps.
    public static let freedMapped = Marks(rawValue: 1 << 22)
    /// `mm_page_free` of a page that a stage-2 entry still maps.
    public static let freedInGuest = Marks(rawValue: 1 << 23)
    /// `mm_page_free` of a page that a device may still reach.
    public static let freedInDevice = Marks(rawValue: 1 << 24)
    /// A stage-2 entry outlived an invalidation of its user address.
    public static let staleInWindow = Marks(rawValue: 1 << 25)
    /// The get was made in a guest's page fault.
    public static let guestGet = Marks(rawValue: 1 << 26)
    /// KVM keeps a kernel mapping of a PFN page while its user address is invalidated.
    public static let mappedOutside = Marks(rawValue: 1 << 27)
    /// get_user_pages got through to a page behind a PFN entry.
    public static let gupSpecial = Marks(rawValue: 1 << 28)
    /// A page that long-term pins must not be taken of is pinned for long.
    public static let pinUnmovable = Marks(rawValue: 1 << 29)
    /// vm_insert_page of the head of a block whose tails are not counted.
    public static let normalOnPlain = Marks(rawValue: 1 << 30)
    /// get_user_pages took the page through that entry.
    public static let grabbed = Marks(rawValue: 1 << 31)
    /// A huge PFN entry was installed.
    public static let hugeSpecial = Marks(rawValue: 1 << 32)
    /// A dma-buf's memory was mapped into a vma without VM_PFNMAP.
    public static let objectNotPfnmap = Marks(rawValue: 1 << 33)
    /// A private PFN mapping was written to: the process has a copy of its own now.
    public static let cowWritten = Marks(rawValue: 1 << 34)
    /// The write came after mprotect had made a private read-only PFN mapping writable.
    public static let writeRestored = Marks(rawValue: 1 << 35)
    /// A buffer object was moved while PFN entries of its old pages are alive.
    public static let movedMapped = Marks(rawValue: 1 << 36)
    /// The owner has freed the page, and a reference stays.
    public static let orphaned = Marks(rawValue: 1 << 37)
    /// Pages of one task and kind were allocated and never freed.
    public static let leaked = Marks(rawValue: 1 << 38)
    /// A pin was released that nobody had taken.
    public static let unpinWithoutPin = Marks(rawValue: 1 << 39)
    /// Plain puts have eaten into a pin.
    public static let putOfPin = Marks(rawValue: 1 << 40)
    /// Tails are put for references that were taken on the head.
    public static let putAfterHeadGrab = Marks(rawValue: 1 << 41)
    /// A device still reaches a frame that was looked up in an entry which is gone.
    public static let lookupOutlived = Marks(rawValue: 1 << 42)
    /// The entry may be that of a private mapping, which a write replaces.
    public static let privateEntry = Marks(rawValue: 1 << 43)
    /// The page was allocated for a buffer object that still has it.
    public static let ofObject = Marks(rawValue: 1 << 44)
    /// The host's entry for the guest frame's address maps another page by now.
    public static let hostDiffers = Marks(rawValue: 1 << 45)
    /// The page lies in ZONE_MOVABLE, as the zone bits of its flags say.
    public static let movableZone = Marks(rawValue: 1 << 46)
    /// It rests on one record, which another one contradicts or nothing confirms.
    public static let doubtful = Marks(rawValue: 1 << 47)
    /// The get of a free page, which `event` is, stands where its allocation's page_ref_set should: it may be that record.
    public static let getWasSet = Marks(rawValue: 1 << 48)
  }
}
