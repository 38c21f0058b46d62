import LedgerCore

/// One way of spoiling a legal stream, or of changing it so that it stays legal.
struct Mutation: Sendable {
  var name: String
  /// Only streams that tell all about their holders will do.
  var needsStory: [Story]?
  /// Does it somewhere; nil when the stream has no place for it.
  var apply: @Sendable (inout Draft) -> Expectation?

  init(
    _ name: String, in stories: [Story]? = nil,
    _ apply: @escaping @Sendable (inout Draft) -> Expectation?
  ) {
    self.name = name
    needsStory = stories
    self.apply = apply
  }

  static let all: [Mutation] = counts + frees + guests + holders + order
}

extension Mutation {
  /// References too many and too few.
  static let counts: [Mutation] = [
    Mutation("put dropped, freed all the same") { draft in
      let events = draft.events
      guard
        let life = draft.life(where: { life in
          !life.isPinned && life.references.dropLast().contains { events[$0].value == -1 }
        }),
        let put = draft.chance.pick(life.references.dropLast().filter { events[$0].value == -1 })
      else { return nil }
      draft.shift(life, from: put + 1, by: 1)
      draft.events.remove(at: put)
      return .found([["PL004"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("get without a put, freed all the same") { draft in
      guard let life = draft.life(where: { !$0.isPinned }), let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place)
      draft.shift(life, from: place, by: 1)
      draft.insert(
        [draft.reference(.pageRefMod, life.head, 1, count: count + 1, near: place)], at: place)
      return .found([["PL004"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("reference outlives the owner's free", in: [.ownersFree]) { draft in
      guard let life = draft.anyLife(where: { !$0.isPinned }),
        draft.isLast(life), let place = draft.roomInside(life),
        draft.events[life.alloc..<life.free].contains(where: {
          $0.kind == .freePages && $0.pfn == life.head
        }),
        let owner = draft.places({ $0.kind == .freePages && $0.pfn == life.head }).first,
        place < owner
      else { return nil }
      let count = draft.count(life, before: place)
      draft.shift(life, from: place, by: 1)
      draft.events.remove(at: life.free)
      draft.insert(
        [draft.reference(.pageRefMod, life.head, 1, count: count + 1, near: place)], at: place)
      return .found([["PL021"]], page: life.head, within: [life.frames])
    },
    Mutation("a put too many") { draft in
      guard let life = draft.life(where: { !$0.isPinned }),
        let place = draft.room(life.lastPut...life.lastPut)
      else { return nil }
      draft.shift(life, from: life.lastPut, by: -1)
      draft.insert(
        [draft.reference(.pageRefModAndTest, life.head, -1, count: 0, ret: 1, near: place)],
        at: place)
      return .found([["PL003"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("count below zero by a returned value") { draft in
      guard let life = draft.life(where: { !$0.isPinned }), draft.isLast(life),
        let place = draft.room(after: life.free)
      else { return nil }
      draft.insert(
        [draft.reference(.pageRefModAndReturn, life.head, -1, count: -1, ret: -1, near: place)],
        at: place)
      return .found([["PL003"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("get from zero in use") { draft in
      guard let life = draft.life(where: { !$0.isPinned && $0.order == 0 }),
        let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place)
      guard count > 0 else { return nil }
      draft.insert(
        [
          draft.reference(.pageRefMod, life.head, -count, count: 0, near: place),
          draft.reference(.pageRefMod, life.head, count, count: count, near: place),
        ], at: place)
      return .found([["PL002"]], page: life.head, within: [life.frames], atLeast: .proven)
    },
    Mutation("get after the free") { draft in
      guard let life = draft.life(where: { _ in true }), draft.isLast(life),
        let place = draft.room(after: life.free)
      else { return nil }
      let pfn = life.head + UInt64(draft.chance.number(0...(1 << Int(life.order)) - 1))
      draft.insert([draft.reference(.pageRefMod, pfn, 1, count: 1, near: place)], at: place)
      return .found([["PL002"]], page: pfn, within: [life.frames], atLeast: .proven)
    },
    Mutation("get on a tail of a plain block") { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let tail = life.head + UInt64(draft.chance.number(1...(1 << Int(life.order)) - 1))
      draft.insert(
        [
          draft.reference(.pageRefMod, tail, 1, count: 1, near: place),
          draft.reference(.pageRefMod, tail, -1, count: 0, near: place),
        ], at: place)
      return .found([["PL001"]], page: tail, within: [life.frames], atLeast: .proven)
    },
    Mutation("get and put of a tail, which frees it") { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let tail = life.head + UInt64(draft.chance.number(1...(1 << Int(life.order)) - 1))
      draft.insert(
        [
          draft.reference(.pageRefMod, tail, 1, count: 1, near: place),
          draft.reference(.pageRefModAndTest, tail, -1, count: 0, ret: 1, near: place),
          draft.event(.pageFree, near: place) { $0.pfn = tail },
        ], at: place)
      return .found(
        [["PL001"], ["PL028"]], page: tail, within: [life.frames], atLeast: .proven)
    },
    Mutation("references on the head, puts on the tails") { draft in
      guard let life = draft.life(where: { $0.isPlain && !$0.isPinned }), draft.isLast(life),
        let place = draft.roomInside(life)
      else { return nil }
      let pages = Int32(1) << Int32(life.order)
      let count = draft.count(life, before: place)
      let tail = life.head + UInt64(draft.chance.number(1...Int(pages) - 1))
      draft.shift(life, from: place, by: pages)
      draft.events.remove(at: life.free)
      draft.insert(
        [
          draft.reference(
            .pageRefModUnless, life.head, pages, count: count + pages, ret: 1, near: place),
          draft.reference(.pageRefModAndTest, tail, -1, count: -1, near: place),
        ], at: place)
      return .found([["PL024"], ["PL003"]], page: tail, within: [life.frames], atLeast: .proven)
    },
    Mutation("count mangled by the owner") { draft in
      guard let life = draft.life(where: { !$0.isPinned }),
        let place = draft.room(life.alloc + 1...(life.references.first ?? life.alloc + 1))
      else { return nil }
      draft.insert(
        [
          draft.reference(.pageRefSet, life.head, 0, count: 0, near: place),
          draft.reference(.pageRefSet, life.head, 1, count: 1, near: place),
        ], at: place)
      return .found([["PL022"]], page: life.head, within: [], atLeast: .proven)
    },
    Mutation("unpin without a pin") { draft in
      guard let life = draft.life(where: { $0.order == 0 && !$0.isPinned }), draft.isLast(life),
        let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place) - 1024
      draft.shift(life, from: place, by: -1024)
      draft.insert(
        [draft.reference(.pageRefModAndTest, life.head, -1024, count: count, near: place)],
        at: place)
      return .found([["PL023"], ["PL003"]], page: life.head, within: [life.frames])
    },
    Mutation("put of a pin", in: [.pinFast, .pinSlow, .longPin]) { draft in
      let events = draft.events
      guard
        let life = draft.anyLife(where: { life in
          life.references.contains { events[$0].value == -1024 }
        }),
        draft.isLast(life),
        let unpin = life.references.first(where: { events[$0].value == -1024 })
      else { return nil }
      draft.shift(life, from: unpin, by: 1023)
      draft.events[unpin].value = -1
      draft.events.remove(at: life.free)
      return .found([["PL023"]], page: life.head, within: [life.frames])
    },
    Mutation("legal: get and put more") { draft in
      guard let life = draft.life(held: draft.chance.once(in: 2)),
        let place = draft.roomInside(life)
      else { return nil }
      let count = draft.count(life, before: place)
      draft.insert(
        [
          draft.reference(.pageRefMod, life.head, 1, count: count + 1, near: place),
          draft.reference(.pageRefModAndTest, life.head, -1, count: count, near: place),
        ], at: place)
      return .silent
    },
    Mutation("legal: refused on a tail by a scanner") { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      draft.insert(
        [draft.reference(.pageRefModUnless, life.head + 1, 1, count: 0, near: place)], at: place)
      return .silent
    },
    Mutation("legal: one sample taken late") { draft in
      guard let life = draft.life(), let place = draft.chance.pick(life.references.dropLast())
      else { return nil }
      draft.events[place].count += 1
      return .silent
    },
  ]
}
