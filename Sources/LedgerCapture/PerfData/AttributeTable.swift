/// Finds the attribute that a number in a record belongs to, and the CPU it was opened on.
///
/// The kernel counts the numbers up, so that those of a recording lie close together.
struct AttributeTable: Sendable {
  private struct Entry {
    /// -1 for none.
    var place: Int32 = -1
    /// -1 until a record has named it.
    var cpu: Int32 = -1

    @inline(__always)
    mutating func confirm(_ number: UInt16) -> Bool {
      if cpu < 0 { cpu = Int32(number) }
      return cpu == Int32(number)
    }
  }

  private let base: UInt64
  /// By the number's distance from `base`.
  private var near: [Entry] = []
  /// Used when the numbers lie far apart.
  private var far: [UInt64: Entry] = [:]

  private static let spread: UInt64 = 1 << 20

  init(_ attributeOfID: [UInt64: Int]) {
    let low = attributeOfID.keys.min() ?? 0
    let high = attributeOfID.keys.max() ?? 0
    base = low
    guard high - low < Self.spread else {
      far = attributeOfID.mapValues { Entry(place: Int32(truncatingIfNeeded: $0)) }
      return
    }
    near = Array(repeating: Entry(), count: attributeOfID.isEmpty ? 0 : Int(high - low) + 1)
    for (id, place) in attributeOfID {
      near[Int(id - low)].place = Int32(truncatingIfNeeded: place)
    }
  }

  /// The attribute's place, nil for unknown numbers.
  @inline(__always)
  func place(of id: UInt64) -> Int? {
    let distance = id &- base
    guard distance < UInt64(near.count) else {
      return far.isEmpty ? nil : far[id].map { Int($0.place) }
    }
    let place = near[Int(truncatingIfNeeded: distance)].place
    return place < 0 ? nil : Int(place)
  }

  /// False when the number is that of an event on another CPU, as far as earlier records told.
  @inline(__always)
  mutating func confirm(_ id: UInt64, on cpu: UInt16) -> Bool {
    let distance = id &- base
    guard distance < UInt64(near.count) else { return far[id]?.confirm(cpu) ?? true }
    return near[Int(truncatingIfNeeded: distance)].confirm(cpu)
  }
}
