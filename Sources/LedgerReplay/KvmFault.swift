public import LedgerCore

/// A guest's page fault in which KVM was refused a reference to a page.
///
/// virt/kvm/kvm_main.c:hva_to_pfn_remapped (5.13 to 6.12) asks for a reference with get_page_unless_zero(); on a page
/// whose count is 0 it fails, and KVM_RUN ends with -EFAULT.
public struct KvmFault: Sendable {
  /// `kvm_page_fault` that opened it, or the entry of `hva_to_pfn`.
  public var fault: Event
  /// The lookup of the host address, if `hva_to_pfn` was probed.
  public var lookup: Event?
  /// `page_ref_mod_unless` with ret=0.
  public var refusal: Event
  /// The failed return of `hva_to_pfn`, if it was probed.
  public var lookupFailure: Event?
  /// `kvm_userspace_exit`, if it was recorded.
  public var exit: Event?
  /// The page's state when it was refused.
  var page: PageState
  /// Its block then.
  var block: Block?
  /// The task did other page reference work between the refusal and the end of the fault.
  public var isBlurred: Bool

  /// KVM itself said that the fault failed with -EFAULT, or that it failed.
  public var isConfirmed: Bool {
    if lookupFailure != nil { return true }
    guard let exit else { return false }
    return exit.gaps.contains(.exitErrno) ? exit.value == 0 && !isBlurred : exit.result == -14
  }

  /// libtraceevent's text of the exit lacks the error: KVM_EXIT_UNKNOWN right behind the refusal is all that it shows of one
  /// (arch/x86/kvm/x86.c:vcpu_run sets it before the guest runs, 6.12).
  public var lacksError: Bool {
    lookupFailure == nil && exit?.gaps.contains(.exitErrno) == true
  }
}

/// The page faults of guests in progress, one a vCPU task.
struct VirtualCPUs {
  /// More vCPU tasks than any host has; beyond it the oldest knowledge is dropped.
  private static let limit = 1 << 16
  /// `KVM_PFN_ERR_FAULT`: arch-independent error pfns have these bits. include/linux/kvm_host.h, 5.4 to 7.1
  private static let errorFault: UInt64 = 0x7ff0_0000_0000_0000

  private struct Open {
    let pid: Int32
    var fault: Event
    var lookup: Event?
    var refusal: Refusal?
    var failure: Event?
    var isBlurred = false
  }

  /// A refused reference, with what the ledger knew of the page then.
  struct Refusal {
    var event: Event
    var page: PageState
    var block: Block?
  }

  /// In no order: changed where they are, because an entry is too large to be moved about for each event.
  private var open: [Open] = []
  /// Index in `open` by task.
  private var places: [Int32: Int] = [:]
  /// Faults with a refusal, so that ordinary events need not look further.
  private var refusals = 0

  /// True if the task is in a guest's fault, so that a refusal of it matters.
  func isInFault(_ event: Event) -> Bool { !event.isInInterrupt && places[event.pid] != nil }

  /// `page_ref_mod_unless` with ret=0 in a guest's fault.
  mutating func refuse(_ refusal: Refusal) {
    guard let place = places[refusal.event.pid] else { return }
    if open[place].refusal == nil { refusals += 1 }
    open[place].refusal = refusal
    open[place].isBlurred = false
  }

  /// Any other `page_ref` event: after a refusal it blurs what the fault ended for.
  @inline(__always)
  mutating func sawReference(_ event: Event) {
    if refusals > 0 { blur(event) }
  }

  private mutating func blur(_ event: Event) {
    guard !event.isInInterrupt, let place = places[event.pid], open[place].refusal != nil else {
      return
    }
    open[place].isBlurred = true
  }

  /// `kvm_page_fault`: opens a fault; returns the task's fault before it when that one was refused and never ended.
  mutating func begin(_ event: Event) -> KvmFault? {
    let unfinished = close(event.pid, exit: nil)
    if open.count >= Self.limit {
      open.removeAll()
      places.removeAll()
      refusals = 0
    }
    places[event.pid] = open.count
    open.append(Open(pid: event.pid, fault: event))
    return unfinished
  }

  /// `hva_to_pfn`: the lookup of an open fault, or, where `kvm_page_fault` is not recorded, a fault of its own.
  /// Returns the task's fault before it, as `begin` does.
  mutating func lookup(_ event: Event) -> KvmFault? {
    guard let place = places[event.pid], open[place].fault.kind == .kvmPageFault else {
      return begin(event)
    }
    open[place].lookup = event
    return nil
  }

  mutating func lookupReturned(_ event: Event) {
    guard let place = places[event.pid], open[place].refusal != nil else { return }
    if event.word == Self.errorFault {
      open[place].failure = event
    } else {
      forget(event.pid)
    }
  }

  /// `kvm_mmu_spte_requested`: the page was resolved after all.
  mutating func resolved(_ event: Event) { forget(event.pid) }

  /// `kvm_userspace_exit`: returns the fault if it was refused and the exit does not contradict that.
  mutating func exited(_ event: Event) -> KvmFault? { close(event.pid, exit: event) }

  /// Drops the faults that were last seen on a CPU whose events are missing now.
  mutating func forget(cpu: UInt16) {
    for entry in open where entry.fault.cpu == cpu || entry.refusal?.event.cpu == cpu {
      forget(entry.pid)
    }
  }

  /// At the end of the capture: the refused faults that never ended, by task.
  mutating func finish() -> [KvmFault] {
    places.keys.sorted().compactMap { close($0, exit: nil) }
  }

  private mutating func forget(_ pid: Int32) {
    guard let place = places.removeValue(forKey: pid) else { return }
    if open[place].refusal != nil { refusals -= 1 }
    let last = open.removeLast()
    guard place < open.count else { return }
    open[place] = last
    places[last.pid] = place
  }

  private mutating func close(_ pid: Int32, exit: Event?) -> KvmFault? {
    guard let place = places[pid] else { return nil }
    let entry = open[place]
    forget(pid)
    guard let refusal = entry.refusal else { return nil }
    if let exit, !exit.gaps.contains(.exitErrno), exit.result != -14 { return nil }
    return KvmFault(
      fault: entry.fault, lookup: entry.lookup, refusal: refusal.event,
      lookupFailure: entry.failure, exit: exit, page: refusal.page, block: refusal.block,
      isBlurred: entry.isBlurred)
  }
}

extension Event {
  /// The record was written in an interrupt, so that its task is not its cause.
  var isInInterrupt: Bool { context & 0x58 != 0 }
}
