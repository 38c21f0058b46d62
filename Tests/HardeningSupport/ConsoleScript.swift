/// Lines of a text in the dresses that consoles and loggers put on them.
struct ConsoleScript {
  private var choices: Choices

  init(_ bytes: [UInt8]) { choices = Choices(bytes) }

  /// The first 32 bytes choose the dresses, line by line and again from the start; the rest is the text.
  mutating func text() -> [UInt8] {
    let dresses = choices.take(32)
    var out: [UInt8] = []
    var number = 0
    var long = 0
    for line in choices.rest.split(separator: 10, omittingEmptySubsequences: false) {
      let dress = dresses[number % dresses.count]
      number += 1
      var words = dressed(Array(line), dress, number)
      if dress & 30 == 28, long < 2 {
        long += 1
        words += [UInt8](repeating: dress & 1 == 0 ? 0x79 : 0, count: 70_000) + line
      }
      out += words + (dress & 0xc0 == 0xc0 ? [13, 10] : [10])
    }
    return out
  }

  private func dressed(_ line: [UInt8], _ dress: UInt8, _ number: Int) -> [UInt8] {
    let second = "\(number).\(100_000 + number)"
    switch dress & 31 {
    case 0: return line
    case 1: return Array("[   \(second)] ".utf8) + line
    case 2: return Array("<4>[   \(second)][  T\(number)] ".utf8) + line
    case 3: return Array("Jan  2 03:04:05 host kernel: [   \(second)] ".utf8) + line
    case 4: return Array("2026-01-02T03:04:05.123456+00:00 host kernel: ".utf8) + line
    case 5: return Array("6,\(number),\(number)000000,-;".utf8) + line
    case 6: return Array("6,\(number),\(number)000000,-,ncfrag=0/200;".utf8) + line
    case 7: return Array("[\u{1b}[32m   \(second)\u{1b}[0m] ".utf8) + line
    case 8: return Array("[Fri Jan  2 03:04:05 2026] ".utf8) + line
    case 9: return Array("[  +0.000\(number)] ".utf8) + line
    case 10: return Array("<6>[   \(second)]  CPU2: ".utf8) + line
    case 11: return Array("> ".utf8) + line
    case 12: return Array("{\"__REALTIME_TIMESTAMP\":\"1\",\"MESSAGE\":\"".utf8) + line + [34, 125]
    case 13: return Array("MESSAGE=".utf8) + line
    case 14: return Array("{\"dmesg\":[{\"time\":\(second),\"msg\":\"".utf8) + line + [34, 125, 44]
    case 15:
      return Array("{\"dt\":\"2026-01-02T03:04:05\",\"lvl\":\"target\",\"msg\":\"".utf8) + line + [
        34, 125,
      ]
    case 16: return Array(line.prefix(line.count / 2)) + Array("[   \(second)] ".utf8) + line
    case 17: return line.flatMap { [$0, 8] }
    case 18: return Array("Panic#1 Part\(number)\n".utf8) + line
    case 19: return Array("[  \(second)] [ C\(number & 7)] ".utf8) + line
    default: return Array("[   \(second)] ".utf8) + line
    }
  }
}
