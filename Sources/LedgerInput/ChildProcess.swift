internal import CBatch
internal import Glibc

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable {
  case code(Int32)
  case signal(Int32)

  /// The end that waitpid(2) tells of.
  init(status: CInt) {
    let signal = status & 0x7f
    self = signal == 0 ? .code(status >> 8 & 0xff) : .signal(signal)
  }
}

/// Another process of this program, with pipes to its standard input and from its standard output.
public final class ChildProcess {
  /// Its number.
  public let id: Int32
  private let input: CInt
  private let output: CInt
  private var end: ProcessEnd?

  /// Starts this very program once more; its standard error goes nowhere.
  public init(arguments: [String]) throws(WriteError) {
    guard let requests = Self.pipe() else {
      throw .failed(reason: "cannot make a pipe: \(errorText(errno))")
    }
    guard let answers = Self.pipe() else {
      let reason = errorText(errno)
      close(requests.from)
      close(requests.to)
      throw .failed(reason: "cannot make a pipe: \(reason)")
    }
    var child: pid_t = 0
    let code = Self.spawn(
      &child, ["pageledger"] + arguments, input: requests.from, output: answers.to)
    close(requests.from)
    close(answers.to)
    input = requests.to
    output = answers.from
    id = child
    guard code == 0 else {
      throw .failed(reason: "cannot start a worker: \(errorText(code))")
    }
    _ = fcntl(output, F_SETFL, fcntl(output, F_GETFL) | O_NONBLOCK)
  }

  deinit {
    kill()
    _ = wait()
    close(input)
    close(output)
  }

  /// A pipe that other programs do not inherit; this process starts them from one thread.
  static func pipe() -> (from: CInt, to: CInt)? {
    var ends: [CInt] = [-1, -1]
    let made = unsafe ends.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      return unsafe Glibc.pipe(base) == 0
    }
    guard made else { return nil }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  private static func spawn(
    _ child: inout pid_t, _ arguments: [String], input: CInt, output: CInt
  ) -> CInt {
    var actions = unsafe posix_spawn_file_actions_t()
    guard unsafe posix_spawn_file_actions_init(&actions) == 0 else { return errno }
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    _ = unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
    _ = unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
    _ = unsafe posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    var words = unsafe arguments.map { unsafe strdup($0) }
    unsafe words.append(nil)
    defer { unsafe words.forEach { unsafe free($0) } }
    return unsafe posix_spawn(&child, "/proc/self/exe", &actions, nil, &words, environ)
  }

  /// Sends bytes; false when the process no longer listens.
  public func send(_ bytes: [UInt8]) -> Bool {
    do throws(WriteError) {
      try writeAll(bytes, to: input, name: "")
      return true
    } catch { return false }
  }

  /// Appends what the process has sent; false at its end.
  public func receive(into buffer: inout [UInt8]) -> Bool {
    while true {
      let got = unsafe appendUninitialized(to: &buffer, count: 1 << 16) { target in
        unsafe read(output, target.baseAddress, target.count)
      }
      if got > 0 {
        guard got == 1 << 16 else { return true }
        continue
      }
      if got < 0, errno == EINTR { continue }
      return got < 0 && errno == EAGAIN
    }
  }

  /// Waits until one of the processes has sent something, at most `milliseconds`; says for each whether it did.
  public static func poll(_ children: [ChildProcess], milliseconds: Int32) -> [Bool] {
    var requests = children.map { pollfd(fd: $0.output, events: Int16(POLLIN), revents: 0) }
    guard unsafe Glibc.poll(&requests, nfds_t(requests.count), milliseconds) > 0 else {
      return children.map { _ in false }
    }
    return requests.map { $0.revents != 0 }
  }

  /// Ends the process at once.
  public func kill() {
    if end == nil { _ = Glibc.kill(id, SIGKILL) }
  }

  /// Waits for the end of the process.
  public func wait() -> ProcessEnd {
    if let end { return end }
    guard id > 0 else { return .code(127) }
    var status: CInt = 0
    while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    let found = ProcessEnd(status: status)
    end = found
    return found
  }

  /// Bytes of memory that it holds now; 0 when not known.
  public var residentBytes: UInt64 {
    guard end == nil, let source = try? ByteSource(path: "/proc/\(id)/statm") else { return 0 }
    var text: [UInt8] = []
    guard let got = try? source.read(into: &text, count: 256), got > 0 else { return 0 }
    let words = String(decoding: text, as: UTF8.self).split(separator: " ")
    guard words.count > 1, let pages = UInt64(words[1]) else { return 0 }
    return pages &* UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
  }
}

/// What a process of a batch says about itself.
public enum OwnProcess {
  /// Number of this process.
  public static var id: Int32 { getpid() }

  /// CPUs that this process may use.
  public static var processors: Int { Int(cbatch_processors()) }

  /// Makes this a worker: it ends with its parent, leaves signals of the terminal to it and takes at most `bytes` of memory.
  ///
  /// False when the parent is gone already.
  public static func serve(parent: Int32, bytes: UInt64) -> Bool {
    for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { signal(number, SIG_IGN) }
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
    _ = unsafe setrlimit(__rlimit_resource_t(2), &limit)
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    _ = unsafe setrlimit(__rlimit_resource_t(4), &none)
    return cbatch_end_with_parent(parent) != 0
  }

  /// The kernel ends this process when `parent` ends; false when that is not its parent, or no longer.
  public static func endWithParent(_ parent: Int32) -> Bool { cbatch_end_with_parent(parent) != 0 }

  /// Lets this process have as many open files as its limits can be raised to.
  public static func openManyFiles() {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(__rlimit_resource_t(7), &limit)
  }

  /// Today as `2026-11-21` (UTC); the day of `SOURCE_DATE_EPOCH` when that is set.
  public static var today: String {
    var seconds = time_t(FileIdentity.now() / 1_000_000_000)
    if let given = Environment.value("SOURCE_DATE_EPOCH").flatMap({ time_t($0) }) {
      seconds = given
    }
    var parts = unsafe tm()
    guard unsafe gmtime_r(&seconds, &parts) != nil else { return "" }
    let (year, month, day) = unsafe (parts.tm_year, parts.tm_mon + 1, parts.tm_mday)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(1900 + Int(year))-\(two(month))-\(two(day))"
  }
}
