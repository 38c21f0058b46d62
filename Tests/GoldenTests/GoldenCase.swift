import Foundation
import Testing

/// One `*.case` file: what to run, on which captures, and what comes out.
///
///     # words for the reader
///     run: pageledger analyze a.txt
///     exit: 1
///     capture a.txt
///     ...the lines of the capture...
///     ----
///     ...standard output...
///     ---- stderr
///     ...standard error...
///
/// The command runs in a folder with the captures of the case and a link `fixtures`.
struct GoldenCase: CustomTestStringConvertible {
  let url: URL
  private let preamble: [String]
  private(set) var arguments: [String] = []
  private(set) var exit: Int32 = 0
  private(set) var captures: [(name: String, text: String)] = []
  let output: String
  let errors: String

  var testDescription: String { url.lastPathComponent }

  init(_ url: URL) throws {
    self.url = url
    let parts = try String(contentsOf: url, encoding: .utf8).split(
      separator: "\n----\n", maxSplits: 1, omittingEmptySubsequences: false)
    preamble = parts[0].components(separatedBy: "\n")
    let expected = parts.count > 1 ? String(parts[1]) : ""
    let streams = expected.components(separatedBy: "---- stderr\n")
    output = streams[0]
    errors = streams.count > 1 ? streams[1] : ""
    readPreamble()
  }

  private mutating func readPreamble() {
    for line in preamble {
      if line.hasPrefix("capture ") {
        captures.append((String(line.dropFirst("capture ".count)), ""))
      } else if !captures.isEmpty {
        captures[captures.count - 1].text += line + "\n"
      } else if line.hasPrefix("run: pageledger") {
        arguments = Self.words(String(line.dropFirst("run: pageledger".count)))
      } else if line.hasPrefix("exit: ") {
        exit = Int32(line.dropFirst("exit: ".count)) ?? -1
      }
    }
  }

  /// Words between blanks; single quotes keep a word together.
  private static func words(_ line: String) -> [String] {
    var words: [String] = []
    for (index, piece) in line.components(separatedBy: "'").enumerated() {
      words += index % 2 == 1 ? [piece] : piece.split(separator: " ").map(String.init)
    }
    return words
  }

  /// Writes the file again with what came out.
  func record(exit: Int32, output: String, errors: String) throws {
    var lines = preamble
    if let row = lines.firstIndex(where: { $0.hasPrefix("exit: ") }) {
      lines[row] = "exit: \(exit)"
    } else if let row = lines.firstIndex(where: { $0.hasPrefix("run: ") }) {
      lines.insert("exit: \(exit)", at: row + 1)
    }
    let text = lines.joined(separator: "\n") + "\n----\n" + output
    try Data((text + (errors.isEmpty ? "" : "---- stderr\n" + errors)).utf8).write(to: url)
  }
}
