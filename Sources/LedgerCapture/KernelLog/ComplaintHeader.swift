import LedgerCore

/// Recognises the line that a complaint of the kernel begins with.
enum ComplaintHeader {
  /// What a line says.
  enum Finding {
    case complaint(KernelComplaint)
    /// `BUG: Bad page state: 12 messages suppressed`
    case suppressed(ComplaintKind, UInt64)
  }

  /// The meaning of an undressed line; nil for nearly all of them.
  static func read(_ line: Substring) -> Finding? {
    if let rest = line.behind(prefix: "BUG: ") { return bug(rest) }
    if let rest = line.behind(prefix: "WARNING: ") { return warning(rest).map { .complaint($0) } }
    if let rest = line.behind(prefix: "kernel BUG at ") { return kernelBug(rest) }
    if let rest = line.behind(prefix: "refcount_t: ") { return .complaint(refcount(rest)) }
    if let dump = PageDump(line) { return .complaint(dump.complaint) }
    return swapEntry(line).map { .complaint($0) }
  }

  /// A whole complaint whose front was torn off, or behind words of another line.
  static func readTorn(_ line: Substring) -> Finding? {
    guard let rest = line.behind("BUG: Bad "), case .complaint(var found)? = bug("Bad " + rest),
      found.kind == .badCounter || found.pfn != nil
    else { return nil }
    found.isDamaged = true
    return .complaint(found)
  }

  private static func bug(_ rest: Substring) -> Finding? {
    if let rest = rest.behind(prefix: "KASAN: ") { return kasan(rest).map { .complaint($0) } }
    if let rest = rest.behind(prefix: "Bad rss-counter state ") {
      return .complaint(counter(rest))
    }
    if let rest = rest.behind(prefix: "non-zero pgtables_bytes on freeing mm: ") {
      var complaint = KernelComplaint(kind: .badCounter)
      complaint.reason = "page tables left"
      complaint.isDamaged = rest.signed == nil
      return .complaint(complaint)
    }
    for (name, kind) in badPages {
      guard let rest = rest.behind(prefix: name) else { continue }
      if let count = rest.behind(prefix: ": ")?.decimal {
        return .suppressed(kind, count)
      }
      return rest.behind(prefix: " in process ").map { .complaint(bad(kind, $0)) }
    }
    return nil
  }

  private static let badPages: [(String, ComplaintKind)] = [
    ("Bad page state", .badPageState), ("Bad page map", .badPageMap),
    ("Bad page cache", .badPageCache),
  ]

  /// `comm  pfn:12345`, `comm  pte:8000 pmd:7000`; the name of a task may hold blanks.
  private static func bad(_ kind: ComplaintKind, _ rest: Substring) -> KernelComplaint {
    var complaint = KernelComplaint(kind: kind)
    let key = kind == .badPageMap ? "" : " pfn:"
    if !key.isEmpty, let name = rest.before(key) {
      complaint.process = String(name.trimmed.prefix(32))
      // `%05lx`: a shorter number has lost its end.
      let number = rest.behind(key) ?? ""
      complaint.pfn = number.prefix { $0.isHexDigit }.count < 5 ? nil : number.frame
      complaint.isDamaged = complaint.pfn == nil
      return complaint
    }
    let levels = [" pte:", " pmd:", " pud:", " p4d:", " pgd:"]
    let names = levels.compactMap { rest.before($0) }
    let name = names.min { $0.endIndex < $1.endIndex }
    complaint.process = String((name ?? rest).trimmed.prefix(32))
    complaint.isDamaged = name == nil || kind != .badPageMap
    return complaint
  }

  /// `mm:00000000abcd type:MM_ANONPAGES val:-1`, before 5.5 `idx:1`, in places with `Comm:x Pid:1` behind it.
  private static func counter(_ rest: Substring) -> KernelComplaint {
    var complaint = KernelComplaint(kind: .badCounter)
    let type = rest.behind("type:") ?? rest.behind("idx:").map { "counter " + $0 } ?? ""
    let value = rest.behind("val:")?.signed
    let name = type.hasPrefix("counter ") ? type.prefix { $0 != "v" }.trimmed : type.word
    complaint.reason = String(name.prefix(32))
    complaint.isDamaged = value == nil || name.isEmpty
    if let comm = rest.behind("Comm:") {
      complaint.process = String((comm.before(" Pid:") ?? comm).prefix(32))
      complaint.pid = comm.behind(" Pid:")?.signed ?? -1
    }
    return complaint
  }

