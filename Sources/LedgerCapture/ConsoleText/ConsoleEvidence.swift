import LedgerInput

/// Tells a console log that holds a dump of the trace buffers from one that holds none.
struct ConsoleEvidence {
  /// Lines of a dump whose header was lost that tell it apart from an accident.
  private static let eventsNeeded = 3
  /// Lines after which a header or an event alone proves nothing any more.
  private static let patience = 4096

  /// A dump was found.
  private(set) var isFound = false
  /// Lines with the dressing of a console were seen.
  private(set) var isConsole = false
  /// The kernel wrote it, with or without a dump: its stamps, its banner or one of its complaints were seen.
  var isKernelLog: Bool { stamps >= Self.stampsNeeded }
  /// Lines with a stamp of printk, of which other programs may write one by accident.
  private static let stampsNeeded = 2
  private var stamps = 0
  private var hasHeader = false
  private var events = 0
  private var quiet = 0

  /// Something was seen that may be the start of a dump.
  var isWaiting: Bool { hasHeader || events > 0 }

  /// Looks at a line whose dressing ends at `start`.
  mutating func look(_ bytes: RawSpan, _ dress: Dress, to last: Int) {
    let end = min(last, dress.end ?? last)
    let start = dress.at
    let isDressed = dress.isDressed
    if isDressed { isConsole = true }
    if dress.isKernel, start < end { stamps &+= 1 }
    if !isKernelLog, Self.isKernels(bytes, start, end) { stamps = Self.stampsNeeded }
    switch ConsoleMark.read(LineCursor(bytes, from: start, to: end)) {
    case .header:
      hasHeader = true
      quiet = 0
    case .empty: hasHeader = false
    case .rule: isFound = isFound || hasHeader
    case .dropped, nil:
      if isDressed || hasHeader { lookForEvent(bytes, start, end) }
    }
    guard isWaiting else { return }
    quiet &+= 1
    if quiet > Self.patience { (hasHeader, events, quiet) = (false, 0, 0) }
  }

  /// True for words that only the kernel writes, for logs without stamps.
  private static func isKernels(_ bytes: RawSpan, _ start: Int, _ end: Int) -> Bool {
    let line = LineCursor(bytes, from: start, to: end)
    guard !line.isAtEnd else { return false }
    switch line.byte {
    case 0x4c:
      return line.starts(with: .kernelBanner)
        && Ascii.isDigit(bytes.u8(start &+ StaticText.kernelBanner.count))
    case 0x42 where line.starts(with: .firstBoot): return true
    case 0x42, 0x57, 0x6b, 0x70, 0x72:
      var reader = ComplaintReader()
      return reader.take(bytes, from: start, to: end, Dress(), number: 0, isCut: false)
    default: return false
    }
  }

  private mutating func lookForEvent(_ bytes: RawSpan, _ start: Int, _ end: Int) {
    guard let context = LineContext.parse(bytes, from: start, to: end), context.isRelative else {
      return
    }
    events &+= 1
    quiet = 0
    isFound = isFound || hasHeader || events >= Self.eventsNeeded
  }
}

extension StaticText {
  /// init/version.c:linux_banner, the first line of a boot.
  static let kernelBanner = StaticText("Linux version ")
  /// arch/arm/kernel/setup.c:smp_setup_processor_id, the first line on Arm.
  fileprivate static let firstBoot = StaticText("Booting Linux on physical CPU 0x")
}
