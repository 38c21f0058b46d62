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

  private var open: [Int32: Open] = [:]
  /// Faults with a refusal, so that ordinary events need not look further.
  private var refusals = 0

  /// True if the task is in a guest's fault, so that a refusal of it matters.
  func isInFault(_ event: Event) -> Bool { !event.isInInterrupt && open[event.pid] != nil }

  /// `page_ref_mod_unless` with ret=0 in a guest's fault.
  mutating func refuse(_ refusal: Refusal) {
    guard var entry = open[refusal.event.pid] else { return }
    if entry.refusal == nil { refusals += 1 }
    entry.refusal = refusal
    entry.isBlurred = false
    open[refusal.event.pid] = entry
  }

  /// Any other `page_ref` event: after a refusal it blurs what the fault ended for.
  @inline(__always)
  mutating func sawReference(_ event: Event) {
    if refusals > 0 { blur(event) }
  }

  private mutating func blur(_ event: Event) {
    guard !event.isInInterrupt, open[event.pid]?.refusal != nil else { return }
    open[event.pid]?.isBlurred = true
  }

  /// `kvm_page_fault`: opens a fault; returns the task's fault before it when that one was refused and never ended.
  mutating func begin(_ event: Event) -> KvmFault? {
    let unfinished = close(event.pid, exit: nil)
    if open.count >= Self.limit {
      open.removeAll()
      refusals = 0
    }
    open[event.pid] = Open(fault: event)
    return unfinished
  }

  /// `hva_to_pfn`: the lookup of an open fault, or, where `kvm_page_fault` is not recorded, a fault of its own.
  /// Returns the task's fault before it, as `begin` does.
  mutating func lookup(_ event: Event) -> KvmFault? {
    guard open[event.pid]?.fault.kind == .kvmPageFault else { return begin(event) }
    open[event.pid]?.lookup = event
    return nil
  }

  mutating func lookupReturned(_ event: Event) {
    guard let entry = open[event.pid], entry.refusal != nil else { return }
    if event.word == Self.errorFault {
      open[event.pid]?.failure = event
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
    for (pid, entry) in open where entry.fault.cpu == cpu || entry.refusal?.event.cpu == cpu {
      forget(pid)
    }
  }

  /// At the end of the capture: the refused faults that never ended, by task.
  mutating func finish() -> [KvmFault] {
    open.keys.sorted().compactMap { close($0, exit: nil) }
  }

  private mutating func forget(_ pid: Int32) {
    if open.removeValue(forKey: pid)?.refusal != nil { refusals -= 1 }
  }

  private mutating func close(_ pid: Int32, exit: Event?) -> KvmFault? {
    guard let entry = open[pid] else { return nil }
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
