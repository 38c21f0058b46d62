internal import LedgerCore

// The events that tell who holds pages without a reference.
extension Replay {
  mutating func hold(_ event: Event) {
    switch event.kind {
    case .insertPfn, .insertHuge, .remapRange: insertFrames(event)
    case .insertPfnReturn, .insertHugeReturn, .remapRangeReturn: insertReturned(event)
    case .insertPage, .insertPages: insertPage(event)
    case .insertPageReturn, .insertPagesReturn: insertPageReturned(event)
    case .unmapRange: unmap(event)
    case .copyRange: copy(event)
    case .moveTables: moveEntries(event)
    case .migrationSet, .migrationHugeSet: migrationSet(event)
    case .migrationRemoved, .migrationHugeRemoved: migrationRemoved(event)
    case .writeCopy: copyOnWrite(event)
    case .protect: protect(event)
    case .userFault: if !holders.host.isEmpty { userFault(event) }
    case .lruInsertion, .lruActivate:
      holders.geometry.learn(address: event.word, pfn: event.pfn)
    case .iommuMap, .dmaMap, .iommuUnmap, .dmaUnmap: deviceMapping(event)
    case .dmaMapSg: holders.devices.mapEntry(event)
    case .dmaUnmapSg: if !holders.devices.unmapEntry(event) { noteUnclearDevice() }
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
    case .vmaStore, .vmaErase, .exitMmap: spaceChanged(event)
    case .objectUnmap: holders.objects.unmapVirtual(event)
    case .objectMove: holders.objects.beginMove(event)
    case .grab: holders.grabs[event.pid] = event
    case .grabReturn: grabReturned(event)
    case .ttmPopulate: holders.populations.begin(event)
    case .ttmPopulateReturn: holders.populations.end(event)
    case .ttmRelease: holders.populations.release(event)
    case .badPage: pageGoneBad(event)
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
    case .notifierStartReturn: holders.machines.opened(event)
    case .notifierEnd: windowEnds(event)
    case .unmapHva: addressesUnmapped(event)
    case .dropSpte: entryDropped(event)
    case .vcpuMap: vcpuMapped(event)
    case .vcpuMapReturn: vcpuMapReturned(event)
    case .vcpuUnmap:
      holders.letGo.note(event)
      holders.vcpuMaps[event.pointer] = nil
    default: break
    }
  }

  private mutating func deviceMapping(_ event: Event) {
    let isMap = event.kind == .iommuMap || event.kind == .dmaMap
    let isClear = isMap ? holders.devices.map(event) : holders.devices.unmap(event)
    if !isClear { observations.unclearDeviceAddresses &+= 1 }
  }

  private mutating func noteUnclearDevice() { observations.unclearDeviceAddresses &+= 1 }

  /// A gap in the events: who let go in it is not known.
  mutating func forgetHolders() {
    let geometry = holders.geometry
    holders = Holders()
    holders.geometry = geometry
  }
}
