public import Foundation

/// Where the sources and the built command are.
public enum Repository {
  /// The top folder of the clone. `tools/test` names it when the package is built through links.
  public static let root: URL = {
    if let given = ProcessInfo.processInfo.environment["PAGELEDGER_ROOT"] {
      return URL(fileURLWithPath: given, isDirectory: true)
    }
    return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
  }()

  /// Captures that are not part of the clone: beside it, or where `PAGELEDGER_SHARED` says.
  public static let shared: URL? = {
    let given = ProcessInfo.processInfo.environment["PAGELEDGER_SHARED"].map {
      URL(fileURLWithPath: $0, isDirectory: true)
    }
    let folder = given ?? root.deletingLastPathComponent().appendingPathComponent("shared")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  /// The command, beside the tests in the folder of build products.
  public static let command: URL = {
    let runner = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let argument = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
    let products = argument.map { URL(fileURLWithPath: $0) } ?? runner
    return products.deletingLastPathComponent().appendingPathComponent("pageledger")
  }()

  /// A new folder that `body` may fill; it is removed afterwards.
  public static func withFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("pageledger-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
