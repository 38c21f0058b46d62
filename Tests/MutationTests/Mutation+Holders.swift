import LedgerCore

extension Mutation {
  /// What processes, pins and devices do with pages that they hold.
  static let holders: [Mutation] = [
    Mutation("fast GUP takes a special page", in: [.special, .moved]) { draft in
      guard let life = draft.anyLife(where: { $0.isHeld && $0.story >= 0 && !$0.isPinned }),
        let entry = draft.places({ $0.kind == .insertPfn && $0.pfn == life.head }).first,
        let end = draft.places({ [.unmapRange, .moveTables, .copyRange].contains($0.kind) }).first(
          where: { $0 > entry && draft.stream.stories[$0] == life.story }),
        let place = draft.room(entry + 2...end)
      else { return nil }
      let at = draft.events[entry].word
      let count = draft.count(life, before: place)
      draft.insert(
        [
          draft.event(.gupFast, near: place) {
            $0.word = at
            $0.extra = 1
            $0.value = 1
          },
          draft.reference(.pageRefModUnless, life.head, 1, count: count + 1, ret: 1, near: place),
          draft.event(.gupFastReturn, near: place) { $0.word = 1 },
          draft.reference(.pageRefModAndTest, life.head, -1, count: count, near: place),
        ], at: place)
      return .found([["PL013"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("long-term pin kept in a CMA pageblock", in: [.longPin]) { draft in
      guard let call = draft.places({ $0.kind == .gupFast && $0.value & 0x10000 != 0 }).first,
        let life = draft.life(of: draft.stream.stories[call]), draft.isLast(life),
        let unpin = life.references.first(where: { draft.events[$0].value == -1024 })
      else { return nil }
      for place in life.references { draft.events[place].order = 4 }
      draft.shift(life, from: unpin, by: 1024)
      draft.events.remove(at: life.free)
      draft.events.remove(at: unpin)
      return .found([["PL014"]], page: life.head, within: [life.frames])
    },
    Mutation("dma-buf mapped without VM_PFNMAP", in: [.sharedBuffer]) { draft in
      let mmaps = draft.places { $0.kind == .dmabufMmap }
      guard let mmap = draft.chance.pick(mmaps),
        let entry = draft.places({ $0.kind == .insertPfn }).first(where: {
          draft.stream.stories[$0] == draft.stream.stories[mmap]
        })
      else { return nil }
      draft.events[entry].value = 0x1000_00fb
      let pfn = draft.events[entry].pfn
      return .found([["PL017"]], page: pfn, within: [pfn...pfn])
    },
    Mutation("private PFN mapping written to", in: [.privateMapping]) { draft in
      guard let (entry, end) = privateMapping(in: draft), let place = draft.room(entry + 2...end)
      else { return nil }
      let map = draft.events[entry]
      let page = UInt64(draft.chance.number(0...3))
      draft.insert([copy(of: map, page, draft.event(.writeCopy, near: place))], at: place)
      let pfn = map.pfn + page
      return .found(
        [["PL018"]], page: pfn, within: [map.pfn...map.pfn + 3], atLeast: .proven)
    },
    Mutation("private PFN mapping made writable and written to", in: [.privateMapping]) { draft in
      guard let (entry, end) = privateMapping(in: draft), let place = draft.room(entry + 2...end),
        draft.events[entry].value == Script.privateReadOnly
      else { return nil }
      let map = draft.events[entry]
      let change = draft.event(.protect, near: place) {
        $0.word = map.word
        $0.pointer = map.pointer
        $0.extra = map.word + 4 * 4096
        $0.value = Script.privateWritable
        $0.result = Script.privateReadOnly
      }
      let page = UInt64(draft.chance.number(0...3))
      draft.insert([change, copy(of: map, page, draft.event(.writeCopy, near: place))], at: place)
      return .found(
        [["PL019"], ["PL018"]], page: map.pfn + page, within: [map.pfn...map.pfn + 3],
        atLeast: .proven)
    },
    Mutation("private PFN mapping unmapped too late", in: [.privateMapping]) { draft in
      guard let (entry, end) = privateMapping(in: draft) else { return nil }
      let pfn = draft.events[entry].pfn
      draft.events.remove(at: end)
      return .found([["PL007"]], page: pfn, within: [pfn...pfn + 3], atLeast: .proven)
    },
    Mutation("DMA unmap dropped", in: [.dma, .iommu, .scatter]) { draft in
      let kinds: Set<EventKind> = [.dmaUnmap, .iommuUnmap, .dmaUnmapSg]
      let unmaps = draft.places { kinds.contains($0.kind) }.filter {
        draft.stream.cast[draft.stream.stories[$0]] != .lookup
      }
      guard let place = draft.chance.pick(unmaps),
        let life = draft.life(of: draft.stream.stories[place])
      else { return nil }
      draft.events.remove(at: place)
      return .found([["PL025"]], page: life.head, within: [life.frames])
    },
    Mutation("device keeps a looked-up page", in: [.lookup]) { draft in
      let unmaps = draft.places { $0.kind == .iommuUnmap }.filter {
        draft.stream.cast[draft.stream.stories[$0]] == .lookup
      }
      guard let place = draft.chance.pick(unmaps),
        let life = draft.life(of: draft.stream.stories[place])
      else { return nil }
      draft.events.remove(at: place)
      return .found([["PL029"], ["PL025"]], page: life.head, within: [life.frames])
    },
    Mutation("legal: a page of another process moves") { draft in
      guard let life = draft.life(where: { $0.order == 0 }), let place = draft.roomInside(life)
      else { return nil }
      let address = 0x5500_0000_0000 + UInt64(draft.chance.number(0...255)) * 4096
      let moved = life.head
      draft.insert(
        [
          draft.event(.migrationSet, near: place, pid: 40) {
            $0.pfn = moved
            $0.word = address
          },
          draft.event(.migrationRemoved, near: place, pid: 40) {
            $0.pfn = moved
            $0.word = address
          },
        ], at: place)
      return .silent
    },
    Mutation("legal: a failed insertion", in: [.special]) { draft in
      guard let life = draft.life(where: { $0.order == 0 }), let place = draft.roomInside(life)
      else { return nil }
      let call = draft.insertion(of: life.head, near: place)
      draft.insert(
        [call, draft.event(.insertPfnReturn, near: place) { $0.word = 2 }], at: place)
      return .silent
    },
    Mutation("legal: pinned and unpinned", in: [.single]) { draft in
      guard let life = draft.life(where: { $0.order == 0 && !$0.isPinned }),
        let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place)
      draft.insert(
        [
          draft.reference(.pageRefMod, life.head, 1024, count: count + 1024, near: place),
          draft.reference(.pageRefModAndTest, life.head, -1024, count: count, near: place),
        ], at: place)
      return .silent
    },
    Mutation("legal: a return that was not recorded", in: [.special, .moved, .buffer]) { draft in
      guard let place = draft.chance.pick(draft.places { $0.kind == .insertPfnReturn }) else {
        return nil
      }
      draft.events.remove(at: place)
      return .silent
    },
  ]

  /// A private mapping and the index of its unmap.
  private static func privateMapping(in draft: Draft) -> (Int, Int)? {
    guard let entry = draft.places({ $0.kind == .remapRange }).first,
      let end = draft.places({ $0.kind == .unmapRange }).first(where: {
        draft.stream.stories[$0] == draft.stream.stories[entry]
      })
    else { return nil }
    return (entry, end)
  }

  private static func copy(of map: Event, _ page: UInt64, _ event: Event) -> Event {
    var event = event
    event.word = map.word + page * 4096
    event.pointer = map.pointer
    event.extra = map.extra
    event.value = Script.privateWritable
    return event
  }
}
