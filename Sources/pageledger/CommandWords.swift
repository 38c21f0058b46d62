import LedgerInput

/// The command line as it can be typed again.
enum CommandWords {
  /// Arguments as given, quoted for a shell where they need it. Where a report goes is left out: a page must not depend on its
  /// own name. What starts the command for somebody says in `PAGELEDGER_COMMAND` what that one has typed.
  static func shown(_ arguments: [String]) -> String {
    if let typed = Environment.value("PAGELEDGER_COMMAND"), !typed.isEmpty { return typed }
    var words = ["pageledger"]
    var isReport = false
    for argument in arguments.dropFirst() {
      if isReport {
        words.append(quoted(destinationless(argument)))
      } else if argument.hasPrefix("--report=") {
        words.append("--report=" + quoted(destinationless(String(argument.dropFirst(9)))))
      } else {
        words.append(quoted(argument))
      }
      isReport = !isReport && argument == "--report"
    }
    return words.joined(separator: " ")
  }

  /// `html=out/report.html` as `html=FILE`.
  private static func destinationless(_ report: String) -> String {
    guard let sign = report.firstIndex(of: "=") else { return report }
    return report[...sign] + "FILE"
  }

  private static func quoted(_ word: String) -> String {
    let isPlain =
      !word.isEmpty
      && word.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"):
          true
        default: "-_./=:,+@%".utf8.contains(byte)
        }
      }
    return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }
}
