/// SplitMix64: small, fast, and the same on every machine, so that a seed names one course of a test for good.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts at a seed.
  public init(state: UInt64) { self.state = state }

  /// Starts at one of a seed's many numbers.
  public init(seed: UInt64, number: Int) {
    self.init(state: seed ^ UInt64(number) &* 0x2545_f491_4f6c_dd1d)
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
