internal import CRecord
internal import Glibc

/// A program that waits at a gate until its recording has begun.
public final class RecordedCommand {
  /// Its number.
  public let id: Int32
  private var gate: CInt
  private let failure: CInt
  private var end: ProcessEnd?

  /// Starts a program of `PATH` with this process's standard streams. The kernel interrupts a `servant` when this process dies, and
  /// its files are private.
  public init(_ words: [String], isServant: Bool = false) throws(WriteError) {
    guard let gates = ChildProcess.pipe(), let failures = ChildProcess.pipe() else {
      throw .failed(reason: "cannot make a pipe: \(errorText(errno))")
    }
    var pointers = unsafe words.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer { unsafe pointers.forEach { unsafe free($0) } }
    let child = unsafe pointers.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return Int32(-1) }
      return unsafe crecord_start(
        base, [gates.from, gates.to], failures.to, isServant ? SIGINT : 0, isServant ? 1 : 0)
    }
    let reason = errorText(errno)
    close(gates.from)
    close(failures.to)
    (id, gate, failure) = (child, gates.to, failures.from)
    guard child > 0 else { throw .failed(reason: "cannot start \(words[0]): \(reason)") }
  }

  deinit {
    if gate >= 0 { close(gate) }
    close(failure)
  }

  /// Lets the program begin; throws when it cannot be executed.
  public func release() throws(WriteError) {
    guard gate >= 0 else { return }
    try writeAll([1], to: gate, name: "")
    close(gate)
    gate = -1
    var code: CInt = 0
    let got = unsafe withUnsafeMutableBytes(of: &code) {
      unsafe read(failure, $0.baseAddress, $0.count)
    }
    guard got == MemoryLayout<CInt>.size else { return }
    _ = wait()
    throw .failed(reason: errorText(code))
  }

  /// Ends a program that was not let begin; one that runs is left alone.
  public func abandon() {
    guard gate >= 0 else { return }
    close(gate)
    gate = -1
    _ = wait()
  }

  /// How the program ended, nil while it runs.
  public func poll() -> ProcessEnd? { reap(WNOHANG) }

  /// Waits for its end; a signal to this process may end the wait with nil.
  public func wait() -> ProcessEnd? {
    while true {
      if let end = reap(0) { return end }
      guard errno == EINTR else { return nil }
    }
  }

  /// Sends a signal.
  public func signal(_ number: Int32) { if end == nil, id > 0 { _ = kill(id, number) } }

  private func reap(_ flags: CInt) -> ProcessEnd? {
    if let end { return end }
    var status: CInt = 0
    let got = unsafe waitpid(id, &status, flags)
    guard got == id else { return got < 0 && errno == ECHILD ? .code(0) : nil }
    end = ProcessEnd(status: status)
    return end
  }
}
