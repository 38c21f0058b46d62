import LedgerCore

/// A place in a file that findings are shown at: CI systems know files of a repository, not pages of memory.
public struct Anchor: Sendable, Equatable {
  /// A path as the user or a source of symbols wrote it.
  public var path: String
  /// From 1; nil when no line is known.
  public var line: Int?

  /// A place.
  public init(path: String, line: Int? = nil) {
    self.path = path
    self.line = line
  }

  /// Reads `PATH[:LINE]`; nil for an empty path or a line 0.
  public init?(_ words: String) {
    guard let colon = words.lastIndex(of: ":") else {
      guard !words.isEmpty else { return nil }
      self.init(path: words)
      return
    }
    let digits = words[words.index(after: colon)...]
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      self.init(path: words)
      return
    }
    guard colon > words.startIndex, let line = Int(digits), line > 0, line <= Int(Int32.max) else {
      return nil
    }
    self.init(path: String(words[..<colon]), line: line)
  }

  /// Where a finding is shown: where the user said; else the innermost line of source that is known; else the capture.
  static func of(_ finding: Finding, in capture: CaptureInfo, _ options: CIOptions) -> Anchor {
    options.anchor ?? source(finding) ?? .of(capture, options)
  }

  /// Where something about a whole capture is shown.
  static func of(_ capture: CaptureInfo, _ options: CIOptions) -> Anchor {
    options.anchor ?? Anchor(path: capture.path)
  }

  private static func source(_ finding: Finding) -> Anchor? {
    for path in finding.paths {
      if let anchor = path.frames.lazy.compactMap(Self.source).first { return anchor }
    }
    return nil
  }

  /// The line of source of a function: `mm/gup.c:142`.
  static func source(_ frame: CodeFrame) -> Anchor? {
    guard !frame.line.isEmpty, let anchor = Anchor(frame.line), anchor.line != nil else {
      return nil
    }
    return anchor
  }

  /// The path as CI systems compare it with those of a repository: without `./`, without control characters.
  var repositoryPath: String {
    var rest = CIText.line(path, limit: CIText.pathLimit)[...]
    while rest.hasPrefix("./") { rest = rest.dropFirst(2).drop { $0 == "/" } }
    return rest.isEmpty ? "capture" : String(rest)
  }

  /// The path as a reference by RFC 3986: relative as it is, absolute as `file:///`.
  var uri: String {
    let path = repositoryPath
    var isFirst = true
    var result = ""
    if path.hasPrefix("/") {
      result = "file:///"
      isFirst = false
    }
    for byte in path.utf8.drop(while: { $0 == 0x2f }) {
      if byte == UInt8(ascii: "/") { isFirst = false }
      // A colon in the first segment would end a scheme.
      if Self.isPlain(byte) || byte == UInt8(ascii: ":") && !isFirst {
        result.unicodeScalars.append(Unicode.Scalar(byte))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += "%" + digits.padded(left: 2, with: "0")
      }
    }
    return result
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "-._~/!$&'()*+,;=@".utf8.contains(byte)
    }
  }
}
