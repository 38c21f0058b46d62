import ArgumentParser
import LedgerInput

/// Options that all commands share which read captures.
struct CommonOptions: ParsableArguments {
  @Flag(help: "No progress; in text only the verdict and titles.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Name the files that are no captures.")
  var verbose = false

  @Option(help: "Colour.")
  var color = ColorChoice.auto

  @Option(
    help: ArgumentHelp("Limit of the page table (K, M, G).", valueName: "size"))
  var maxMemory = SizeArgument.standard

  @OptionGroup var input: InputOptions

  @OptionGroup var symbols: SymbolOptions
}

/// Options of how a capture is opened.
struct InputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Limit of unpacking (K, M, G).", valueName: "size"))
  var maxExpand = SizeArgument.expansion
}

/// An amount of memory: `512M`, `2G`, `1073741824`; the units are powers of 1024.
struct SizeArgument: ExpressibleByArgument, CustomStringConvertible {
  let bytes: UInt64
  let description: String

  var defaultValueDescription: String { description }

  static let standard = SizeArgument(bytes: 2 << 30, description: "2G")

  /// What one worker of a batch may take; half of it is for the page table.
  static let worker = SizeArgument(bytes: 4 << 30, description: "4G")

  static let expansion = SizeArgument(bytes: ByteSource.expandLimit, description: "64G")

  /// What browsers open without a pause.
  static let page = SizeArgument(bytes: 10 << 20, description: "10M")

  private init(bytes: UInt64, description: String) {
    self.bytes = bytes
    self.description = description
  }

  init?(argument: String) {
    var digits = argument.uppercased()
    for suffix in ["IB", "B"] where digits.hasSuffix(suffix) {
      digits.removeLast(suffix.count)
      break
    }
    let units: [Character: UInt64] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
    var scale: UInt64 = 1
    if let unit = digits.last.flatMap({ units[$0] }) {
      scale = unit
      digits.removeLast()
    }
    guard let number = UInt64(digits), number > 0 else { return nil }
    let product = number.multipliedReportingOverflow(by: scale)
    guard !product.overflow else { return nil }
    self.init(bytes: product.partialValue, description: argument)
  }
}
