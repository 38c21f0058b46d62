import LedgerCore

extension Mutation {
  /// What happens to captures, not to pages: ties, cuts, gaps, damage.
  static let order: [Mutation] = [
    Mutation("legal: two events of one time change places") { draft in
      let pairs = draft.events.indices.dropLast().filter {
        draft.events[$0].cpu != draft.events[$0 + 1].cpu
      }
      guard let place = draft.chance.pick(pairs) else { return nil }
      draft.events[place + 1].time = draft.events[place].time
      draft.events.swapAt(place, place + 1)
      return .silent
    },
    Mutation("legal: a clock that stands still") { draft in
      let length = draft.chance.number(3...40)
      guard draft.events.count > length + 2 else { return nil }
      let start = draft.chance.number(1...draft.events.count - length - 1)
      let range = start..<start + length
      guard !draft.livesWithin(range) else { return nil }
      var queues: [UInt16: [Event]] = [:]
      for var event in draft.events[range] {
        event.time = draft.events[start].time
        queues[event.cpu, default: []].append(event)
      }
      for place in range {
        guard let cpu = draft.chance.pick(queues.keys.sorted()), let event = queues[cpu]?.first
        else { return nil }
        draft.events[place] = event
        queues[cpu]?.removeFirst()
        if queues[cpu]?.isEmpty == true { queues[cpu] = nil }
      }
      return .silent
    },
    Mutation("legal: equal times in order of CPUs") { draft in
      let length = draft.chance.number(3...12)
      guard draft.events.count > length + 2 else { return nil }
      let start = draft.chance.number(1...draft.events.count - length - 1)
      let range = start..<start + length
      let run = draft.events[range].enumerated().sorted {
        ($0.element.cpu, $0.offset) < ($1.element.cpu, $1.offset)
      }
      let time = draft.events[start].time
      for (place, item) in zip(range, run) {
        draft.events[place] = item.element
        draft.events[place].time = time
      }
      return .silent
    },
    Mutation("legal: mapped and unmapped at one time on two CPUs") { draft in
      guard let life = draft.life(where: { $0.order == 0 }), let place = draft.roomInside(life)
      else { return nil }
      let call = draft.insertion(of: life.head, near: place)
      let back = draft.event(.insertPfnReturn, near: place) { $0.word = 0x100 }
      let unmap = draft.event(.unmapRange, near: place, pid: Draft.stranger + 1) {
        $0.word = 0x7e00_0000_0000
        $0.span = 0x7e00_0000_1000
        $0.pointer = 0xffff_8881_7000_0000
        $0.cpu ^= 1
      }
      draft.insertTied([unmap, call, back], at: place)
      return .silent
    },
    Mutation("legal: a leaf made and removed at one time on two CPUs") { draft in
      guard let life = draft.life(where: { $0.order == 0 }), let place = draft.roomInside(life)
      else { return nil }
      let leaf = draft.event(.spteChanged, near: place) {
        $0.pointer = 0x77_7777
        $0.order = 1
        $0.word = 0x600_0000_0000_0e67 | life.head << 12
      }
      var removal = leaf
      (removal.word, removal.extra) = (0x5a0, leaf.word)
      removal.cpu ^= 1
      draft.insertTied([removal, leaf], at: place)
      return .silent
    },
    Mutation("a CPU's sub-buffer lost") { draft in
      let cpu = draft.chance.pick(draft.events.map(\.cpu)) ?? 0
      let mine = draft.places { $0.cpu == cpu }
      guard mine.count > 4 else { return nil }
      let first = draft.chance.number(1...mine.count - 3)
      let last = draft.chance.number(first...min(mine.count - 2, first + 200))
      let lost = Set(mine[first...last])
      var opens = draft.event(.gapOpens, near: 0)
      opens.cpu = cpu
      opens.time = draft.events[mine[first - 1]].time
      var closes = opens
      closes.kind = .gapCloses
      closes.time = draft.events[mine[last + 1]].time
      closes.value = Int32(lost.count)
      var kept: [Event] = []
      for (index, event) in draft.events.enumerated() where !lost.contains(index) {
        if index == mine[last + 1] { kept.append(closes) }
        kept.append(event)
        if index == mine[first - 1] { kept.append(opens) }
      }
      draft.events = kept
      draft.losses.add(.lostEvents, count: UInt64(lost.count), cpu: Int(cpu))
      return .admitted
    },
    Mutation("the beginning lost") { draft in
      let cut = draft.chance.number(1...draft.events.count - 2)
      draft.events.removeFirst(cut)
      return .silent
    },
    Mutation("the end lost") { draft in
      let cut = draft.chance.number(1...draft.events.count - 2)
      draft.events.removeLast(cut)
      return .silent
    },
    Mutation("an event twice") { draft in
      let place = draft.chance.number(1...draft.events.count - 2)
      let frames = draft.frames(around: place)
      guard !frames.isEmpty else { return nil }
      draft.events.insert(draft.events[place], at: place)
      return .bounded(frames)
    },
    Mutation("an event missing, unadmitted") { draft in
      let place = draft.chance.number(1...draft.events.count - 2)
      let frames = draft.frames(around: place)
      guard !frames.isEmpty else { return nil }
      draft.events.remove(at: place)
      return .bounded(frames)
    },
    Mutation("a reference event names another page") { draft in
      let references = draft.places { $0.kind.isPageRef }
      guard let place = draft.chance.pick(references), let other = draft.chance.pick(references)
      else { return nil }
      let frames = draft.frames(around: place) + draft.frames(around: other)
      draft.events[place].pfn = draft.events[other].pfn
      return .bounded(frames)
    },
    Mutation("a flipped bit in a count") { draft in
      guard let place = draft.chance.pick(draft.places { $0.kind.isPageRef }) else { return nil }
      draft.events[place].count ^= 1 << Int32(draft.chance.number(0...30))
      return .bounded(draft.frames(around: place))
    },
  ]
}
