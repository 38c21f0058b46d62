/// Why nothing can be recorded or planned.
public enum RecordError: Error, Sendable, Equatable {
  /// What was asked for makes no sense.
  case usage(reason: String)
  /// The kernel, its tracefs or a file cannot be used.
  case unusable(reason: String)

  /// A line for a terminal.
  public var message: String {
    switch self {
    case .usage(let reason), .unusable(let reason): reason
    }
  }
}
