import CommandTestSupport

/// Chance by a seed and a number, which name one mutation for good.
struct Chance: RandomNumberGenerator {
  private var source: SplitMix

  init(seed: UInt64, number: Int) {
    source = SplitMix(state: seed &+ UInt64(bitPattern: Int64(number)) &* 0x9e37_79b9_7f4a_7c15)
    _ = next()
  }

  mutating func next() -> UInt64 { source.next() }

  /// True once in `n` times.
  mutating func once(in n: Int) -> Bool { Int.random(in: 0..<n, using: &self) == 0 }

  /// A generator of its own, so that what it is used for does not disturb this one.
  mutating func branch() -> Chance { Chance(seed: next(), number: 0) }

  mutating func pick<Element>(_ list: [Element]) -> Element? { list.randomElement(using: &self) }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}
