internal import LedgerCore

/// The VMs whose memory slots were seen: which guest frame lies at which user address.
struct VirtualMachines {
  /// KVM_USER_MEM_SLOTS is 32,764 and there are few VMs; more come from damage.
  private static let limit = 1 << 16
  /// `struct kvm` is smaller than this on every kernel; the notifier is a field of it.
  private static let reach: UInt64 = 1 << 20

  struct Slot {
    var gfn: UInt64
    var pages: UInt64
    var address: UInt64
  }

  /// An invalidation that has begun and not ended.
  struct Window {
    var start: Event
    var kvm: UInt64
    /// The start's return, from which on KVM must install nothing; nil where it is not recorded.
    var opened: Event?
  }

  /// By VM and slot id.
  private var slots: [UInt64: [Int32: Slot]] = [:]
  private(set) var windows: [Window] = []
  private var slotCount = 0
  /// The VM that a task installed entries for, by `handle_changed_spte`; 0 for several.
  private var vmOfTask = PerTask<UInt64>()
  /// The VMs of an address space, by their notifiers.
  private var vmsOfSpace: [UInt64: Set<UInt64>] = [:]

  /// The only VM there is; 0 when there are none or several.
  var onlyVM: UInt64 { slots.count == 1 ? slots.keys.first ?? 0 : 0 }

  /// True if memory slots of the VM were seen.
  func knows(_ kvm: UInt64) -> Bool { slots[kvm] != nil }

  /// virt/kvm/kvm_main.c:__kvm_set_memory_region, 5.4 to 7.1: a size of 0 deletes the slot.
  mutating func setSlot(_ event: Event) {
    let id = event.value
    guard event.result > 0 else {
      if slots[event.pointer]?.removeValue(forKey: id) != nil { slotCount -= 1 }
      return
    }
    if slots[event.pointer]?[id] == nil { slotCount += 1 }
    guard slotCount <= Self.limit else { return }
    slots[event.pointer, default: [:]][id] = Slot(
      gfn: event.word >> 12, pages: UInt64(event.result), address: event.extra)
  }

  /// A task installed an entry for a VM: one of its vCPUs, as a rule.
  mutating func noteInstall(_ kvm: UInt64, by pid: Int32) {
    guard kvm != 0, vmOfTask[pid] != kvm else { return }
    vmOfTask[pid] = vmOfTask[pid] == nil ? kvm : 0
  }

  /// The VM that a task is a vCPU of: told by its entries, by its address space, or because there is no other; else 0.
  func machine(ofTask pid: Int32, spaces: [UInt64]) -> UInt64 {
    if let kvm = vmOfTask[pid] { return kvm }
    if onlyVM != 0 { return onlyVM }
    let own = spaces.reduce(into: Set<UInt64>()) { $0.formUnion(vmsOfSpace[$1] ?? []) }
    guard own.count == 1, let kvm = own.first, slots[kvm] != nil else { return 0 }
    // Another VM may be the same process's, as long as no notifier has said where it lives.
    let isTold = slots.keys.allSatisfy { $0 == kvm || space(of: $0) != 0 }
    return isTold ? kvm : 0
  }

  /// The address space of a VM; 0 where no notifier has named it.
  func space(of kvm: UInt64) -> UInt64 {
    vmsOfSpace.first { $0.value.contains(kvm) }?.key ?? 0
  }

  mutating func destroy(_ kvm: UInt64) {
    for (mm, all) in vmsOfSpace where all.contains(kvm) {
      vmsOfSpace[mm] = all.count == 1 ? nil : all.subtracting([kvm])
    }
    vmOfTask = PerTask()
    slotCount -= slots.removeValue(forKey: kvm)?.count ?? 0
    windows.removeAll { $0.kvm == kvm }
  }

  /// The VM that a notifier belongs to: the one whose `struct kvm` lies right before it.
  func machine(ofNotifier notifier: UInt64) -> UInt64 {
    guard notifier != 0 else { return onlyVM }
    let below = slots.keys.filter { $0 <= notifier && notifier &- $0 < Self.reach }
    return below.max() ?? 0
  }

  mutating func open(_ event: Event) {
    let kvm = machine(ofNotifier: event.span)
    if event.pointer != 0, event.span != 0, vmsOfSpace.count < Self.limit {
      // A VM without known slots counts too, by its notifier.
      vmsOfSpace[event.pointer, default: []].insert(kvm == 0 ? event.span : kvm)
    }
    guard kvm != 0, windows.count < Self.limit else { return }
    windows.append(Window(start: event, kvm: kvm))
  }

  /// The start returned: the newest window of the task is open from now on. The notifiers of several VMs are called one
  /// behind the other.
  mutating func opened(_ event: Event) {
    guard
      let place = windows.lastIndex(where: { $0.start.pid == event.pid && $0.opened == nil })
    else { return }
    windows[place].opened = event
  }

  /// The window that an end closes: that of the same task, the newest first.
  mutating func close(_ event: Event) -> Window? {
    let kvm = machine(ofNotifier: event.span)
    let place = windows.lastIndex {
      $0.kvm == kvm && $0.start.pid == event.pid && $0.start.word == event.word
    }
    return place.map { windows.remove(at: $0) }
  }

  /// The guest frames that lie at user addresses in a range; only of the address space 0.
  func guestFrames(of kvm: UInt64, at addresses: Range<UInt64>) -> [Range<UInt64>] {
    (slots[kvm] ?? [:]).compactMap { id, slot in
      guard id >> 16 == 0 else { return nil }
      let end = slot.address &+ slot.pages &* 4096
      let first = max(slot.address, addresses.lowerBound)
      let last = min(end, addresses.upperBound)
      guard first < last else { return nil }
      let from = slot.gfn &+ (first &- slot.address) >> 12
      return from..<slot.gfn &+ (last &- slot.address &+ 4095) >> 12
    }.sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The user address of a guest frame; nil when no slot holds it.
  func address(of gfn: UInt64, kvm: UInt64) -> UInt64? {
    for (id, slot) in slots[kvm] ?? [:] where id >> 16 == 0 {
      if gfn >= slot.gfn, gfn &- slot.gfn < slot.pages {
        return slot.address &+ (gfn &- slot.gfn) &* 4096
      }
    }
    return nil
  }
}
