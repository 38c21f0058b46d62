import LedgerCore

/// Where an argument of a probe comes from.
struct ArgumentWay: Sendable {
  /// Names that the parameter has had; empty for a symbol.
  var parameters: [String] = []
  /// The struct that the parameter points to, which tells it where names do not.
  var structure = ""
  /// Members to follow from there.
  var path: [String] = []
  /// How often what the parameter points to is read, where no struct is known.
  var reads = 0
  /// Which parameter it is, from 1, for kernels whose types are not known.
  var positions: [(Int, Range<KernelVersion>)] = []
  /// A variable of the kernel.
  var symbol = ""
}

/// An argument of a probe, under the name that the analyzer knows.
struct ArgumentSpec: Sendable {
  var name: String
  /// `x64`, `s32`, `string`: where types are known, they decide width and sign of numbers.
  var type: String
  var ways: [ArgumentWay]
  /// Without it the probe tells nothing.
  var isNeeded: Bool

  /// A parameter itself; `at` is its place in all versions, `in` in some.
  static func parameter(
    _ name: String, _ parameters: [String], at position: Int = 0,
    in positions: [(Int, Range<KernelVersion>)] = [], type: String = "x64", needed: Bool = true
  ) -> ArgumentSpec {
    let places = position > 0 ? [(position, KernelVersion.all)] : positions
    let way = ArgumentWay(parameters: parameters, positions: places)
    return ArgumentSpec(name: name, type: type, ways: [way], isNeeded: needed)
  }

  /// A member of the struct that a parameter points to.
  static func member(
    _ name: String, of parameters: [String], _ structure: String, _ path: String,
    at position: Int = 0, in positions: [(Int, Range<KernelVersion>)] = [], type: String = "x64",
    needed: Bool = false
  ) -> ArgumentSpec {
    let places = position > 0 ? [(position, KernelVersion.all)] : positions
    let way = ArgumentWay(
      parameters: parameters, structure: structure,
      path: path.split(separator: ".").map(String.init), positions: places)
    return ArgumentSpec(name: name, type: type, ways: [way], isNeeded: needed)
  }

  /// What a parameter points to, without a struct.
  static func read(
    _ name: String, _ parameters: [String], at position: Int, times: Int, type: String
  ) -> ArgumentSpec {
    let way = ArgumentWay(
      parameters: parameters, reads: times, positions: [(position, KernelVersion.all)])
    return ArgumentSpec(name: name, type: type, ways: [way], isNeeded: false)
  }

  /// A variable of the kernel.
  static func symbol(_ name: String, _ symbol: String) -> ArgumentSpec {
    ArgumentSpec(name: name, type: "x64", ways: [ArgumentWay(symbol: symbol)], isNeeded: false)
  }

  /// Another place of the same, for other versions.
  func or(_ other: ArgumentSpec) -> ArgumentSpec {
    var both = self
    both.ways += other.ways
    return both
  }
}

/// What one event of the analyzer wants from a kernel that has no tracepoint for it.
struct ProbeSpec: Sendable {
  var kind: EventKind
  /// What the function's return means; `.other` when nobody asks.
  var back = EventKind.other
  /// Its type, for the return.
  var result = "x64"
  /// Functions in the order of preference.
  var functions: [String]
  /// All of them, where the first that exists is not enough.
  var takesAll = false
  /// The module it lies in, as a rule; empty for the kernel itself.
  var module = ""
  var arguments: [ArgumentSpec]
  var cost = Cost.low
}

/// How often an event fires on a busy machine.
public enum Cost: Int, Sendable, Comparable, CaseIterable {
  /// When a device, a guest or a mapping is set up.
  case low
  /// With every fault, mapping or lookup.
  case medium
  /// With every page that is allocated or freed.
  case high
  /// With every reference that is taken or dropped.
  case extreme

  /// One word.
  public var word: String {
    switch self {
    case .low: "low"
    case .medium: "medium"
    case .high: "high"
    case .extreme: "extreme"
    }
  }

  /// In the order of how often events fire.
  public static func < (a: Cost, b: Cost) -> Bool { a.rawValue < b.rawValue }
}

extension KernelVersion {
  /// All versions that the tables know.
  static let all = KernelVersion(5, 4)..<KernelVersion(7, 2)

  static func span(_ first: (Int, Int), _ end: (Int, Int)) -> Range<KernelVersion> {
    KernelVersion(first.0, first.1)..<KernelVersion(end.0, end.1)
  }
}
