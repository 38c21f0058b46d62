import LedgerCore

extension Mutation {
  /// Frees that are wrong by themselves.
  static let frees: [Mutation] = [
    Mutation("freed twice, without a put") { draft in
      guard let life = draft.life(), draft.isLast(life), let place = draft.room(after: life.free)
      else { return nil }
      draft.insert(
        [
          draft.event(.pageFree, near: place) {
            $0.pfn = life.head
            $0.order = life.order
          }
        ], at: place)
      return .found([["PL005"]], page: life.head, within: [life.frames])
    },
    Mutation("freed twice, by get and put") { draft in
      guard let life = draft.life(where: { $0.order == 0 }), draft.isLast(life),
        let place = draft.room(after: life.free)
      else { return nil }
      draft.insert(
        [
          draft.reference(.pageRefMod, life.head, 1, count: 1, near: place),
          draft.reference(.pageRefModAndTest, life.head, -1, count: 0, ret: 1, near: place),
          draft.event(.pageFree, near: place) { $0.pfn = life.head },
        ], at: place)
      return .found(
        [["PL005"], ["PL002"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("freed with a smaller order") { draft in
      guard let life = draft.life(where: { $0.order > 0 }), draft.isLast(life) else { return nil }
      draft.events[life.free].order -= 1
      return .unproven("PL026", page: life.head, within: [life.frames])
    },
    Mutation("two freed with a smaller order") { draft in
      guard let life = draft.life(where: { $0.order > 0 }), draft.isLast(life),
        let other = draft.life(where: { $0.order == life.order && $0.head != life.head }),
        draft.isLast(other)
      else { return nil }
      for place in [life.free, other.free] { draft.events[place].order -= 1 }
      return .found(
        [["PL026"]], page: life.head, within: [life.frames, other.frames], atLeast: .proven)
    },
    Mutation("freed with a larger order") { draft in
      guard
        let life = draft.life(where: { $0.head % (2 << UInt64($0.order)) == 0 }),
        draft.isLast(life)
      else { return nil }
      let size = UInt64(1) << UInt64(life.order)
      guard !draft.touches(life.head + size...life.head + 2 * size - 1, from: 0) else { return nil }
      draft.events[life.free].order += 1
      return .unproven(
        "PL026", page: life.head, within: [life.head...life.head + 2 * size - 1])
    },
    Mutation("a tail freed alone") { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let tail = life.head + UInt64(draft.chance.number(1...(1 << Int(life.order)) - 1))
      draft.insert([draft.event(.pageFree, near: place) { $0.pfn = tail }], at: place)
      return .found([["PL028"]], page: tail, within: [life.frames])
    },
    Mutation("last put while mapped") { draft in
      guard let life = draft.life() else { return nil }
      guard draft.events[life.lastPut].mapcount == 0 else { return nil }
      // One record alone, as one changed byte would make it, proves nothing.
      draft.events[life.lastPut].mapcount = 1
      return .found([["PL006"]], page: life.head, within: [life.frames])
    },
    Mutation("vm_insert_page of a plain block's head", in: [.plain]) { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place)
      let address: UInt64 = 0x7e00_0000_0000
      let insertion = draft.event(.insertPage, near: place) {
        $0.pfn = life.head
        $0.word = address
        $0.pointer = 0xffff_8881_7000_0000
        $0.extra = 0xffff_8881_7100_0000
        $0.value = 0xfb
      }
      let unmap = draft.event(.unmapRange, near: place) {
        $0.word = address
        $0.span = address + 4096
        $0.pointer = 0xffff_8881_7000_0000
        $0.extra = 0xffff_8881_7100_0000
      }
      draft.insert(
        [
          insertion, draft.reference(.pageRefMod, life.head, 1, count: count + 1, near: place),
          unmap, draft.reference(.pageRefModAndTest, life.head, -1, count: count, near: place),
        ], at: place)
      return .found([["PL015"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("huge PFN entry before 6.12", in: [.single]) { draft in
      guard let place = draft.room(1...draft.events.count - 1) else { return nil }
      let pfn: UInt64 = 0x80_0000
      let isProbed = draft.chance.once(in: 2)
      let insertion = draft.event(.insertHuge, near: place) {
        $0.pfn = pfn
        $0.word = 0x7e00_0020_0000
        $0.extra = 0xffff_8881_7100_0000
        $0.value = Script.shared
      }
      let back = draft.event(.insertHugeReturn, near: place) { $0.word = 0x100 }
      draft.insert(isProbed ? [insertion, back] : [insertion], at: place)
      return .found(
        [["PL016"]], page: pfn, within: [pfn...pfn], atLeast: isProbed ? .proven : .likely)
    },
    Mutation("legal: huge PFN entry that failed", in: [.single]) { draft in
      guard let place = draft.room(1...draft.events.count - 1) else { return nil }
      let insertion = draft.event(.insertHuge, near: place) {
        $0.pfn = 0x80_0000
        $0.word = 0x7e00_0020_0000
        $0.extra = 0xffff_8881_7100_0000
        $0.value = Script.shared
      }
      let back = draft.event(.insertHugeReturn, near: place) { $0.word = 0x800 }
      draft.insert([insertion, back], at: place)
      return .silent
    },
  ]
}
