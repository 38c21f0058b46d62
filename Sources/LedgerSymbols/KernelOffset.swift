/// How far KASLR moved a kernel, told by its call chains: what recorded an event is a function of tracing or of the page
/// allocator, so the innermost frames must lie in one.
enum KernelOffset {
  /// Kernels move by multiples of this: CONFIG_PHYSICAL_ALIGN of x86 (2 MiB by default), MIN_KIMG_ALIGN of arm64 (5.4 to 7.1).
  private static let step = 1 << 21
  /// As far as x86 moves a kernel; arm64 moves it farther, and then only what the capture says helps.
  private static let limit: Int64 = 1 << 30

  /// Chains of which one of the innermost addresses, moved by `shift`, lies in one of the ascending `extents`.
  static func count(_ tops: [[UInt64]], _ extents: [Range<UInt64>], _ shift: UInt64) -> Int {
    tops.count { top in
      top.contains { address in
        let moved = address &+ shift
        var low = 0
        var high = extents.count
        while low < high {
          let middle = low + (high - low) / 2
          if extents[middle].upperBound <= moved { low = middle + 1 } else { high = middle }
        }
        return low < extents.count && extents[low].contains(moved)
      }
    }
  }

  /// What to add to the addresses of the chains; nil when no offset fits most of them, or two fit alike.
  static func match(_ tops: [[UInt64]], _ extents: [Range<UInt64>]) -> UInt64? {
    let tops = Array(tops.prefix(256))
    guard !tops.isEmpty, !extents.isEmpty else { return nil }
    let wanted = tops.count / 2 + 1
    if count(tops, extents, 0) >= wanted { return 0 }
    var best: (shift: UInt64, count: Int)?
    var isAlone = true
    for distance in stride(from: -limit, through: limit, by: step) where distance != 0 {
      let shift = UInt64(bitPattern: distance)
      let fit = count(tops, extents, shift)
      guard fit >= wanted, fit >= best?.count ?? 0 else { continue }
      isAlone = fit > best?.count ?? 0
      best = (shift, fit)
    }
    return isAlone ? best?.shift : nil
  }
}
