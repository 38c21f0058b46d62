/// How many bytes the records of a format have, padding of the kernel's struct included.
struct RecordSize {
  /// The end of the last field that has its place in the struct.
  private(set) var minimum = 0
  /// `Int.max` where a field is of any length.
  private(set) var maximum = Int.max

  init(_ format: EventFormat) {
    var isBounded = true
    for field in format.fields {
      switch field.shape {
      case .located, .relative: isBounded = false
      case .array where field.size <= 0: isBounded = false
      default: break
      }
      let (end, over) = field.offset.addingReportingOverflow(max(0, field.size))
      guard !over, end >= 0, end < 1 << 16 else {
        minimum = 0
        return
      }
      minimum = max(minimum, end)
    }
    if isBounded { maximum = (minimum + 7) & ~7 }
  }
}
