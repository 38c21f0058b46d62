internal import LedgerCore

// Areas of address spaces, by tracepoints and by what probes say beside their own business.
extension Replay {
  /// mm/mmap.c: `vma_store`, `vma_mas_szero` and `exit_mmap`, 6.1 to 6.14; the last one stays.
  mutating func spaceChanged(_ event: Event) {
    // A kernel that has just begun prints no addresses, so that nobody knows whose area it is.
    guard event.pointer != 0 || event.word != 0 && event.kind == .exitMmap else { return }
    let space = holders.vmas.space(ofTree: event.pointer)
    let (end, overflow) = event.span.addingReportingOverflow(1)
    switch event.kind {
    case .exitMmap: spaceGone(event)
    case _ where overflow || end <= event.word || end > HostTables.addressLimit: break
    case .vmaStore:
      let old = holders.vmas.area(at: event.word, space: space, vma: event.extra)
      let flags = old?.vma == event.extra ? old?.flags : nil
      holders.vmas.set(
        MemoryArea(addresses: event.word..<end, vma: event.extra, flags: flags ?? 0), space: space)
    default: holders.vmas.erase(event.word..<end, space: space)
    }
  }

  /// mm/mmap.c:exit_mmap, traced behind unmap_vmas(): no entry of the process is left.
  private mutating func spaceGone(_ event: Event) {
    holders.vmas.learn(space: event.word, tree: event.pointer)
    let space = event.word == 0 ? holders.vmas.space(ofTree: event.pointer) : event.word
    holders.vmas.remove(space: space)
    guard space != 0, space != HostTables.unnamed else { return }
    holders.host.remove(0..<UInt64.max, space: space) { _ in }
  }

  /// An insertion names its vma, and may say its flags; the object that the vma shows knows where it ends.
  mutating func noteArea(_ event: Event) {
    guard event.pointer != 0 else { return }
    let flags = UInt32(bitPattern: event.value)
    if let showing = holders.objects.showings[event.extra], showing.event.span > 0,
      showing.covers(event.word),
      holders.vmas.area(at: event.word, space: event.pointer)?.vma != event.extra
    {
      holders.vmas.set(
        MemoryArea(
          addresses: showing.event.word..<max(showing.event.word, showing.event.span),
          vma: event.extra, flags: flags), space: event.pointer)
    }
    holders.vmas.note(flags: flags, vma: event.extra, at: event.word, space: event.pointer)
  }

  /// The event with the flags of its vma, where it does not say them itself.
  mutating func withFlags(_ event: Event) -> Event {
    guard event.value == 0, event.pointer != 0,
      let area = holders.vmas.area(at: event.word, space: event.pointer, vma: event.extra)
    else { return event }
    var event = event
    event.value = Int32(bitPattern: area.flags)
    return event
  }

  /// The area that a mapping lies in, in words.
  func areaWords(_ mapping: HostMapping) -> String {
    let area = holders.vmas.area(at: mapping.address, space: mapping.space, vma: mapping.vma)
    let flags = mapping.flags != 0 ? mapping.flags : area?.flags ?? 0
    var words: [String] = []
    if let area {
      words.append("\(hex(area.addresses.lowerBound))-\(hex(area.addresses.upperBound))")
    }
    if flags != 0 { words.append("vm_flags \(hex(UInt64(flags)))") }
    if words.isEmpty { return "" }
    return ", vma " + words.joined(separator: ", ")
  }
}
