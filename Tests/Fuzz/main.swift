// What tools/fuzz runs: libFuzzer, or each file of a corpus once.
//
//   PAGELEDGER_FUZZ_TARGET=capture fuzz FLAGS CORPUS...
import Foundation

#if FUZZING
  typealias Input = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
  typealias Words = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  @_silgen_name("LLVMFuzzerRunDriver")
  func runDriver(
    _ count: UnsafeMutablePointer<CInt>, _ words: UnsafeMutablePointer<Words>, _ feed: Input
  ) -> CInt

  var count = CommandLine.argc
  var words = CommandLine.unsafeArgv
  exit(runDriver(&count, &words, { feed($0, $1) }))
#else
  for path in CommandLine.arguments.dropFirst() {
    guard let data = FileManager.default.contents(atPath: path) else { continue }
    Array(data).withUnsafeBufferPointer { _ = feed($0.baseAddress, $0.count) }
  }
#endif
