public import Foundation

/// What a program left behind.
public struct Outcome: Sendable {
  /// Exit code; 128 plus the number of the signal that ended it.
  public var status: Int32
  /// Standard output.
  public var output: String
  /// Standard error.
  public var errors: String
}

/// Starts programs and waits for them.
public enum Invocation {
  /// Runs the built command in a folder.
  public static func pageledger(
    _ arguments: [String], in folder: URL, input: URL? = nil, environment: [String: String] = [:]
  ) throws -> Outcome {
    try run(Repository.command, arguments, in: folder, input: input, environment: environment)
  }

  /// Runs a line of shell in a folder; `$PAGELEDGER` is the command.
  public static func shell(_ line: String, in folder: URL) throws -> Outcome {
    try run(
      URL(fileURLWithPath: "/bin/sh"), ["-c", line], in: folder, input: nil,
      environment: ["PAGELEDGER": Repository.command.path])
  }

  /// Output goes to files, so that no pipe can fill up.
  private static func run(
    _ program: URL, _ arguments: [String], in folder: URL, input: URL?,
    environment: [String: String]
  ) throws -> Outcome {
    try Repository.withFolder { scratch in
      let output = scratch.appendingPathComponent("output")
      let errors = scratch.appendingPathComponent("errors")
      for file in [output, errors] { try Data().write(to: file) }
      let process = Process()
      process.executableURL = program
      process.arguments = arguments
      process.currentDirectoryURL = folder
      process.environment = ProcessInfo.processInfo.environment
        .merging(["COLUMNS": "80", "LC_ALL": "C"]) { $1 }.merging(environment) { $1 }
      process.standardInput = try FileHandle(
        forReadingFrom: input ?? URL(fileURLWithPath: "/dev/null"))
      process.standardOutput = try FileHandle(forWritingTo: output)
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      process.waitUntilExit()
      let signalled = process.terminationReason == .uncaughtSignal
      return Outcome(
        status: process.terminationStatus + (signalled ? 128 : 0),
        output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
        errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }
  }
}
