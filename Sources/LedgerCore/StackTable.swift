internal import Synchronization

/// One entry of a call chain as the capture has it: an address, or a name that a text printed.
public struct StackFrame: Sendable, Hashable {
  /// Where the call returns to; nil when only the name was printed.
  public var address: UInt64?
  /// Function, empty when only the address is known.
  public var name: String
  /// Bytes from the start of the function, when printed.
  public var offset: UInt64?
  /// The code itself stands there, as where a processor was; else a call returns to it.
  public var isExact = false

  /// A frame that is known by its address.
  public init(address: UInt64) {
    self.address = address
    name = ""
  }

  /// A frame that is known by its name.
  public init(name: String, offset: UInt64? = nil) {
    self.name = name
    self.offset = offset
  }
}

/// The call chains of a capture, each kept once, under a number from 1; 0 stands for none.
///
/// The kernel's part of a chain and the user's part are kept apart, because they come apart and repeat apart; a number may
/// stand for one of them or, `joined`, for both. Bounded: at most `limit` chains of the kernel, `userLimit` of users,
/// `depth` frames each, and `nameLimit` names.
public struct StackTable: Sendable {
  /// Chains of the kernel that are kept; a kernel has some ten thousand ways to its page allocator.
  public static let limit = 1 << 16
  /// Chains of users that are kept.
  public static let userLimit = 1 << 15 - 1
  /// Frames that are kept of one chain, from the innermost on.
  public static let depth = 64
  private static let nameLimit = 1 << 16
  /// Marks a word that is no address but a name: no architecture has such addresses.
  private static let mark: UInt64 = 0x5a << 56
  private static let noOffset: UInt64 = 0xfff_ffff
  /// The kernel's part of a number lies below the user's.
  private static let userShift: UInt32 = 17
  private static let kernelMask: UInt32 = 1 << userShift - 1

  private var kernel = ChainPool()
  private var user = ChainPool()
  private var names: [String] = []
  private var nameNumbers: [UInt64: UInt32] = [:]

  /// A table without chains.
  public init() {}

  /// Chains that found no room.
  public var dropped: UInt64 { kernel.dropped &+ user.dropped }

  /// True when no chain was met.
  public var isEmpty: Bool { kernel.count == 0 && user.count == 0 && dropped == 0 }

  /// How many different chains of the kernel there are.
  public var count: Int { kernel.count }

  /// The number of a chain of the kernel, innermost frame first; 0 when it is empty or finds no room.
  public mutating func number(of chain: [UInt64]) -> UInt32 {
    kernel.number(of: chain, limit: Self.limit)
  }

  /// The number of a chain of a user's program, innermost frame first; 0 when it is empty or finds no room.
  public mutating func userNumber(of chain: [UInt64]) -> UInt32 {
    user.number(of: chain, limit: Self.userLimit) << Self.userShift
  }

  /// The number that has the parts of both; where both have one, that of `later`.
  public static func joined(_ earlier: UInt32, _ later: UInt32) -> UInt32 {
    (hasKernel(later) ? later : earlier) & kernelMask
      | (hasUser(later) ? later : earlier) & ~kernelMask
  }

  /// True when a number names a chain of the kernel.
  public static func hasKernel(_ number: UInt32) -> Bool { number & kernelMask != 0 }

  /// True when a number names a chain of a user's program.
  public static func hasUser(_ number: UInt32) -> Bool { number & ~kernelMask != 0 }

  /// The word that stands for a name in a chain; `hash` tells names apart, `text` makes one when it is new.
  public mutating func word(hash: UInt64, offset: UInt64?, text: () -> String) -> UInt64 {
    let place: UInt64
    if let known = nameNumbers[hash] {
      place = UInt64(known)
    } else {
      guard names.count < Self.nameLimit else { return 0 }
      place = UInt64(names.count)
      nameNumbers[hash] = UInt32(place)
      names.append(text())
    }
    return Self.mark | place << 28 | min(offset ?? Self.noOffset, Self.noOffset)
  }

