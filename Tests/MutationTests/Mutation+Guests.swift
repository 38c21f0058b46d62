import LedgerCore

extension Mutation {
  private static let vcpu: Int32 = 900_002
  private static let mapped: [Story] = [.special, .forked, .moved, .buffer]

  /// Guests: what KVM may not take, and entries that stay.
  static let guests: [Mutation] = [
    Mutation("KVM refused a tail", in: [.plain]) { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let tail = life.head + UInt64(draft.chance.number(1...(1 << Int(life.order)) - 1))
      draft.insert(
        [
          draft.event(.kvmPageFault, near: place, pid: vcpu) { $0.word = 0x9_9000 },
          draft.reference(.pageRefModUnless, tail, 1, count: 0, near: place, pid: vcpu),
          draft.event(.kvmUserspaceExit, near: place, pid: vcpu) { $0.result = -14 },
        ], at: place)
      return .found([["PL010"]], page: tail, within: [life.frames], atLeast: .proven)
    },
    Mutation("KVM's blind get and put of a tail", in: [.plain]) { draft in
      guard let life = draft.life(where: { $0.isPlain }), let place = draft.roomInside(life)
      else { return nil }
      let tail = life.head + UInt64(draft.chance.number(1...(1 << Int(life.order)) - 1))
      draft.insert(
        [
          draft.event(.kvmPageFault, near: place, pid: vcpu) { $0.word = 0x9_9000 },
          draft.reference(.pageRefMod, tail, 1, count: 1, near: place, pid: vcpu),
          draft.event(.kvmSpteRequested, near: place, pid: vcpu) {
            $0.pfn = tail
            $0.word = 0x99
            $0.order = 1
          },
          draft.reference(.pageRefModAndTest, tail, -1, count: 0, ret: 1, near: place, pid: vcpu),
          draft.event(.pageFree, near: place, pid: vcpu) { $0.pfn = tail },
        ], at: place)
      return .found(
        [["PL011"], ["PL001"], ["PL028"]], page: tail, within: [life.frames], atLeast: .proven)
    },
    Mutation("stage-2 removal dropped", in: [.guest]) { draft in
      let removals = draft.places { $0.kind == .spteChanged && $0.word & 0x800 == 0 }
      guard let place = draft.chance.pick(removals),
        let life = draft.life(of: draft.stream.stories[place]),
        removals.last(where: { draft.stream.stories[$0] == life.story }) == place
      else { return nil }
      draft.events.remove(at: place)
      return .found([["PL008"], ["PL009"]], page: life.head, within: [life.frames])
    },
    Mutation("invalidation without a removal", in: [.keptGuest]) { draft in
      let removals = draft.places { $0.kind == .spteChanged && $0.word & 0x800 == 0 }
      guard let place = draft.chance.pick(removals) else { return nil }
      let pfn = (draft.events[place].extra & 0x000f_ffff_ffff_f000) >> 12
      draft.events.remove(at: place)
      return .found([["PL009"]], page: pfn, within: [pfn...pfn])
    },
    Mutation("stage-2 entry installed inside a window", in: [.guest, .keptGuest]) { draft in
      let removals = draft.places { $0.kind == .spteChanged && $0.word & 0x800 == 0 }
      guard let removal = draft.chance.pick(removals),
        let end = draft.places({ $0.kind == .notifierEnd }).first(where: { $0 > removal }),
        let place = draft.room(removal + 1...end)
      else { return nil }
      var leaf = draft.events[removal]
      (leaf.word, leaf.extra) = (leaf.extra, leaf.word)
      leaf.pid = vcpu
      let pfn = (leaf.word & 0x000f_ffff_ffff_f000) >> 12
      draft.insert([leaf], at: place)
      return .found([["PL009"]], page: pfn, within: [pfn...pfn])
    },
    Mutation("host page replaced without telling KVM", in: [.hostAndGuest]) { draft in
      guard let story = draft.stream.cast.firstIndex(of: .hostAndGuest) else { return nil }
      let places = draft.places { _ in true }.filter { draft.stream.stories[$0] == story }
      guard let first = places.first(where: { draft.events[$0].kind == .insertPfn }),
        let free = places.first(where: { draft.events[$0].kind == .pageFree && $0 > first })
      else { return nil }
      let pfn = draft.events[first].pfn
      let told: Set<EventKind> = [.notifierStart, .notifierEnd, .spteChanged]
      let removed = places.filter { place in
        let event = draft.events[place]
        let isInstall = event.kind == .spteChanged && event.word & 0x800 != 0
        return place < free && told.contains(event.kind) && !isInstall
      }
      // The second round is the proof; its own leaf would take the old one's place.
      let later = places.filter {
        $0 > free && told.contains(draft.events[$0].kind)
      }
      for place in (removed + later).sorted(by: >) { draft.events.remove(at: place) }
      return .found([["PL008"], ["PL009"]], page: pfn, within: [pfn...pfn])
    },
    Mutation("KVM's kernel mapping kept through an invalidation", in: [.vcpu]) { draft in
      guard let place = draft.places({ $0.kind == .vcpuUnmap }).first,
        let pfn = draft.places({ $0.kind == .insertPfn }).map({ draft.events[$0] }).first(where: {
          $0.pid == draft.events[place].pid
        })?.pfn
      else { return nil }
      draft.events.remove(at: place)
      return .found([["PL012"]], page: pfn, within: [pfn...pfn])
    },
    Mutation("legal: a leaf's bits change", in: [.guest]) { draft in
      let made = draft.places { $0.kind == .spteChanged && $0.word & 0x800 != 0 }
      guard let leaf = draft.chance.pick(made), let place = draft.room(after: leaf),
        !draft.events[leaf + 1..<place].contains(where: {
          $0.kind == .spteChanged && $0.pointer == draft.events[leaf].pointer
        })
      else { return nil }
      var change = draft.events[leaf]
      change.extra = change.word
      draft.insert([change], at: place)
      return .silent
    },
    Mutation("unmap dropped", in: mapped) { draft in
      let unmaps = draft.places { $0.kind == .unmapRange }
      let candidates = unmaps.filter { place in
        let story = draft.stream.stories[place]
        return mapped.contains(draft.stream.cast[story])
          && unmaps.last { draft.stream.stories[$0] == story } == place
      }
      guard let place = draft.chance.pick(candidates) else { return nil }
      let story = draft.stream.stories[place]
      let frames = draft.frames(around: place)
      let isBuffer = draft.stream.cast[story] == .buffer
      draft.events.remove(at: place)
      let first = frames[0].lowerBound
      return .found(
        [["PL007"]], page: first + (isBuffer ? 64 : 0), within: frames, atLeast: .proven)
    },
    Mutation("one of two processes does not unmap", in: [.forked]) { draft in
      let unmaps = draft.places { $0.kind == .unmapRange }.filter {
        draft.stream.cast[draft.stream.stories[$0]] == .forked
      }
      guard let place = draft.chance.pick(unmaps) else { return nil }
      let frames = draft.frames(around: place)
      draft.events.remove(at: place)
      return .found(
        [["PL007"]], page: frames[0].lowerBound, within: frames, atLeast: .proven)
    },
    Mutation("moved without an unmap", in: [.buffer]) { draft in
      let unmaps = draft.places { $0.kind == .unmapRange }
      guard let move = draft.places({ $0.kind == .objectMove }).first,
        let place = unmaps.first(where: {
          draft.stream.stories[$0] == draft.stream.stories[move] && $0 > move
        })
      else { return nil }
      let frames = draft.frames(around: place)
      draft.events.remove(at: place)
      return .found(
        [["PL020"]], page: frames[0].lowerBound, within: frames, atLeast: .proven)
    },
  ]
}
