import LedgerCore

/// Legal things that kernels do to pages; each is a story that a stream weaves together with others.
enum Story: Int, CaseIterable {
  case single, plain, compound, split, exact, heldHead, bulk, frozen, fragment
  case ownersFree, special, forked, moved, privateMapping, guest, keptGuest
  case pinFast, pinSlow, longPin, buffer, dma, iommu, sharedBuffer, lookup, vcpu
  case scatter, migrated, hostAndGuest

  func write(_ script: inout Script) {
    switch self {
    case .single, .plain, .compound: writeLife(&script)
    case .split, .exact, .heldHead, .bulk, .frozen, .fragment: writeRare(&script)
    case .ownersFree:
      let pfn = script.place.pfn
      script.alloc(pfn)
      script.traffic(pfn)
      script.emit(.freePages) { $0.pfn = pfn }
      script.putAndFree(pfn)
    case .special, .forked, .moved, .privateMapping: writeMapping(&script)
    case .guest, .keptGuest: writeGuest(&script)
    case .pinFast, .pinSlow, .longPin: writePin(&script)
    case .buffer: writeBuffer(&script)
    case .dma, .iommu, .lookup, .scatter: writeDevice(&script)
    case .migrated: writeMigration(&script)
    case .hostAndGuest: writeHostAndGuest(&script)
    case .sharedBuffer, .vcpu: writeObject(&script)
    }
  }

  private func writeLife(_ script: inout Script) {
    let pfn = script.place.pfn
    let order: UInt8 = self == .single ? 0 : UInt8(script.chance.number(1...4))
    for _ in 0..<script.chance.number(1...2) {
      script.alloc(pfn, order, compound: self == .compound)
      script.traffic(pfn)
      script.putAndFree(pfn, order)
    }
  }

  private func writeRare(_ script: inout Script) {
    let pfn = script.place.pfn
    switch self {
    case .split:
      script.alloc(pfn, 2)
      for page in 1...3 as ClosedRange<UInt64> { script.set(pfn + page) }
      for page in 0...3 as ClosedRange<UInt64> {
        script.traffic(pfn + page)
        script.putAndFree(pfn + page)
      }
    case .exact:
      script.alloc(pfn, 3)
      for page in [4, 3, 2, 1] as [UInt64] { script.set(pfn + page) }
      for page in 5...7 as ClosedRange<UInt64> { script.free(pfn + page) }
      for page in 0...4 as ClosedRange<UInt64> { script.putAndFree(pfn + page) }
    case .heldHead:
      script.place.cpu = 1
      script.alloc(pfn, 3)
      script.get(pfn)
      script.put(pfn)
      for order in [2, 1, 0] as [UInt8] { script.free(pfn + 1 << UInt64(order), order) }
      script.putAndFree(pfn)
    case .bulk:
      for page in 0..<6 as Range<UInt64> { script.set(pfn + page) }
      for page in 0..<6 as Range<UInt64> { script.putAndFree(pfn + page) }
    case .frozen:
      script.alloc(pfn)
      script.get(pfn)
      script.freeze(pfn)
      script.free(pfn)
    default:
      script.alloc(pfn, 3, compound: true)
      script.get(pfn, 32_768)
      script.put(pfn)
      script.put(pfn, -32_767)
      script.putAndFree(pfn, 3)
    }
  }

  private func writeMapping(_ script: inout Script) {
    let place = script.place
    script.alloc(place.pfn, 2)
    if self == .privateMapping {
      let isReadOnly = script.chance.once(in: 2)
      script.remap(
        place.pfn, pages: 4, flags: isReadOnly ? Script.privateReadOnly : Script.privateWritable)
    } else {
      for page in 0..<4 as Range<UInt64> { script.insert(place.pfn + page, page: page) }
    }
    script.traffic(place.pfn)
    if self == .forked {
      script.emit(.copyRange) {
        $0.word = place.address
        $0.pointer = place.mm
        $0.extra = place.mm + 0x800
        $0.span = place.address + 4 * 4096
      }
      script.unmap(pages: 4)
      script.unmap(pages: 4, mm: place.mm + 0x800)
    } else if self == .moved {
      script.emit(.moveTables) {
        $0.word = place.address
        $0.pointer = place.mm
        $0.extra = 4 * 4096
        $0.span = place.address + 0x10_0000
      }
      script.unmap(pages: 4, at: place.address + 0x10_0000)
    } else {
      script.unmap(pages: 4)
    }
    script.putAndFree(place.pfn, 2)
  }

  private func writeGuest(_ script: inout Script) {
    let pfn = script.place.pfn
    script.memorySlot()
    script.alloc(pfn)
    let rounds = self == .keptGuest ? 1 : script.chance.number(1...2)
    for _ in 0..<rounds {
      script.stageTwo(pfn, present: true)
      script.traffic(pfn)
      script.window(.notifierStart, at: script.place.address, pages: 1)
      script.stageTwo(pfn, present: false)
      script.window(.notifierEnd, at: script.place.address, pages: 1)
    }
    if self == .guest { script.putAndFree(pfn) }
  }

