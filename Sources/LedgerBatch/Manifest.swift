/// What a manifest says of one input: where it is, and labels for it.
public struct ManifestEntry: Sendable, Equatable {
  /// A file, a folder, or `archive!member`.
  public var path: String
  /// Name and value, by name: `job`, `kernel`, `host`, `commit`, `date` and any other.
  public var labels: [Label]

  /// An entry with all its parts.
  public init(path: String, labels: [Label] = []) {
    self.path = path
    self.labels = labels
  }
}

/// A name and a value that belong to an input.
public struct Label: Sendable, Equatable {
  /// `job`.
  public var name: String
  /// What stands for it.
  public var value: String

  /// A label with both parts.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// A list of inputs, one a line: a JSON object with `path`, or columns between tabs.
///
/// Columns behind the path are `name=value`; when the first line begins with the column `path`, it names the columns instead.
public enum Manifest {
  /// Labels that an input may have; more are a mistake.
  private static let labelLimit = 64

  /// Reads all lines. Throws when one is not understood.
  public static func entries(of bytes: [UInt8]) throws(JSONError) -> [ManifestEntry] {
    var entries: [ManifestEntry] = []
    var columns: [String]?
    var number = 0
    for slice in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      var line = slice
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      guard !line.isEmpty else { continue }
      if line.first == UInt8(ascii: "{") {
        entries.append(try entry(json: line, number))
        continue
      }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw JSONError(line: number, reason: "the line is not UTF-8")
      }
      let words = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      if columns == nil, entries.isEmpty, words[0] == "path" {
        columns = words
      } else {
        entries.append(try entry(words, columns, number))
      }
    }
    return entries
  }

  private static func entry(json line: ArraySlice<UInt8>, _ number: Int) throws(JSONError)
    -> ManifestEntry
  {
    let value: JSONValue
    do throws(JSONError) {
      value = try JSONReader.value(of: Array(line))
    } catch { throw JSONError(line: number, reason: error.reason) }
    var labels: [Label] = []
    for member in value.members ?? [] where member.name != "path" {
      switch member.value {
      case .string(let text): labels.append(Label(name: member.name, value: text))
      case .number(let count): labels.append(Label(name: member.name, value: String(count)))
      case .other(let text): labels.append(Label(name: member.name, value: text))
      case .bool(let flag): labels.append(Label(name: member.name, value: flag ? "true" : "false"))
      case .null: break
      default: throw JSONError(line: number, reason: "'\(member.name)' is no string or number")
      }
    }
    return try entry(value["path"]?.text ?? "", labels, number)
  }

  private static func entry(_ words: [String], _ columns: [String]?, _ number: Int)
    throws(JSONError) -> ManifestEntry
  {
    var labels: [Label] = []
    for (index, word) in words.enumerated().dropFirst() where !word.isEmpty {
      if let columns {
        guard index < columns.count else {
          throw JSONError(line: number, reason: "the line has more columns than the first one")
        }
        labels.append(Label(name: columns[index], value: word))
      } else {
        guard let sign = word.firstIndex(of: "="), sign > word.startIndex else {
          throw JSONError(line: number, reason: "'\(word)' is not NAME=VALUE")
        }
        labels.append(
          Label(name: String(word[..<sign]), value: String(word[word.index(after: sign)...])))
      }
    }
    return try entry(words[0], labels, number)
  }

  private static func entry(_ path: String, _ labels: [Label], _ number: Int) throws(JSONError)
    -> ManifestEntry
  {
    guard !path.isEmpty, !path.utf8.contains(0) else {
      throw JSONError(line: number, reason: "the line names no path")
    }
    guard labels.count <= labelLimit else {
      throw JSONError(line: number, reason: "more than \(labelLimit) labels")
    }
    var sorted: [Label] = []
    for label in labels.sorted(by: { $0.name < $1.name }) where sorted.last?.name != label.name {
      sorted.append(label)
    }
    return ManifestEntry(path: path, labels: sorted)
  }
}
