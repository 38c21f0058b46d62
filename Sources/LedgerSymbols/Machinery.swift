internal import LedgerCore

/// The functions between a cause and the event that recorded it, which paths leave out; `Machinery.txt` lists them.
public struct Machinery: Sendable {
  private var names: Set<String> = []
  private var starts: [String] = []
  /// What the first four bytes of names come to.
  private var initials = [Bool](repeating: false, count: 1 << initialBits)
  private static let initialBits: UInt32 = 12

  /// The list of the product.
  public static let standard = Machinery(text: PackageResources.Machinery_txt)

  /// Reads a list: a name a line, a star at its end for any rest, comments behind `#`.
  public init(text: [UInt8]) {
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let word = line.prefix { $0 != " " }
      guard !word.isEmpty, !word.hasPrefix("#") else { continue }
      note(word)
      if word.hasSuffix("*") {
        starts.append(String(word.dropLast()))
      } else {
        names.insert(String(word))
      }
    }
  }

  private mutating func note(_ word: Substring) {
    let bytes = word.utf8.prefix(4)
    // A word so short may begin with anything.
    guard bytes.count == 4, bytes.last != UInt8(ascii: "*") else {
      initials = [Bool](repeating: true, count: initials.count)
      return
    }
    initials[Self.place(bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })] = true
  }

  /// False for a name whose first four bytes, the first in the lowest place, no name on the list has.
  func mayContain(initial: UInt32) -> Bool { initials[Self.place(initial)] }

  private static func place(_ initial: UInt32) -> Int {
    Int((initial &* 0x9e37_79b1) >> (32 - initialBits))
  }

  /// True for a function on the list, whatever a compiler appended to its name.
  public func contains(_ function: String) -> Bool {
    let plain = function.withoutCopyMarks
    return names.contains(plain) || starts.contains { plain.hasPrefix($0) }
  }
}
