import LedgerCore
import LedgerInput

/// What samples and mappings say about code (include/uapi/linux/perf_event.h, 3.7 to 7.1).
enum PerfChain {
  /// Numbers from here on are marks between the parts of a chain: enum perf_callchain_context.
  private static let marks = UInt64.max &- 4094
  private static let kernel = UInt64(bitPattern: -128)
  private static let user = UInt64(bitPattern: -512)
  private static let textName = Array("[kernel.kallsyms]".utf8)

  /// The addresses of the kernel's part and of the user's, innermost first; of guests nothing is taken.
  static func frames(
    _ bytes: RawSpan, _ chain: Range<Int>, swapped: Bool
  ) -> (kernel: [UInt64], user: [UInt64]) {
    var frames: (kernel: [UInt64], user: [UInt64]) = ([], [])
    var part = kernel
    for at in stride(from: chain.lowerBound, to: chain.upperBound, by: 8) {
      let word = bytes.word64(at, swapped)
      if word >= marks {
        part = word
      } else if part == kernel, frames.kernel.count < StackTable.depth {
        frames.kernel.append(word)
      } else if part == user, word != 0, frames.user.count < StackTable.depth {
        frames.user.append(word)
      }
    }
    return frames
  }

  /// Takes where the kernel or a module was mapped: tools/perf/util/synthetic-events.c:
  /// perf_event__synthesize_kernel_mmap, perf_event__synthesize_modules (6.1).
  static func note(
    _ bytes: RawSpan, _ body: Int, _ end: Int, isNewer: Bool, misc: UInt16, _ swapped: Bool,
    _ clues: inout KernelClues
  ) {
    let place = body &+ (isNewer ? 64 : 32)
    guard place < end, bytes.u8(place) == 0x5b || bytes.u8(place) == 0x2f else { return }
    let isKernel = bytes.word32(body, swapped) == .max
    let hasID = isNewer && misc & PerfBuildID.inMapping != 0
    guard isKernel || hasID else { return }
    let start = bytes.word64(body &+ 8, swapped)
    let name = name(bytes, place, end)
    if hasID {
      let id = PerfBuildID.bytes(bytes, body &+ 36, count: Int(bytes.u8(body &+ 32)))
      guard isKernel else { return PerfBuildID.noteProgram(id, of: name, &clues) }
      PerfBuildID.note(id, of: name, &clues)
    }
    if name.starts(with: textName) {
      // The name ends with the symbol that the mapping's offset gives the address of.
      let isText = String(decoding: name, as: UTF8.self).hasSuffix("]_text")
      let offset = bytes.word64(body &+ 24, swapped)
      if isText || clues.text == nil { clues.text = offset == 0 ? start : offset }
    } else if let module = module(name), clues.modules.count < 1 << 12 {
      clues.modules[module] = start
    }
  }

  /// The bytes of a file's name up to its NUL; long ones are cut at their start, because their end says what they are.
  static func name(_ bytes: RawSpan, _ place: Int, _ end: Int) -> [UInt8] {
    var at = place
    while at < end, bytes.u8(at) != 0 { at &+= 1 }
    return (max(place, at &- 256)..<at).map { bytes.u8($0) }
  }

  /// `[pglab]`, or the path of `snd-hda-codec.ko.xz`: the name with underscores.
  static func module(_ name: [UInt8]) -> String? {
    if name.last == 0x5d { return String(decoding: name.dropFirst().dropLast(), as: UTF8.self) }
    let file = name[(name.lastIndex(of: 0x2f).map { $0 + 1 } ?? 0)...]
    let words = String(decoding: file, as: UTF8.self).split(separator: ".")
    guard words.count > 1, words[1] == "ko" else { return nil }
    return String(words[0].map { $0 == "-" ? "_" : $0 })
  }
}
