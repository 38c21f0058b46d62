internal import CSQLite
internal import Glibc

/// A value of a row.
public enum DatabaseValue: Sendable, Equatable {
  case null
  case integer(Int64)
  case text(String)
}

/// A new SQLite database that appears whole or not at all.
///
/// It is written under a temporary name beside its own, in one transaction, by one thread. The same calls give the same bytes.
@safe public final class Database {
  private let path: String
  private let target: String
  private let temporary: String
  private var handle: OpaquePointer?

  /// Pages that are held before they go to the file, in KiB.
  private static let cache = 16_000

  /// Begins a database that will stand at `path`. Throws when the folder takes no new file.
  public init(path: String) throws(WriteError) {
    self.path = path
    try WholeFile.refuseForeignLinks(path)
    guard !WholeFile.isSpecial(path) else {
      throw .failed(reason: "\(path): a database needs a regular file")
    }
    target = WholeFile.resolved(path)
    temporary = WholeFile.temporaryName(beside: target)
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE
    guard unsafe sqlite3_open_v2(temporary, &handle, flags, nil) == SQLITE_OK else {
      let error = failure()
      close()
      throw error
    }
    try run(
      """
      PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
      PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -\(Self.cache); BEGIN;
      """)
  }

  deinit { abandon() }

  /// Runs statements without values.
  public func run(_ sql: String) throws(WriteError) {
    guard unsafe sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
  }

  /// Prepares a statement whose values are bound at `?`.
  public func statement(_ sql: String) throws(WriteError) -> DatabaseStatement {
    var statement: OpaquePointer?
    guard unsafe sqlite3_prepare_v2(handle, sql, -1, &statement, nil) == SQLITE_OK,
      let statement = unsafe statement
    else { throw failure() }
    return unsafe DatabaseStatement(statement, of: self)
  }

  /// Ends the transaction and gives the file its name; all statements must be gone.
  public func finish() throws(WriteError) {
    try run("COMMIT")
    guard unsafe sqlite3_close(handle) == SQLITE_OK else { throw failure() }
    unsafe handle = nil
    let descriptor = unsafe open(temporary, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw system() }
    defer { _ = Glibc.close(descriptor) }
    guard fsync(descriptor) == 0, unsafe rename(temporary, target) == 0 else { throw system() }
  }

  private func system() -> WriteError {
    let error = WriteError.failed(reason: "\(path): cannot write: \(errorText(errno))")
    unsafe unlink(temporary)
    return error
  }

  private func close() {
    unsafe sqlite3_close_v2(handle)
    unsafe handle = nil
  }

  private func abandon() {
    guard unsafe handle != nil else { return }
    close()
    unsafe unlink(temporary)
  }

  fileprivate func failure() -> WriteError {
    let words = unsafe sqlite3_errmsg(handle).map { unsafe String(cString: $0) } ?? "out of memory"
    return .failed(reason: "\(path): cannot write: \(words)")
  }
}

/// A statement that is run again and again with other values.
@safe public final class DatabaseStatement {
  private let handle: OpaquePointer
  private let database: Database

  init(_ handle: OpaquePointer, of database: Database) {
    unsafe self.handle = unsafe handle
    self.database = database
  }

  deinit { unsafe sqlite3_finalize(handle) }

  /// Runs it with a value for each `?`.
  public func run(_ values: [DatabaseValue]) throws(WriteError) {
    for (index, value) in values.enumerated() {
      guard bind(value, CInt(clamping: index + 1)) == SQLITE_OK else { throw database.failure() }
    }
    let status = unsafe sqlite3_step(handle)
    guard status == SQLITE_DONE || status == SQLITE_ROW else { throw database.failure() }
    unsafe sqlite3_reset(handle)
  }

  private func bind(_ value: DatabaseValue, _ place: CInt) -> CInt {
    switch value {
    case .null: return unsafe sqlite3_bind_null(handle, place)
    case .integer(let number): return unsafe sqlite3_bind_int64(handle, place, number)
    case .text(var text):
      // SQLite copies the text before this returns.
      let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
      return text.withUTF8 { bytes in
        guard let base = bytes.baseAddress else {
          return unsafe sqlite3_bind_text(handle, place, "", 0, transient)
        }
        return unsafe base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
          unsafe sqlite3_bind_text(handle, place, $0, CInt(clamping: bytes.count), transient)
        }
      }
    }
  }
}