  private func writePin(_ script: inout Script) {
    let pfn = script.place.pfn
    script.alloc(pfn)
    let isSlow = self == .pinSlow
    let flags: Int32 = self == .longPin ? 0x50001 : 0x40001
    script.userPages(isSlow ? .gupSlow : .gupFast, flags: flags)
    if isSlow {
      script.get(pfn, 1024)
    } else {
      script.getUnlessZero(pfn)
      script.get(pfn, 1023)
    }
    script.returned(isSlow ? .gupSlowReturn : .gupFastReturn, 1)
    script.put(pfn, -1024)
    script.putAndFree(pfn)
  }

  private func writeBuffer(_ script: inout Script) {
    let place = script.place
    let (old, new) = (place.pfn, place.pfn + 64)
    script.emit(.objectMmap) {
      $0.word = place.address
      $0.pointer = place.object
      $0.extra = place.vma
      $0.span = place.address + 4 * 4096
    }
    script.alloc(old, 2)
    for page in 0..<4 as Range<UInt64> { script.insert(old + page, page: page) }
    if script.chance.once(in: 2) {
      // Zapped, and mapped again by the next faults.
      script.emit(.objectUnmap) { $0.pointer = place.object }
      script.unmap(pages: 4)
      for page in 0..<4 as Range<UInt64> { script.insert(old + page, page: page) }
    }
    script.emit(.objectMove) { $0.pointer = place.object }
    script.unmap(pages: 4)
    script.alloc(new, 2)
    script.returned(.objectMoveReturn, 0)
    script.putAndFree(old, 2)
    script.insert(new)
    script.unmap(pages: 4)
    script.putAndFree(new, 2)
  }

  private func writeDevice(_ script: inout Script) {
    let place = script.place
    let isDMA = self == .dma
    let isList = self == .scatter
    script.alloc(place.pfn)
    if self == .lookup {
      script.insert(place.pfn)
      script.emit(.followPte) {
        $0.word = place.address
        $0.pointer = place.mm
      }
      script.returned(.followPteReturn, 0)
    }
    script.emit(isList ? .dmaMapSg : isDMA ? .dmaMap : .iommuMap) {
      $0.pfn = place.pfn
      $0.word = isList ? place.pfn << 12 : place.iova
      $0.pointer = 4096
    }
    script.traffic(place.pfn)
    script.emit(isList ? .dmaUnmapSg : isDMA ? .dmaUnmap : .iommuUnmap) {
      if isList { $0.pfn = place.pfn }
      $0.word = isList ? place.pfn << 12 : place.iova
      $0.pointer = isList ? 1 : 4096
    }
    if self == .lookup { script.unmap(pages: 1) }
    script.putAndFree(place.pfn)
  }

  /// An ordinary entry whose page moves.
  private func writeMigration(_ script: inout Script) {
    let place = script.place
    let (old, new) = (place.pfn, place.pfn + 8)
    script.alloc(old)
    script.emit(.insertPage) {
      $0.pfn = old
      $0.word = place.address
      $0.pointer = place.mm
      $0.extra = place.vma
      $0.value = 0x1000_00fb
    }
    script.get(old)
    script.returned(.insertPageReturn, 0)
    script.migration(.migrationSet, old)
    script.alloc(new)
    script.get(new)
    script.migration(.migrationRemoved, new)
    script.put(old)
    script.putAndFree(old)
    script.unmap(pages: 1)
    script.put(new)
    script.putAndFree(new)
  }

  /// A PFN entry of the host that a guest maps too, one page after the other.
  private func writeHostAndGuest(_ script: inout Script) {
    let place = script.place
    script.memorySlot()
    for pfn in [place.pfn, place.pfn + 8] {
      script.alloc(pfn)
      script.insert(pfn)
      script.stageTwo(pfn, present: true)
      script.window(.notifierStart, at: place.address, pages: 1)
      script.stageTwo(pfn, present: false)
      script.unmap(pages: 1)
      script.window(.notifierEnd, at: place.address, pages: 1)
      script.putAndFree(pfn)
    }
  }

  private func writeObject(_ script: inout Script) {
    let place = script.place
    script.alloc(place.pfn)
    if self == .sharedBuffer {
      script.emit(.dmabufMmap) {
        $0.word = place.address
        $0.pointer = place.object
        $0.extra = place.vma
        $0.span = place.address + 4096
      }
      script.returned(.dmabufMmapReturn, 0)
    } else {
      script.memorySlot()
    }
    script.insert(place.pfn)
    if self == .vcpu {
      script.emit(.vcpuMap) {
        $0.word = place.gfn
        $0.pointer = place.object
        $0.extra = place.kvm
      }
      script.returned(.vcpuMapReturn, 0)
      script.emit(.vcpuUnmap) { $0.pointer = place.object }
      script.window(.notifierStart, at: place.address, pages: 1)
    }
    script.unmap(pages: 1)
    if self == .vcpu { script.window(.notifierEnd, at: place.address, pages: 1) }
    script.putAndFree(place.pfn)
  }
}