  /// `slab-use-after-free in xas_start+0x1ef/0x7b0`
  private static func kasan(_ rest: Substring) -> KernelComplaint? {
    guard let what = rest.before(" in "), let place = rest.behind(" in "), what.count <= 60 else {
      return nil
    }
    var complaint = KernelComplaint(kind: .kasan)
    complaint.reason = String(what)
    complaint.function = place.function ?? String(place.word.prefix(80).prefix { $0 != "+" })
    return complaint
  }

  private static func refcount(_ rest: Substring) -> KernelComplaint {
    var complaint = KernelComplaint(kind: .refcount)
    complaint.reason = String(rest.prefix(60).prefix { $0 != "." })
    return complaint
  }

  /// `swap_free: Bad swap file entry 1000000`; the function's name changed over the versions.
  private static func swapEntry(_ line: Substring) -> KernelComplaint? {
    guard let name = line.before(": "), name.count <= 40, name.contains("swap"),
      name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }),
      let rest = line.behind(": ")
    else { return nil }
    let words = [
      "Bad swap file entry", "Unused swap file entry", "Bad swap offset entry",
      "Unused swap offset entry",
    ]
    guard let what = words.first(where: { rest.hasPrefix($0) }) else { return nil }
    var complaint = KernelComplaint(kind: .badSwapEntry)
    complaint.reason = what
    complaint.function = String(name)
    complaint.isDamaged = rest.dropFirst(what.count).trimmed.hex == nil
    return complaint
  }
}

extension ComplaintHeader {
  /// `mm/page_alloc.c:1134!`
  private static func kernelBug(_ rest: Substring) -> Finding? {
    guard let path = rest.before("!"), path.behind(":")?.decimal != nil else { return nil }
    let site = ComplaintSite(path: path.split(separator: " ").last ?? path, function: "")
    return site.kind(isBug: true).map { .complaint(complaint($0, site)) }
  }

  /// `CPU: 1 PID: 83 at mm/gup.c:130 try_grab_folio+0x1/0x2`; from 6.19 `mm/gup.c:130 at try_grab_folio+0x1/0x2, CPU#1: comm/83`,
  /// with the condition in brackets before it where the kernel keeps it. kernel/panic.c:__warn
  private static func warning(_ rest: Substring) -> KernelComplaint? {
    if rest.hasPrefix("CPU: ") { return oldWarning(rest) }
    var rest = rest
    if rest.hasPrefix("["), let behind = rest.behind("] ") { rest = behind }
    guard let path = rest.before(" at "), !path.contains(" "),
      let place = rest.behind(" at "), let task = place.behind(", CPU#")
    else { return nil }
    let site = ComplaintSite(path: path, function: place)
    guard var found = site.kind(isBug: false).map({ complaint($0, site) }) else { return nil }
    found.cpu = task.cpu ?? -1
    guard let name = task.behind(": "), let slash = name.lastIndex(of: "/") else {
      found.isDamaged = true
      return found
    }
    found.process = String(name[..<slash].prefix(32))
    found.pid = name[name.index(after: slash)...].signed ?? -1
    return found
  }

  private static func oldWarning(_ rest: Substring) -> KernelComplaint? {
    guard let place = rest.behind(" at ") else { return nil }
    let words = place.split(separator: " ", maxSplits: 2)
    guard let path = words.first, path.contains(":") else { return nil }
    let site = ComplaintSite(path: path, function: words.count > 1 ? words[1] : "")
    guard var found = site.kind(isBug: false).map({ complaint($0, site) }) else { return nil }
    found.cpu = rest.behind("CPU: ")?.cpu ?? -1
    found.pid = rest.behind("PID: ")?.signed ?? -1
    found.isDamaged = words.count < 2
    return found
  }

  private static func complaint(_ kind: ComplaintKind, _ site: ComplaintSite) -> KernelComplaint {
    var complaint = KernelComplaint(kind: kind)
    complaint.site = String(site.path.prefix(120))
    complaint.function = String(site.function.prefix(80))
    return complaint
  }
}
