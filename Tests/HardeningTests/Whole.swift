import Foundation

/// What takes minutes is left to `PAGELEDGER_WHOLE=1`.
enum Whole {
  static let isAsked = ProcessInfo.processInfo.environment["PAGELEDGER_WHOLE"] == "1"
}
