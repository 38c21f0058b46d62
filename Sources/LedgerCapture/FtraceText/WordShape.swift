import LedgerFormat
import LedgerInput

/// A number among the fixed bytes of a line, and what it is to the event.
struct WordShape {
  var digits: BodyShape.Digits
  /// Nil for numbers that the replay does not use.
  var slot: EventSlot?

  /// True if this is the number of a value that starts at an offset.
  func isAt(_ value: Int, _ start: Int) -> Bool {
    let digits = start &+ Int(digits.at)
    return digits == value || digits == value &+ 1 && self.digits.isNegative
      || digits == value &+ 2 && self.digits.isHex
  }

  /// The numbers behind each `=` of a body. Those that are at no place of a field are free too, as long as they are
  /// nothing but digits.
  static func all(
    in body: borrowing LineCursor, _ places: [SlotWords.Place], _ start: Int
  ) -> [WordShape] {
    var line = copy body
    var all: [WordShape] = []
    while let equals = line.bytes.firstOffset(of: 0x3d, from: line.at, to: line.end) {
      line.at = equals &+ 1
      let place = places.first { $0.start == line.at }
      guard let run = BodyShape.Digits.run(line, isHex: place?.isHex ?? false, start) else {
        continue
      }
      all.append(WordShape(digits: run, slot: place?.slot))
      line.at = run.end(start)
    }
    return all
  }
}
