public import LedgerCore
internal import LedgerInput

/// Where the addresses of `ftrace:kernel_stack` or `ftrace:user_stack` lie (kernel/trace/trace_entries.h; 2.6.30 to 7.1).
public struct StackRecord: Sendable {
  /// The task and the context that a record was written in.
  public struct Task: Sendable {
    var pid: Int32
    var context: UInt8

    /// The event was written by the same task in the same context.
    public func fits(_ event: Event) -> Bool {
      event.pid == pid && event.context == context && !event.kind.isGap
    }
  }

  /// The format's place among the capture's formats.
  public let format: Int
  private let callers: Int
  /// Place of the number of callers, -1 when the record does not have it.
  private let size: Int
  private let long: Int
  private let bigEndian: Bool
  private let pid: Int
  private let flags: Int

  /// The addresses are those of a user's program.
  public let isUser: Bool

  /// Nil when the capture does not know such records.
  public init?(_ formats: [EventFormat], long: Int, bigEndian: Bool, isUser: Bool = false) {
    let name = isUser ? "user_stack" : "kernel_stack"
    let place = formats.firstIndex { $0.system == "ftrace" && $0.name == name }
    guard let place, let field = formats[place].field("caller"), field.offset >= 8,
      field.offset < 64, long == 4 || long == 8
    else { return nil }
    format = place
    self.isUser = isUser
    callers = field.offset
    self.long = long
    self.bigEndian = bigEndian
    let count = formats[place].field("size")
    size = count.map { $0.size == 4 && $0.offset >= 8 && $0.offset < 64 ? $0.offset : -1 } ?? -1
    pid = formats[place].field("common_pid").map { $0.size == 4 ? $0.offset : -1 } ?? -1
    flags = formats[place].field("common_flags").map { $0.size == 1 ? $0.offset : -1 } ?? -1
  }

  /// Who wrote the record of `count` bytes at `start`, which lies within `bytes`.
  public func task(_ bytes: RawSpan, at start: Int, count: Int) -> Task {
    var task = Task(pid: -1, context: 0)
    if pid >= 0, pid &+ 4 <= count { task.pid = Int32(bitPattern: word32(bytes, start &+ pid)) }
    if flags >= 0, flags < count { task.context = bytes.u8(start &+ flags) }
    return task
  }

  /// The addresses, innermost first, at most `StackTable.depth`; old kernels pad with all ones.
  public func frames(_ bytes: RawSpan, at start: Int, count: Int) -> [UInt64] {
    var room = count > callers ? (count &- callers) / long : 0
    if size >= 0, size &+ 4 <= count {
      room = min(room, Int(clamping: Int32(bitPattern: word32(bytes, start &+ size))))
    }
    var frames: [UInt64] = []
    for index in 0..<max(0, min(room, StackTable.depth)) {
      let at = start &+ callers &+ index &* long
      let address = long == 8 ? word64(bytes, at) : UInt64(word32(bytes, at))
      guard address != 0, address != (long == 8 ? .max : 0xffff_ffff) else { break }
      frames.append(address)
    }
    return frames
  }

  private func word32(_ bytes: RawSpan, _ at: Int) -> UInt32 {
    bigEndian ? bytes.u32(at).byteSwapped : bytes.u32(at)
  }

  private func word64(_ bytes: RawSpan, _ at: Int) -> UInt64 {
    bigEndian ? bytes.u64(at).byteSwapped : bytes.u64(at)
  }
}
