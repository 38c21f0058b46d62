internal import LedgerCore

/// Entries whose page is on the move: a migration entry stands in their place. mm/rmap.c:try_to_migrate_one (6.1 on)
///
/// The events name no `mm`. A known entry is recognised by its address and the frame that the migration entry still
/// holds; what fits to none is kept in a space of its own, `HostTables.unnamed`, for the page that is watched.
struct MigrationEntries {
  private static let limit = 1 << 16
  /// Numbers of records that were under a migration entry, by address; they may have gone since.
  private var numbers: [UInt64: [UInt32]] = [:]

  var isEmpty: Bool { numbers.isEmpty }

  mutating func add(_ number: UInt32, at address: UInt64) {
    if numbers.count >= Self.limit { numbers.removeAll() }
    numbers[address, default: []].append(number)
  }

  /// Takes all records at an address out.
  mutating func take(at address: UInt64) -> [UInt32] {
    numbers.removeValue(forKey: address) ?? []
  }

  mutating func put(_ rest: [UInt32], at address: UInt64) {
    if !rest.isEmpty { numbers[address] = rest }
  }
}

extension Replay {
  /// `set_migration_pte`: an ordinary entry maps nothing until its page has moved. PFN entries never migrate.
  mutating func migrationSet(_ event: Event) {
    explanations.add(.migrationEntry, event)
    let address = event.word & ~0xfff
    guard address > 0, address < HostTables.addressLimit else { return }
    let known = ordinaryEntries(at: address, of: event.pfn)
    for number in known {
      holders.host.becomeMigration(number, by: event)
      holders.migrations.add(number, at: address)
    }
    guard known.isEmpty, let number = addUnnamed(address, event, kind: .migration) else { return }
    holders.migrations.add(number, at: address)
  }

  /// `remove_migration_pte`: the entry maps the new page, or the old one if it could not be moved.
  mutating func migrationRemoved(_ event: Event) {
    let address = event.word & ~0xfff
    guard !holders.migrations.isEmpty || watch != nil, address > 0,
      address < HostTables.addressLimit
    else {
      return
    }
    let candidates = holders.migrations.take(at: address).filter {
      let mapping = holders.host[$0]
      return mapping.isLive && mapping.kind == .migration && mapping.address == address
    }
    guard let first = candidates.first else {
      _ = addUnnamed(address, event, kind: .normal)
      return
    }
    let frame = holders.host[first].pfn
    // Several processes at one address with different pages: whose entry it is, the event does not say.
    guard event.pfn < Event.frameLimit,
      candidates.allSatisfy({ holders.host[$0].pfn == frame })
    else { return candidates.forEach { holders.host.forget($0) } }
    var mapping = holders.host[first]
    holders.host.forget(first)
    mapping.kind = .normal
    mapping.pfn = event.pfn
    mapping.insertion = event
    _ = holders.host.add(mapping, isByTask: false)
    holders.migrations.put(Array(candidates.dropFirst()), at: address)
  }

  /// The ordinary entries at an address: those of the frame, or all of the address where the frame is not known.
  private mutating func ordinaryEntries(at address: UInt64, of pfn: UInt64) -> [UInt32] {
    guard !holders.host.isEmpty else { return [] }
    var found: [UInt32] = []
    if pfn == Event.noFrame {
      found = holders.host.allSpaces.prefix(256).compactMap {
        holders.host.number(at: address, space: $0)
      }
    } else {
      holders.host.frames.forEach(in: pfn..<pfn &+ 1) { found.append($0) }
    }
    return found.filter {
      holders.host[$0].kind == .normal && holders.host[$0].address == address
    }.sorted()
  }

  private mutating func addUnnamed(
    _ address: UInt64, _ event: Event, kind: HostMapping.Kind
  ) -> UInt32? {
    // By these nobody is accused: they are kept for whoever watches the page.
    guard watch?.frames.contains(event.pfn) == true else { return nil }
    let isHuge = event.kind == .migrationHugeSet || event.kind == .migrationHugeRemoved
    let pages: UInt64 = isHuge ? 512 : 1
    let range = address..<address &+ pages &* 4096
    // Another process has taken its place in what is remembered.
    holders.host.remove(range, space: HostTables.unnamed) { _ in }
    guard holders.host.hasRoomForUnnamed else { return nil }
    return holders.host.add(
      HostMapping(
        space: HostTables.unnamed, address: address, pages: pages, pfn: event.pfn, vma: 0,
        flags: 0, kind: kind, insertion: event), isByTask: false)
  }
}
