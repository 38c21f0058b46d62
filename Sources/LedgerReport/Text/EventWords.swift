public import LedgerCore

extension Event {
  /// The slots that the event's kind uses, `name=value`, in the kernel's own words.
  public var words: String {
    var parts: [String] = []
    if pfn != Event.noFrame { parts.append("pfn=\(NumberText.hex(pfn))") }
    switch kind {
    case _ where kind.isPageRef: parts += pageRefWords
    case .pageAlloc:
      parts.append("order=\(order)")
      parts.append(gaps.contains(.gfp) ? "gfp_flags=?" : "gfp_flags=\(NumberText.hex(word))")
      parts.append("migratetype=\(value)")
    case .pageFree, .pageFreeBatched: parts.append("order=\(order)")
    case .kvmPageFault:
      parts += ["gpa=\(NumberText.hex(word))", "error_code=\(NumberText.hex(pointer))"]
    case .kvmSpteRequested: parts += ["gfn=\(NumberText.hex(word))", "level=\(order)"]
    case .kvmSetSpte:
      parts += ["gfn=\(NumberText.hex(pointer))", "spte=\(NumberText.hex(word))", "level=\(order)"]
    case .kvmUserspaceExit:
      parts.append("reason=\(value)")
      parts.append(gaps.contains(.exitErrno) ? "errno=?" : "errno=\(result)")
    case .hvaToPfn: parts.append("hva=\(NumberText.hex(word))")
    case .hvaToPfnReturn: parts.append("ret=\(NumberText.hex(word))")
    case .splitPage, .prepCompoundPage: parts.append("order=\(order)")
    case .gapOpens: break
    case .gapCloses: parts.append(value > 0 ? "lost=\(value)" : "lost=?")
    default: break
    }
    return parts.joined(separator: " ")
  }

  private var pageRefWords: [String] {
    var parts = ["count=\(count)", "mapcount=\(mapcount)"]
    switch kind {
    case .pageRefModAndTest, .pageRefModAndReturn, .pageRefModUnless:
      parts += ["val=\(value)", "ret=\(result)"]
    default: parts.append("val=\(value)")
    }
    if !gaps.contains(.pageFlags) { parts.append("flags=\(NumberText.hex(word))") }
    return parts
  }
}
