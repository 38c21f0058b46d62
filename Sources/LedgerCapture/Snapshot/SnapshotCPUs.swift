/// Which CPUs a copied tracefs should have sub-buffers of, by what else was copied.
///
/// The kernel makes a folder for each possible CPU (kernel/trace/trace.c:init_tracer_tracefs, 6.1), so numbers may have gaps only
/// where the machine's have; what proves how many there are is believed.
struct SnapshotCPUs {
  /// Those with a file of raw sub-buffers, empty or not, or with statistics that account for it.
  var known: Set<Int> = []
  /// Those that any file lies in the folder of.
  var named: Set<Int> = []
  /// `buffer_size_kb` and `buffer_total_size_kb`.
  var size: [UInt8] = []
  var total: [UInt8] = []
  /// `tracing_cpumask`.
  var mask: [UInt8] = []
  /// CPUs that were online when the trace was printed, 0 when no text says it.
  var online = 0
  /// The list of possible CPUs, from sysfs.
  var possible: [UInt8] = []

  private static let limit = 1 << 12

  /// CPUs whose sub-buffers were not copied, as far as the copy tells; in the order of their numbers.
  var missing: [Int] {
    guard !known.isEmpty else { return [] }
    var missing = named.subtracting(known)
    if let listed = Self.list(possible) {
      missing.formUnion(listed.subtracting(known))
    } else if let count {
      // So many buffers of the same size make up the total.
      fill(&missing, upTo: count)
    } else {
      let top = max(known.union(named).max() ?? 0, highest ?? 0)
      missing.formUnion((0...min(top, Self.limit)).filter { !known.contains($0) })
      fill(&missing, upTo: online)
    }
    return missing.sorted()
  }

  /// Takes the lowest numbers for those that are missing.
  private func fill(_ missing: inout Set<Int>, upTo count: Int) {
    var next = 0
    while known.count + missing.count < count {
      if !known.contains(next) { missing.insert(next) }
      next += 1
    }
  }

  /// The number behind `#P:` in the header of a printed trace (kernel/trace/trace.c:print_event_info, 6.1); 0 without one.
  static func online(inHeader text: [UInt8]) -> Int {
    let header = String(decoding: text.prefix(512), as: UTF8.self)
    guard header.hasPrefix("# tracer:"), let mark = header.firstRange(of: "#P:") else { return 0 }
    return min(Int(header[mark.upperBound...].prefix { $0.isNumber }) ?? 0, limit)
  }

  /// How many CPUs have a buffer; nil when they differ in size or nothing tells it.
  private var count: Int? {
    guard let one = Self.number(size), let all = Self.number(total), one > 0 else { return nil }
    let count = (all + one / 2) / one
    return (1...Self.limit).contains(count) ? count : nil
  }

  /// The highest CPU that exists: the mask has a bit for it unless someone narrowed it.
  private var highest: Int? {
    let digits = mask.filter { $0 != 0x2c && $0 != 0x0a && $0 != 0x20 }
    guard digits.count <= Self.limit / 4 else { return nil }
    for (place, digit) in digits.enumerated() {
      guard let value = Character(UnicodeScalar(digit)).hexDigitValue else { return nil }
      guard value > 0 else { continue }
      let top = Int.bitWidth - 1 - value.leadingZeroBitCount
      return (digits.count - 1 - place) * 4 + top
    }
    return nil
  }

  /// The first number of a text such as `7 (expanded: 1408)`.
  private static func number(_ text: [UInt8]) -> Int? {
    Int(String(decoding: text.prefix { 0x30...0x39 ~= $0 }, as: UTF8.self))
      .flatMap { $0 < 1 << 40 ? $0 : nil }
  }

  /// `0-3,8`: lib/bitmap-str.c:bitmap_parselist.
  private static func list(_ text: [UInt8]) -> Set<Int>? {
    var cpus: Set<Int> = []
    let words = String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)
    for part in words.split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2,
        0 <= first, first <= last, last < limit
      else { return nil }
      cpus.formUnion(first...last)
    }
    return cpus.isEmpty ? nil : cpus
  }
}