  /// The word of a name as `word` gives it without an offset, with one; nil when it is too large to be kept.
  public static func word(_ word: UInt64, offset: UInt64) -> UInt64? {
    offset < noOffset ? word & ~noOffset | offset : nil
  }

  /// The kernel's frames of a chain, innermost first; none for a number that was never given.
  public func frames(of number: UInt32) -> [StackFrame] {
    kernel.words(of: number & Self.kernelMask).map(frame)
  }

  /// The user's frames of a chain, innermost first; none for a number that was never given.
  public func userFrames(of number: UInt32) -> [StackFrame] {
    user.words(of: number >> Self.userShift).map(frame)
  }

  /// What one word of a chain stands for: an address, or a name that `word` was called for.
  public func frame(_ word: UInt64) -> StackFrame {
    let place = Int(truncatingIfNeeded: word >> 28 & 0xfff_ffff)
    guard word & (0xff << 56) == Self.mark, place < names.count else {
      return StackFrame(address: word)
    }
    let offset = word & Self.noOffset
    return StackFrame(name: names[place], offset: offset == Self.noOffset ? nil : offset)
  }
}

/// Chains of words, each kept once, under a number from 1.
private struct ChainPool: Sendable {
  private var words: [UInt64] = []
  private var starts: [UInt32] = [0, 0]
  private var numbers: [UInt64: UInt32] = [:]
  private(set) var dropped: UInt64 = 0

  var count: Int { starts.count - 2 }

  mutating func number(of chain: [UInt64], limit: Int) -> UInt32 {
    let length = min(chain.count, StackTable.depth)
    guard length > 0 else { return 0 }
    var key: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in 0..<length {
      key = (key ^ chain[index]) &* 0x9e37_79b9_7f4a_7c15
      key ^= key >> 29
    }
    while let number = numbers[key] {
      if isSame(number, chain, length) { return number }
      key &+= 1
    }
    guard count < limit else {
      dropped &+= 1
      return 0
    }
    words.append(contentsOf: chain[..<length])
    let number = UInt32(starts.count - 1)
    starts.append(UInt32(words.count))
    numbers[key] = number
    return number
  }

  func words(of number: UInt32) -> ArraySlice<UInt64> {
    let place = Int(number)
    guard place > 0, place + 1 < starts.count else { return [] }
    return words[Int(starts[place])..<Int(starts[place + 1])]
  }

  private func isSame(_ number: UInt32, _ chain: [UInt64], _ length: Int) -> Bool {
    let start = Int(starts[Int(number)])
    guard Int(starts[Int(number) + 1]) - start == length else { return false }
    for index in 0..<length where words[start + index] != chain[index] { return false }
    return true
  }
}

/// A table of call chains that a background thread fills while a reader owns it.
public final class StackStore: Sendable {
  private let state = Mutex(StackTable())

  /// An empty store.
  public init() {}

  /// As `StackTable.number(of:)`.
  public func number(of chain: [UInt64]) -> UInt32 { state.withLock { $0.number(of: chain) } }

  /// As `StackTable.userNumber(of:)`.
  public func userNumber(of chain: [UInt64]) -> UInt32 {
    state.withLock { $0.userNumber(of: chain) }
  }

  /// The word that stands for a name in a chain, without an offset; 0 when it finds no room.
  public func word(of name: String) -> UInt64 {
    let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    return state.withLock { $0.word(hash: hash, offset: nil) { name } }
  }

  /// All chains so far.
  public var table: StackTable { state.withLock { $0 } }
}

/// Which event a call chain belongs to.
public struct StackNote: Sendable, Equatable {
  /// `Event.ordinal` of the event; it may have come in an earlier batch.
  public var ordinal: UInt32
  /// Number of the chain in the reader's `StackTable`; the user's part may come in a note of its own.
  public var stack: UInt32
  /// `Event.pfn` of the event.
  public var pfn: UInt64
  /// What the event means.
  public var kind: EventKind

  /// Ties a chain to an event.
  public init(_ event: Event, stack: UInt32) {
    ordinal = event.ordinal
    self.stack = stack
    pfn = event.pfn
    kind = event.kind
  }
}
