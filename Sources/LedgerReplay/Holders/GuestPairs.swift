internal import LedgerCore

// What the host maps at the address of a guest frame, against what the guest maps.
extension Replay {
  private static var pairLimit: Int { 1 << 20 }

  /// A leaf was installed: remembered if the host's entry for its address is known and maps the same page.
  mutating func pair(_ number: UInt32, _ leaf: GuestMapping) {
    guard leaf.level == 1, leaf.space == 0, !holders.host.isEmpty, leaf.kvm != 0,
      let address = holders.machines.address(of: leaf.gfn, kvm: leaf.kvm)
    else { return }
    let named = holders.machines.space(of: leaf.kvm)
    let spaces = named == 0 ? holders.host.spaces(of: leaf.event.pid) : [named]
    for space in spaces {
      guard let entry = holders.host.number(at: address, space: space) else { continue }
      let mapping = holders.host[entry]
      guard mapping.kind == .special, !mapping.isDisputed,
        mapping.maps(leaf.pfn, in: address..<address &+ 4096)
      else { continue }
      if holders.pairs.count >= Self.pairLimit { holders.pairs.removeAll() }
      holders.pairs[HostPlace(space: space, address: address)] = Pair(
        leaf: number, made: leaf.event)
    }
  }

  /// An entry was written where the model saw the old one go: a leaf that was paired with the old one must be gone too.
  mutating func judgePairs(_ mapping: HostMapping) {
    guard !holders.pairs.isEmpty, !mapping.isDisputed, mapping.space != 0 else { return }
    for page in 0..<min(mapping.pages, 4096) {
      let address = mapping.address &+ page &* 4096
      guard
        let pair = holders.pairs.removeValue(
          forKey: HostPlace(space: mapping.space, address: address))
      else { continue }
      let leaf = holders.stageTwo[pair.leaf]
      guard leaf.isLive, leaf.event == pair.made, !leaf.isDisputed, !leaf.isStaleReported,
        leaf.pfn != mapping.pfn &+ page, leaf.event.time < mapping.insertion.time
      else { continue }
      holders.suspicions.append(
        Suspicion(
          holder: .guest(pair.leaf), free: mapping.insertion, pfn: leaf.pfn,
          claim: [.staleInWindow, .hostDiffers], related: [leaf.event, mapping.insertion],
          made: leaf.event))
    }
  }
}
