import LedgerCore
import LedgerFormat
import LedgerInput

/// Where the numbers stand behind the time of a line, when all its other bytes are as in the line that it was made from.
///
/// The name of the event and the newline are among those other bytes.
struct BodyShape {
  /// Digits at a place behind the time; none where `count` is 0.
  struct Digits {
    var at: UInt8 = 0
    var count: UInt8 = 0
    var isHex = false
    var isNegative = false
  }

  /// What the fixed bytes say: kind, names of flags, gfp flags.
  private(set) var event = Event()
  /// Row of the event's name.
  private(set) var row = 0
  /// Bytes from the time to the newline, which is one of them.
  private(set) var count = 0
  private var page = Digits()
  private var pfn = Digits()
  private var flags = Digits()
  private var pointer = Digits()
  private var sampled = Digits()
  private var mapcount = Digits()
  private var order = Digits()
  private var value = Digits()
  private var result = Digits()
  /// Of all other kinds.
  private var words: [WordShape] = []

  /// Longest text that has a shape.
  static let longest = 240

  init() {}

  /// The shape of an event that was read from the bytes between the time's colon and a newline; nil when it has none, or
  /// does not give the same event.
  init?(
    of event: Event, _ row: Int, _ bytes: RawSpan, from start: Int, to newline: Int,
    _ pairs: HexPairs
  ) {
    guard newline &- start < Self.longest, let text = WideText(bytes) else { return nil }
    var end = newline
    while end > start, bytes.u8(end &- 1) == 0x0d { end &-= 1 }
    guard let colon = bytes.firstOffset(of: 0x3a, from: start, to: end) else { return nil }
    self.event = event
    self.row = row
    count = newline &+ 1 &- start
    let line = LineCursor(bytes, from: colon &+ 1, to: end)
    guard Self.isPage(event.kind) ? places(line, start) : words(line, start) else { return nil }
    var again = self.event
    guard read(text, start, pairs, into: &again), again == event else { return nil }
  }

  @inline(__always)
  private static func isPage(_ kind: EventKind) -> Bool {
    kind.isPageRef || kind == .pageFree || kind == .pageFreeBatched || kind == .pageAlloc
  }

  /// Notes where the numbers of a page's event stand.
  private mutating func places(_ body: borrowing LineCursor, _ start: Int) -> Bool {
    var line = copy body
    line.skipSpaces()
    while !line.isAtEnd {
      guard let equals = line.bytes.firstOffset(of: 0x3d, from: line.at, to: line.end) else {
        return false
      }
      let name = line.bytes.text(from: line.at, to: equals)
      line.at = equals &+ 1
      guard place(name, &line, start), line.isAtEnd || line.byte == 0x20 else { return false }
      line.skipSpaces()
    }
    return pfn.count > 0
  }

  /// Notes where the value of a field stands, and moves behind it.
  private mutating func place(_ name: String, _ line: inout LineCursor, _ start: Int) -> Bool {
    switch name {
    case "page": return Self.hex(&line, start, &page) && page.count > 0
    case "pfn": return line.byte == 0x30 && Self.hex(&line, start, &pfn)
    case "flags": return Self.hex(&line, start, &flags)
    case "mapping": return Self.hex(&line, start, &pointer)
    case "count": return Self.decimal(&line, start, &sampled)
    case "mapcount": return Self.decimal(&line, start, &mapcount)
    case "mt", "order": return Self.decimal(&line, start, &order)
    case "val", "migratetype": return Self.decimal(&line, start, &value)
    case "ret": return Self.decimal(&line, start, &result)
    case "gfp_flags":
      line.skipWord()
      return true
    default: return false
    }
  }

  /// A number with or without `0x`; a word that is none is one of the fixed bytes.
  private static func hex(_ line: inout LineCursor, _ start: Int, _ digits: inout Digits) -> Bool {
    var word = line
    word.skipWord()
    guard let run = Digits.run(line, isHex: true, start), run.end(start) == word.at else {
      line.at = word.at
      return true
    }
    digits = run
    line.at = word.at
    return true
  }

  private static func decimal(_ line: inout LineCursor, _ start: Int, _ digits: inout Digits)
    -> Bool
  {
    guard let run = Digits.run(line, isHex: false, start), !run.isHex else { return false }
    digits = run
    line.at = run.end(start)
    return true
  }

  /// Notes where the numbers of an event stand that `SlotWords` reads.
  private mutating func words(_ body: borrowing LineCursor, _ start: Int) -> Bool {
    guard EventBody.isOfWords(event.kind),
      let places = SlotWords.of(event.kind).places(body)
    else { return false }
    words = WordShape.all(in: body, places, start)
    guard places.allSatisfy({ place in words.contains { $0.isAt(place.start, start) } }) else {
      return false
    }
    var blank = Event()
    blank.kind = event.kind
    blank.time = event.time
    blank.pid = event.pid
    blank.cpu = event.cpu
    blank.format = event.format
    blank.context = event.context
    blank.ordinal = event.ordinal
    event = blank
    return true
  }

