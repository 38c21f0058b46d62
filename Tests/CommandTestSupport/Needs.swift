import Foundation
public import Testing

extension Repository {
  /// A file or folder of the captures that are not part of the clone; nil where it is not.
  public static func shared(_ name: String) -> String? {
    let path = shared?.appendingPathComponent(name).path
    return path.flatMap { FileManager.default.fileExists(atPath: $0) ? $0 : nil }
  }

  /// Files of a folder of those captures, by the names to ask `shared` for, ascending.
  public static func shared(in folder: String, where isWanted: (String) -> Bool) -> [String] {
    let names = shared(folder).flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) }
    return (names ?? []).filter(isWanted).sorted().map { folder + "/" + $0 }
  }

  /// A program can be run.
  fileprivate static func has(command: String) -> Bool {
    let folders = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    return folders.split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: $0 + "/" + command)
    }
  }
}

extension Trait where Self == ConditionTrait {
  /// The test runs where the shared captures have all of these, and says elsewhere what it lacks.
  public static func needs(shared names: String...) -> Self {
    let missing = names.first { Repository.shared($0) == nil }
    return .enabled(
      if: missing == nil,
      "\(missing ?? "") is not there; PAGELEDGER_SHARED names the folder that holds captures")
  }

  /// The test runs where these programs are installed, and says elsewhere which one is not.
  public static func needs(commands: String...) -> Self {
    let missing = commands.first { !Repository.has(command: $0) }
    return .enabled(if: missing == nil, "\(missing ?? "") is not installed")
  }
}
