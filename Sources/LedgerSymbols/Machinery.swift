internal import LedgerCore

/// The functions between a cause and the event that recorded it, which paths leave out; `Machinery.txt` lists them.
public struct Machinery: Sendable {
  private var names: Set<String> = []
  private var starts: [String] = []

  /// The list of the product.
  public static let standard = Machinery(text: PackageResources.Machinery_txt)

  /// Reads a list: a name a line, a star at its end for any rest, comments behind `#`.
  public init(text: [UInt8]) {
    for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
      let word = line.prefix { $0 != " " }
      guard !word.isEmpty, !word.hasPrefix("#") else { continue }
      if word.hasSuffix("*") {
        starts.append(String(word.dropLast()))
      } else {
        names.insert(String(word))
      }
    }
  }

  /// True for a function on the list, whatever a compiler appended to its name.
  public func contains(_ function: String) -> Bool {
    let plain = function.withoutCopyMarks
    return names.contains(plain) || starts.contains { plain.hasPrefix($0) }
  }
}
