import LedgerCore

/// Finds words of a complaint that are one byte off: from what the kernel prints twice, and from what it prints always.
///
/// A word that no rule here knows is the kernel's own and is believed.
struct DamagedWords {
  /// A line told where the processor was in a way that is not read here.
  private var hasCounter = false
  /// The function where the processor was.
  private var function: String?
  /// Words differ from their repetition.
  private var isContradicted = false

  /// The same words were printed before.
  mutating func require(_ words: some StringProtocol, toBe known: String) {
    if words != known { isContradicted = true }
  }

  /// Takes a line of the complaint's printer.
  mutating func take(_ text: Substring, _ complaint: KernelComplaint) {
    if let name = text.programCounter?.function {
      guard function == nil else { return }
      function = name
      if complaint.kind != .refcount, Self.isNear(name, complaint.function) {
        isContradicted = true
      }
    } else if Self.counters.contains(where: text.hasPrefix) {
      hasCounter = true
    }
  }

  /// Takes the line behind the end of the trace (arch/x86/kernel/dumpstack.c:oops_end, 5.4 to 7.1).
  mutating func takeSummary(_ text: Substring) {
    if let name = text.programCounter?.function, let function { require(name, toBe: function) }
  }

  /// riscv, s390, powerpc, loongarch, sparc, and what 32 bits and kernels before 5.4 have.
  private static let counters = [
    "epc : ", "Krnl PSW", "NIP: ", "NIP [", "EIP: ", "EIP is at", "PC is at", "ERA: ", "TPC: ",
    "RIP: 0010:[<",
    "RIP  [<",
  ]

  /// True if words of a whole complaint are no kernel's.
  func isDamaged(_ complaint: KernelComplaint) -> Bool {
    if isContradicted { return true }
    let file = complaint.site.prefix { $0 != ":" }
    if isOff(String(file), ComplaintSite.files) { return true }
    switch complaint.kind {
    case .badPageState, .badPageMap, .badPageCache:
      let length = complaint.reason.count
      // The end of its line became a letter, and the next line was told apart by its time.
      if Self.reasons.contains(String(complaint.reason.dropLast())) { return true }
      return isOff(complaint.reason, Self.reasons.map { String($0.prefix(max(length, 8))) })
    case .badSwapEntry:
      return isOff(complaint.function, Self.swapFunctions)
    // mm/kasan/report.c:print_error_description names the task in the second line.
    case .kasan:
      return complaint.process.isEmpty || isOff(complaint.reason, Self.accesses)
        || isOneFunctionOff(complaint)
    case .kernelBug, .pageReference, .pageWarning, .kvm, .graphics:
      return !complaint.function.isEmpty && !hasCounter && isElsewhere(complaint)
    default: return false
    }
  }

  /// The registers tell another function; without them a BUG has one from its stack alone, which is that of a caller.
  private func isElsewhere(_ complaint: KernelComplaint) -> Bool {
    if let function { return function != complaint.function }
    return complaint.lines.contains { $0.text.hasPrefix("kernel BUG at ") }
  }

  /// No word of a list, and near to one.
  private func isOff(_ word: String, _ known: [String]) -> Bool {
    !known.contains(word) && known.contains { Self.isNear(word, $0) }
  }

  /// The function that KASAN names stands in its stack as well; where the report was decoded, as one without an offset.
  private func isOneFunctionOff(_ complaint: KernelComplaint) -> Bool {
    let name = complaint.function
    guard name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_.$".contains($0)) })
    else {
      return true
    }
    let own = complaint.paths.first { $0.role == .complaint }?.frames ?? []
    let names = own.map { String($0.name.prefix { $0 != "\t" }) }
    let isRaw = complaint.lines.contains { $0.text.contains(" in \(name)+0x") }
    return isRaw && names.count > 3 ? !names.contains(name) : isOff(name, names)
  }

  /// Of the same length, with one other byte.
  private static func isNear(_ word: some StringProtocol, _ known: some StringProtocol) -> Bool {
    guard word.utf8.count == known.utf8.count else { return false }
    var wrong = 0
    for (one, other) in zip(word.utf8, known.utf8) where one != other {
      wrong += 1
      if wrong == 2 { return false }
    }
    return wrong == 1
  }

  /// mm/page_alloc.c:page_bad_reason, free_tail_page_prepare, check_new_page_bad (5.4 to 7.1)
  private static let reasons = [
    "nonzero mapcount", "nonzero _refcount", "non-NULL mapping", "page_pool leak",
    "PAGE_FLAGS_CHECK_AT_PREP flag(s) set", "PAGE_FLAGS_CHECK_AT_FREE flag(s) set",
    "PAGE_FLAGS_CHECK_AT_PREP flag set", "PAGE_FLAGS_CHECK_AT_FREE flag set",
    "page still charged to cgroup", "nonzero compound_mapcount", "nonzero entire_mapcount",
    "nonzero large_mapcount", "nonzero pincount", "nonzero nr_pages_mapped", "on deferred list",
    "corrupted mapping in tail page", "PageTail not set", "compound_head not consistent",
    "HWPoisoned (hardware-corrupted)", "still mapped when deleted", "bad pte", "bad page map",
  ]

  /// mm/kasan/report_generic.c:get_shadow_bug_type and kasan_get_bug_type, mm/kasan/report.c (5.4 to 7.1)
  private static let accesses = [
    "use-after-free", "slab-use-after-free", "out-of-bounds", "slab-out-of-bounds",
    "global-out-of-bounds", "stack-out-of-bounds", "alloca-out-of-bounds",
    "vmalloc-out-of-bounds", "use-after-scope", "double-free", "invalid-free", "invalid-access",
    "double-free or invalid-free", "null-ptr-deref", "user-memory-access", "wild-memory-access",
    "unknown-crash",
  ]

  /// mm/swapfile.c, 5.4 to 7.1
  private static let swapFunctions = [
    "swap_free", "swap_dup", "swap_duplicate", "__swap_duplicate", "swap_info_get",
    "_swap_info_get", "get_swap_device", "swap_entry_free", "swap_put_entries_direct",
  ]
}
