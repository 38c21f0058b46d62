internal import LedgerCore

/// All who hold pages without a reference, and what they are doing at the moment.
struct Holders {
  var host = HostTables()
  var migrations = MigrationEntries()
  var stageTwo = StageTwo()
  /// The leaf that each task took out of a VM last.
  var zaps = PerTask<Event>()
  var devices = DeviceMappings()
  var machines = VirtualMachines()
  var users = UserPages()
  var objects = BufferObjects()
  var populations = ObjectPages()
  var vmas = AddressSpaces()
  /// try_grab_folio calls in progress, by task.
  var grabs = PerTask<Event>()
  /// Stage-2 leaves whose page the host mapped at the same address, by that place.
  var pairs: [HostPlace: Pair] = [:]
  /// Stage-2 leaves of the shadow MMU that no drop_spte has taken back, by frame.
  var shadowLeaves: [UInt64: UInt32] = [:]
  var geometry = PageGeometry()
  /// vm_insert_page calls whose success no event has shown yet, by task.
  var insertions = PerTask<Event>()
  /// The entry that a task's insertion made last.
  var inserted = PerTask<UInt32>()
  /// Huge insertions whose return has not been seen yet, by task.
  var hugeInsertions = PerTask<Event>()
  /// mprotect calls that made a private PFN mapping writable.
  var protections: [Event] = []
  /// The VM and entry that `handle_changed_spte` named last, by task.
  var changing = PerTask<Event>()
  /// kvm_vcpu_map calls without their unmap, by vCPU.
  var vcpuMaps: [UInt64: Event] = [:]
  /// Pages pinned for long while they must not be, with the call.
  var longPins: [UInt64: (call: Event, grab: Event)] = [:]
  /// Lookups of page table entries in progress, by task.
  var lookups = PerTask<Event>()
  /// References taken on the head of a plain block for all its pages, by block.
  var headGrabs: [UInt32: Event] = [:]
  /// `__free_pages` calls whose put has not come yet, by task.
  var freeing = PerTask<Event>()
  var lone = LonePages()
  /// Journal number of the last allocation.
  var lastAllocation: UInt32 = 0
  /// Removals of entries at the present time.
  var letGo = Instant()
  /// Pages whose owner has freed them without the count reaching zero.
  var orphans: [UInt64: Orphan] = [:]
  /// Frees of held pages that wait for the clock to move on: the holder may let go at the same time.
  var suspicions: [Suspicion] = []

  /// Nobody holds anything that a free could hit.
  var areNone: Bool {
    host.frames.isEmpty && stageTwo.frames.isEmpty && devices.frames.isEmpty
  }

  /// A reference event may be part of something that is followed.
  var wantsReferences: Bool { !users.isEmpty || !insertions.isEmpty || !freeing.isEmpty }
}

/// An address in an address space.
struct HostPlace: Hashable {
  var space: UInt64
  var address: UInt64
}

/// A stage-2 leaf that mapped what the host mapped.
struct Pair {
  var leaf: UInt32
  /// The event that installed the leaf.
  var made: Event
}

/// Something each task is in the middle of; there are not more tasks than a machine has pids at once.
struct PerTask<Value> {
  private static var limit: Int { 1 << 16 }
  private var values = FewMap<Int32, Value>()

  var isEmpty: Bool { values.isEmpty }

  /// The values of all tasks, in no order.
  var all: [Value] { values.values }

  subscript(pid: Int32) -> Value? {
    get { values[pid] }
    set {
      if newValue != nil, values.count >= Self.limit { values.removeAll() }
      values[pid] = newValue
    }
  }

  /// Takes the task's value out.
  mutating func take(_ pid: Int32) -> Value? { values.take(pid) }
}

/// Events of the present time, which on other CPUs may have come before or behind.
struct Instant {
  private static let limit = 256
  private var events: [Event] = []

  mutating func note(_ event: Event) {
    if let time = events.first?.time, time != event.time { events.removeAll(keepingCapacity: true) }
    if events.count < Self.limit { events.append(event) }
  }

  /// True if an event of the same time and another CPU fits.
  func contains(besides event: Event, where fits: (Event) -> Bool) -> Bool {
    guard let time = events.first?.time, time == event.time else { return false }
    return events.contains { $0.cpu != event.cpu && fits($0) }
  }
}

