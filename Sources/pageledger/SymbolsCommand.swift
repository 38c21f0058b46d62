import ArgumentParser
import LedgerCapture
import LedgerCore
import LedgerInput
import LedgerSymbols

/// `pageledger symbols`: what addr2line is for a kernel that KASLR has moved.
struct SymbolsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "symbols",
    abstract: "Name the functions at addresses of a kernel.",
    usage: "pageledger symbols [--vmlinux FILE] [OPTIONS] <ADDRESSES",
    discussion: """
      Reads a line an address (0xffffffff81234567) or a place (func+0x1c,
      func+0x1c/0x130 [module]) from standard input and prints the function, and its line when the files have
      debug information; functions that were put into it come first, a line each.

        echo ffffffffbda882f3 |
          pageledger symbols --vmlinux vmlinux --kaslr-offset 0x3c800000
        pageledger symbols --capture perf.data --kallsyms kallsyms <addresses
      """)

  @Option(
    help: ArgumentHelp(
      "A capture of the boot that the addresses are from.", valueName: "path"))
  var capture: String?

  @Option(
    help: ArgumentHelp(
      "How far KASLR moved the kernel ('Kernel Offset:' in its log).", valueName: "number"))
  var kaslrOffset: HexArgument?

  @OptionGroup var symbols: SymbolOptions

  func run() throws {
    var clues = KernelClues()
    do throws(CaptureError) {
      if let capture { clues = try Self.clues(of: capture) }
    } catch {
      Diagnostics.say(error.message)
      try ExitStatus.unreadable.exit()
    }
    if let kaslrOffset { clues.offset = kaslrOffset.value }
    var frames: [StackFrame?] = []
    while let line = readLine() { frames.append(Self.frame(line)) }
    var finder = SymbolFinder(symbols.files, clues: clues)
    finder.addressesAreReturns = false
    let names = finder.names(of: Set(frames.compactMap { $0 }), chains: [])
    var output = Output()
    for frame in frames {
      let found = frame.flatMap { names[$0] } ?? []
      let words = found.isEmpty ? ["??"] : found.map(\.words)
      output.write(Array((words.joined(separator: "\n") + "\n").utf8))
    }
    for complaint in finder.complaints { Diagnostics.say(complaint) }
    var status = finder.complaints.isEmpty ? ExitStatus.clean : .unreadable
    status.worsen(to: output.close())
    try status.exit()
  }

  /// What a capture knows; some of it stands in its records.
  private static func clues(of path: String) throws(CaptureError) -> KernelClues {
    let reader = try openCapture(path: path, detail: .replay)
    var batch = EventBatch()
    while reader.clues.kallsyms == nil, try reader.next(&batch), !Interruption.isRequested {}
    return reader.clues
  }

  /// An address in hexadecimal, or a name with or without an offset and a module.
  static func frame(_ line: String) -> StackFrame? {
    let words = line.split { $0 == " " || $0 == "\t" }
    let word = words.first.map(String.init) ?? ""
    guard !word.isEmpty else { return nil }
    if let address = HexArgument(argument: word) { return StackFrame(address: address.value) }
    let isOfModule = words.count > 1 && words[1].hasPrefix("[") && words[1].hasSuffix("]")
    let module = isOfModule ? "\t" + words[1].dropFirst().dropLast() : ""
    let parts = word.split(separator: "+", maxSplits: 1)
    guard parts.count == 2 else { return StackFrame(name: word + module, offset: 0) }
    let digits = parts[1].prefix { $0 != "/" }
    return HexArgument(argument: String(digits)).map {
      StackFrame(name: parts[0] + module, offset: $0.value)
    }
  }
}

/// A number in hexadecimal, with or without `0x`.
struct HexArgument: ExpressibleByArgument {
  let value: UInt64

  init?(argument: String) {
    let isPrefixed = argument.hasPrefix("0x") || argument.hasPrefix("0X")
    let digits = isPrefixed ? argument.dropFirst(2) : argument[...]
    guard let value = UInt64(digits, radix: 16) else { return nil }
    self.value = value
  }
}
