/// Finds the attribute that a number in a record belongs to.
///
/// The kernel counts the numbers up, so that those of a recording lie close together.
struct AttributeTable: Sendable {
  private let base: UInt64
  /// By the number's distance from `base`, -1 for none.
  private var near: [Int32] = []
  /// Used when the numbers lie far apart.
  private var far: [UInt64: Int] = [:]

  private static let spread: UInt64 = 1 << 20

  init(_ attributeOfID: [UInt64: Int]) {
    let low = attributeOfID.keys.min() ?? 0
    let high = attributeOfID.keys.max() ?? 0
    base = low
    guard high - low < Self.spread else {
      far = attributeOfID
      return
    }
    near = Array(repeating: -1, count: attributeOfID.isEmpty ? 0 : Int(high - low) + 1)
    for (id, place) in attributeOfID { near[Int(id - low)] = Int32(truncatingIfNeeded: place) }
  }

  /// The attribute's place, nil for unknown numbers.
  @inline(__always)
  func place(of id: UInt64) -> Int? {
    let distance = id &- base
    guard distance < UInt64(near.count) else { return far.isEmpty ? nil : far[id] }
    let place = near[Int(truncatingIfNeeded: distance)]
    return place < 0 ? nil : Int(place)
  }
}