/// A page that its owner freed while somebody had a reference.
struct Orphan {
  /// `__free_pages`.
  var free: Event
  /// The put that did not reach zero.
  var put: Event
  /// Journal number of that put: as long as it is the page's last step, the reference is still there.
  var step: UInt32
}

/// What the replay saw that limits the conclusions of some rules.
public struct Observations: Sendable {
  /// Pages that probes named by an address nobody could turn into a frame.
  public internal(set) var unresolvedPages: UInt64 = 0
  /// Stage-2 entries of the shadow MMU, whose removals leave no event.
  public internal(set) var shadowEntries: UInt64 = 0
  /// Stage-2 entries whose VM or memory slots are not known: several VMs, or one that is older than the capture.
  public internal(set) var unplacedEntries: UInt64 = 0
  /// Pins for long that stay, of pages whose zone the capture does not tell.
  public internal(set) var unplacedPins: UInt64 = 0
  /// kvm_vcpu_map calls of which nothing tells the VM.
  public internal(set) var unplacedMaps: UInt64 = 0
  /// Stage-2 entries that were there before the capture began.
  public internal(set) var olderEntries: UInt64 = 0
  /// Device mappings of an address that was mapped twice, and unmaps of addresses nobody was seen to map.
  public internal(set) var unclearDeviceAddresses: UInt64 = 0
  /// `_mapcount` was printed raw, -1 for unmapped, as from 6.12 on.
  public internal(set) var mapcountIsRaw = false
}

/// A page freed, moved or revoked while somebody holds it, as it looks so far.
struct Suspicion {
  enum Holder {
    case host(UInt32)
    case guest(UInt32)
    case device(UInt32)
    case vcpu(UInt64)
  }

  struct Outcome {
    var marks: Transition.Marks
    /// No link had to be inferred.
    var isConfirmed: Bool
  }

  var holder: Holder
  /// Set once it is known that the holder outlived the free.
  var outcome: Outcome?
  /// `mm_page_free`, or what else the holder should have let go for.
  var free: Event
  var pfn: UInt64
  /// What it is if the page is not freed.
  var claim: Transition.Marks = []
  /// For a claim: the events that it rests on.
  var related: [Event] = []
  var before = PageState()
  var block: Block?
  var step: UInt32 = 0
  /// The call that made the holder, to see whether its record still stands for it.
  var made: Event
}

/// Where the array of `struct page` begins, learnt from records that hold both an address and a frame.
///
/// include/asm-generic/memory_model.h: `pfn = page - vmemmap`, 64 bytes a page on nearly every 64-bit kernel.
struct PageGeometry {
  private var sample: (address: UInt64, pfn: UInt64)?
  private(set) var base: UInt64?
  private(set) var size: UInt64 = 64
  /// Samples that contradict each other: hashed addresses, or an array for each section (SPARSEMEM without SPARSEMEM_VMEMMAP).
  private var isRefuted = false

  /// Takes in a `struct page` address with its frame; what is no single array is told by not fitting together.
  mutating func learn(address: UInt64, pfn: UInt64) {
    guard !isRefuted, address >> 47 == 0x1ffff, pfn < Event.frameLimit else { return }
    if let base {
      guard address &- base != pfn &* size else { return }
      self.base = nil
      return isRefuted = true
    }
    guard let first = sample else {
      sample = (address, pfn)
      return
    }
    guard first.pfn != pfn else { return }
    let second = (address: address, pfn: pfn)
    let (low, high) = first.pfn > pfn ? (second, first) : (first, second)
    guard high.address > low.address else { return isRefuted = true }
    let (size, rest) = (high.address &- low.address).quotientAndRemainder(
      dividingBy: high.pfn &- low.pfn)
    guard rest == 0, size % 8 == 0, (56...128).contains(size) else { return isRefuted = true }
    let (offset, overflow) = low.pfn.multipliedReportingOverflow(by: size)
    guard !overflow, offset < low.address else { return isRefuted = true }
    base = low.address &- offset
    self.size = size
  }

  /// The frame of a `struct page`; nil while the array's place is not known.
  func frame(of address: UInt64) -> UInt64? {
    guard let base, address >= base, (address &- base) % size == 0 else { return nil }
    let frame = (address &- base) / size
    return frame < Event.frameLimit ? frame : nil
  }

  /// A frame that was computed with 64 bytes a page, in the kernel's own size.
  func corrected(_ pfn: UInt64) -> UInt64 {
    size == 64 ? pfn : pfn &* 64 / size
  }
}
