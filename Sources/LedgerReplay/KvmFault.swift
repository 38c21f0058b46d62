public import LedgerCore

/// A guest's page fault in which KVM was refused a reference to a page.
///
/// virt/kvm/kvm_main.c:hva_to_pfn_remapped (5.13 to 6.12) asks for a reference with get_page_unless_zero(); on a page
/// whose count is 0 it fails, and KVM_RUN ends with -EFAULT.
///
/// A class, because transitions are moved about and most have no fault.
public final class KvmFault: Sendable {
  /// `kvm_page_fault` that opened it, or the entry of `hva_to_pfn`.
  public let fault: Event
  /// The lookup of the host address, if `hva_to_pfn` was probed.
  public let lookup: Event?
  /// `page_ref_mod_unless` with ret=0.
  public let refusal: Event
  /// The failed return of `hva_to_pfn`, if it was probed.
  public let lookupFailure: Event?
  /// `kvm_userspace_exit`, if it was recorded.
  public let exit: Event?
  /// The page's state when it was refused.
  let page: PageState
  /// Its block then.
  let block: BlockView?
  /// The page was a tail of a whole block then.
  let isTail: Bool
  /// The task did other page reference work between the refusal and the end of the fault.
  public let isBlurred: Bool

  fileprivate init(_ task: borrowing VirtualCPUs.Task, _ refusal: Event, exit: Event?) {
    fault = task.fault
    lookup = task.lookup
    self.refusal = refusal
    lookupFailure = task.failure
    self.exit = exit
    page = task.page
    block = task.block
    isTail = task.isTail
    isBlurred = task.isBlurred
  }

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
  /// More vCPU tasks than any host has; beyond it those that are in no fault are dropped.
  private static let limit = 1 << 16
  /// `KVM_PFN_ERR_FAULT`: arch-independent error pfns have these bits. include/linux/kvm_host.h, 5.4 to 7.1
  private static let errorFault: UInt64 = 0x7ff0_0000_0000_0000

  /// A task that had a guest's fault, and the one that it is in.
  fileprivate struct Task {
    var isInFault = false
    var fault: Event
    var lookup: Event?
    /// The refused reference, with what the ledger knew of the page then.
    var refusal: Event?
    var page = PageState()
    var block: BlockView?
    var isTail = false
    var failure: Event?
    var isBlurred = false
  }

  /// By pid; a task stays when its fault has ended, because it is too large to be moved about for each event.
  private var tasks = FewMap<Int32, Task>()
  /// Faults with a refusal, so that ordinary events need not look further.
  private var refusals = 0

  /// True if the task is in a guest's fault, so that a refusal of it matters.
  func isInFault(_ event: Event) -> Bool { !event.isInInterrupt && open(event.pid) != nil }

  /// The index of a task that is in a fault.
  private func open(_ pid: Int32) -> Int? {
    guard let place = tasks.place(of: pid), tasks[at: place].isInFault else { return nil }
    return place
  }

  /// `page_ref_mod_unless` with ret=0 in a guest's fault.
  mutating func refuse(_ event: Event, page: PageState, block: BlockView?, isTail: Bool) {
    guard let place = open(event.pid) else { return }
    if tasks[at: place].refusal == nil { refusals += 1 }
    tasks[at: place].refusal = event
    tasks[at: place].page = page
    tasks[at: place].block = block
    tasks[at: place].isTail = isTail
    tasks[at: place].isBlurred = false
  }

  /// Any other `page_ref` event: after a refusal it blurs what the fault ended for.
  @inline(__always)
  mutating func sawReference(_ event: Event) {
    if refusals > 0 { blur(event) }
  }

  private mutating func blur(_ event: Event) {
    guard !event.isInInterrupt, let place = open(event.pid), tasks[at: place].refusal != nil else {
      return
    }
    tasks[at: place].isBlurred = true
  }

  /// `kvm_page_fault`: opens a fault; returns the task's fault before it when that one was refused and never ended.
  mutating func begin(_ event: Event) -> KvmFault? {
    guard let place = tasks.place(of: event.pid) else {
      add(event)
      return nil
    }
    let unfinished = close(place, exit: nil)
    tasks[at: place].isInFault = true
    tasks[at: place].fault = event
    return unfinished
  }

  private mutating func add(_ event: Event) {
    if tasks.count >= Self.limit { dropResting() }
    tasks.add(event.pid, Task(isInFault: true, fault: event))
  }

  /// Makes room: keeps the tasks that are in a fault, unless that would be most of them.
  private mutating func dropResting() {
    let kept = tasks.keys.indices.filter { tasks[at: $0].isInFault }
    var rest = FewMap<Int32, Task>()
    if kept.count <= Self.limit / 2 {
      for place in kept { rest.add(tasks.keys[place], tasks[at: place]) }
    }
    tasks = rest
    refusals = rest.values.count { $0.refusal != nil }
  }

  /// `hva_to_pfn`: the lookup of an open fault, or, where `kvm_page_fault` is not recorded, a fault of its own.
  /// Returns the task's fault before it, as `begin` does.
  mutating func lookup(_ event: Event) -> KvmFault? {
    guard let place = open(event.pid), tasks[at: place].fault.kind == .kvmPageFault else {
      return begin(event)
    }
    tasks[at: place].lookup = event
    return nil
  }

  mutating func lookupReturned(_ event: Event) {
    guard let place = open(event.pid), tasks[at: place].refusal != nil else { return }
    if event.word == Self.errorFault {
      tasks[at: place].failure = event
    } else {
      rest(place)
    }
  }

  /// `kvm_mmu_spte_requested`: the page was resolved after all.
  mutating func resolved(_ event: Event) {
    if let place = open(event.pid) { rest(place) }
  }

  /// `kvm_userspace_exit`: returns the fault if it was refused and the exit does not contradict that.
  mutating func exited(_ event: Event) -> KvmFault? {
    tasks.place(of: event.pid).flatMap { close($0, exit: event) }
  }

  /// Drops the faults that were last seen on a CPU whose events are missing now.
  mutating func forget(cpu: UInt16) {
    for place in tasks.keys.indices
    where tasks[at: place].fault.cpu == cpu || tasks[at: place].refusal?.cpu == cpu {
      rest(place)
    }
  }

  /// At the end of the capture: the refused faults that never ended, by task.
  mutating func finish() -> [KvmFault] {
    let inOrder = tasks.keys.indices.sorted { tasks.keys[$0] < tasks.keys[$1] }
    return inOrder.compactMap { close($0, exit: nil) }
  }

  /// The task is in no fault any more.
  private mutating func rest(_ place: Int) {
    if tasks[at: place].refusal != nil {
      refusals -= 1
      tasks[at: place].refusal = nil
    }
    tasks[at: place].lookup = nil
    tasks[at: place].failure = nil
    tasks[at: place].isBlurred = false
    tasks[at: place].isInFault = false
  }

  private mutating func close(_ place: Int, exit: Event?) -> KvmFault? {
    defer { rest(place) }
    guard let refusal = tasks[at: place].refusal else { return nil }
    if let exit, !exit.gaps.contains(.exitErrno), exit.result != -14 { return nil }
    return KvmFault(tasks[at: place], refusal, exit: exit)
  }
}

extension Event {
  /// The record was written in an interrupt, so that its task is not its cause.
  var isInInterrupt: Bool { context & 0x58 != 0 }
}
