internal import LedgerCore

// The events that tell who holds pages without a reference.
extension Replay {
  mutating func hold(_ event: Event) {
    switch event.kind {
    case .insertPfn, .insertHuge, .remapRange: insertFrames(event)
    case .insertPfnReturn, .insertHugeReturn, .remapRangeReturn: insertReturned(event)
    case .insertPage: insertPage(event)
    case .insertPageReturn: insertPageReturned(event)
    case .unmapRange: unmap(event)
    case .copyRange: copy(event)
    case .moveTables: moveEntries(event)
    case .writeCopy: copyOnWrite(event)
    case .protect: protect(event)
    case .userFault: if !holders.host.isEmpty { userFault(event) }
    case .lruInsertion, .lruActivate:
      holders.geometry.learn(address: event.word, pfn: event.pfn)
    case .iommuMap, .dmaMap, .iommuUnmap, .dmaUnmap: deviceMapping(event)
    default: holdRarely(event)
    }
  }

  private mutating func holdRarely(_ event: Event) {
    switch event.kind {
    case .gupFast, .gupSlow: holders.users.begin(event)
    case .gupFastReturn: userPagesReturned(event, of: .gupFast)
    case .gupSlowReturn: userPagesReturned(event, of: .gupSlow)
    case .followPte: holders.lookups[event.pid] = event
    case .followPteReturn: lookupReturned(event)
    case .dmabufMmap, .objectMmap: holders.objects.show(event)
    case .dmabufMmapReturn: holders.objects.returned(event)
    case .objectMove: holders.objects.beginMove(event)
    case .objectMoveReturn: objectMoved(event)
    case .freePages: ownerFrees(event)
    default: holdForGuests(event)
    }
  }

  private mutating func holdForGuests(_ event: Event) {
    switch event.kind {
    case .spteChanged: entryChanged(event)
    case .changedSpte: holders.changing[event.pid] = event
    case .zapAllFast: holders.stageTwo.disputeAll()
    case .memslot: slotChanged(event)
    case .destroyVM: machineDestroyed(event)
    case .notifierStart: windowBegins(event)
    case .notifierEnd: windowEnds(event)
    case .vcpuMap where holders.vcpuMaps.count < 1 << 16: holders.vcpuMaps[event.pointer] = event
    case .vcpuMapReturn: vcpuMapReturned(event)
    case .vcpuUnmap: holders.vcpuMaps[event.pointer] = nil
    default: break
    }
  }

  private mutating func deviceMapping(_ event: Event) {
    let isMap = event.kind == .iommuMap || event.kind == .dmaMap
    let isClear = isMap ? holders.devices.map(event) : holders.devices.unmap(event)
    if !isClear { observations.unclearDeviceAddresses &+= 1 }
  }

  /// A gap in the events: who let go in it is not known.
  mutating func forgetHolders() {
    let geometry = holders.geometry
    holders = Holders()
    holders.geometry = geometry
  }
}
