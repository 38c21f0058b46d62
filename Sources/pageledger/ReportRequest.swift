public import ArgumentParser
import LedgerCore
import LedgerInput
public import LedgerReport

/// `FORMAT=PATH`: a report to be written to a file.
struct ReportRequest {
  let format: ReportFormat
  let path: String

  init(argument: String) throws {
    guard let sign = argument.firstIndex(of: "=") else {
      throw ValidationError("'\(argument)' is not FORMAT=PATH; formats: \(ReportFormat.names)")
    }
    let name = String(argument[..<sign])
    guard let format = ReportFormat(rawValue: name) else {
      throw ValidationError("unknown report format '\(name)'; known: \(ReportFormat.names)")
    }
    path = String(argument[argument.index(after: sign)...])
    self.format = format
    guard !path.isEmpty, path != "-" else {
      throw ValidationError("'\(argument)' names no file; use --format for standard output")
    }
  }
}

/// A report that is collected during the run and written at its end.
struct ReportFile {
  private let path: String
  private var stream: ReportStream
  private var bytes: [UInt8] = []

  /// Fails before the run when the folder takes no file.
  init(_ request: ReportRequest, captures: Int) throws(WriteError) {
    try WholeFile.check(request.path)
    path = request.path
    stream = ReportStream(format: request.format, captures: captures)
  }

  /// More than one capture will come, against what was said at first.
  mutating func expectSeveral() { stream.expectSeveral() }

  mutating func append(_ analysis: Analysis) {
    stream.append(analysis)
    bytes += stream.take()
  }

  mutating func write() throws(WriteError) {
    stream.finish()
    try WholeFile.write(bytes + stream.take(), to: path)
  }
}

extension ReportFormat: ExpressibleByArgument {}