  /// True for the bytes that hold digits.
  func isFree(_ byte: Int) -> Bool {
    let own = [page, pfn, flags, pointer, sampled, mapcount, order, value, result]
    return own.contains { $0.holds(byte) } || words.contains { $0.digits.holds(byte) }
  }

  /// Reads the numbers of a line that has this shape; false when one of them is no number or is out of its range.
  @inline(__always)
  func read(
    _ text: borrowing WideText, _ at: Int, _ pairs: borrowing HexPairs, into event: inout Event
  ) -> Bool {
    var bad: UInt64 = 0
    guard pfn.count > 0 else { return readWords(text, at, pairs, &event) }
    event.pfn = pfn.hex(text, at, pairs, &bad)
    if page.count == 0 {
      if flags.count > 0 { event.word = flags.hex(text, at, pairs, &bad) }
      event.count = sampled.decimal(text, at, &bad)
      event.mapcount = mapcount.decimal(text, at, &bad)
      if pointer.count > 0 { event.pointer = pointer.hex(text, at, pairs, &bad) }
      event.order = UInt8(truncatingIfNeeded: order.decimal(text, at, &bad))
      event.value = value.decimal(text, at, &bad)
      if result.count > 0 { event.result = result.decimal(text, at, &bad) }
      return bad & HexPairs.bad == 0
    }
    let order = order.decimal(text, at, &bad)
    guard page.hex(text, at, pairs, &bad) != 0, order >= 0, order <= 255 else { return false }
    event.order = UInt8(truncatingIfNeeded: order)
    if value.count > 0 { event.value = value.decimal(text, at, &bad) }
    return bad & HexPairs.bad == 0
  }

  @inline(never)
  private func readWords(
    _ text: borrowing WideText, _ at: Int, _ pairs: borrowing HexPairs, _ event: inout Event
  ) -> Bool {
    guard !words.isEmpty else { return false }
    var bad: UInt64 = 0
    var page: UInt64 = 0
    var vmemmap: UInt64 = 0
    var size: UInt64 = 0
    for word in words {
      let number = word.digits.number(text, at, pairs, &bad)
      switch word.slot {
      case .none: break
      case .page: page = number
      case .vmemmap: vmemmap = number
      case .size: size = number
      case let slot?: event.fill(slot, with: number)
      }
    }
    return bad & HexPairs.bad == 0 && event.complete(page: page, vmemmap: vmemmap, size: size)
  }
}

extension BodyShape.Digits {
  /// The digits that a line goes on with: behind `0x` or where they must be hexadecimal, with a sign where not; nil when
  /// there are none, or more than fit.
  static func run(_ line: borrowing LineCursor, isHex: Bool, _ start: Int) -> Self? {
    var line = copy line
    guard !line.isAtEnd else { return nil }
    var digits = Self()
    digits.isHex = line.skipPrefix() || isHex
    digits.isNegative = !digits.isHex && line.skip(0x2d)
    let from = line.at
    while !line.isAtEnd, Ascii.hexDigit(line.byte) != nil {
      guard digits.isHex || Ascii.isDigit(line.byte) else { return nil }
      line.at &+= 1
    }
    guard line.at > from, line.at &- from <= (digits.isHex ? 16 : 7) else { return nil }
    digits.at = UInt8(truncatingIfNeeded: from &- start)
    digits.count = UInt8(truncatingIfNeeded: line.at &- from)
    return digits
  }

  func end(_ start: Int) -> Int { start &+ Int(at) &+ Int(count) }

  func holds(_ byte: Int) -> Bool { byte >= Int(at) && byte < Int(at) &+ Int(count) }

  /// `bad` gets `HexPairs.bad` when a byte is no digit.
  @inline(__always)
  func hex(
    _ text: borrowing WideText, _ start: Int, _ pairs: borrowing HexPairs, _ bad: inout UInt64
  ) -> UInt64 {
    pairs.number(text, start &+ Int(at), count: Int(count), &bad)
  }

  @inline(__always)
  func decimal(_ text: borrowing WideText, _ start: Int, _ bad: inout UInt64) -> Int32 {
    let word = text.word(start &+ Int(at))
    var number = (word & 0xff) &- 0x30
    if count == 1 {
      if number > 9 { bad = HexPairs.bad }
    } else if let value = WideDigits.decimal(word, count: Int(count)) {
      number = value
    } else {
      bad = HexPairs.bad
    }
    let value = Int32(truncatingIfNeeded: number)
    return isNegative ? 0 &- value : value
  }

  @inline(__always)
  func number(
    _ text: borrowing WideText, _ start: Int, _ pairs: borrowing HexPairs, _ bad: inout UInt64
  ) -> UInt64 {
    isHex
      ? hex(text, start, pairs, &bad)
      : UInt64(bitPattern: Int64(decimal(text, start, &bad)))
  }
}
