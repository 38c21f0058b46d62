internal import LedgerCore
public import LedgerInput
internal import LedgerReport

/// How a batch is worked off.
public struct BatchOptions: Sendable {
  /// Processes that work side by side.
  public var jobs: Int
  /// What one capture may take.
  public var limits: RunLimits
  /// Version and options that results depend on.
  public var salt: ContentKey
  /// What starts a worker: the arguments behind the name of the program.
  public var worker: [String]

  /// Options with all their parts.
  public init(jobs: Int, limits: RunLimits, salt: ContentKey, worker: [String]) {
    self.jobs = jobs
    self.limits = limits
    self.salt = salt
    self.worker = worker
  }
}

/// How far a batch is.
public struct BatchProgress: Sendable {
  /// Inputs with a result, of how many; those that had it before the run began.
  public var done = 0
  /// All inputs.
  public var all = 0
  /// Inputs that had a result before the run began.
  public var before = 0
  /// The same in bytes.
  public var doneBytes: UInt64 = 0
  /// Bytes of all inputs.
  public var allBytes: UInt64 = 0
  /// Bytes of those that had a result before.
  public var beforeBytes: UInt64 = 0
  /// Captures that crashed or took too long in this run.
  public var failures = 0

  /// Of `count` inputs, `before` are done.
  public init(all count: Int = 0, before: Int = 0) {
    all = count
    done = before
    self.before = before
  }
}

/// Works off a list of inputs with processes that may die.
///
/// An input belongs to one worker at a time. When the worker dies, a new one goes on behind the last capture that was finished; the
/// capture it died of is tried once more and then gets the row `crash`.
public struct BatchDriver: ~Copyable {
  /// Milliseconds between two looks at clocks and memory.
  static let tick: Int32 = 50
  /// Bytes of results that are held back before a part is written.
  static let partSize = 1 << 20
  static let syncInterval = Duration.seconds(5)

  let store: BatchStore
  let inputs: [BatchInput]
  let options: BatchOptions
  var progress = BatchProgress()
  /// Inputs that are not begun yet, the largest last.
  var pending: [Int] = []
  /// Inputs that wait for the result of the same content.
  var waiting: [ContentKey: [Int]] = [:]
  var lanes: [Lane] = []

  /// A driver for inputs whose results go to `store`.
  public init(_ inputs: [BatchInput], store: BatchStore, options: BatchOptions) throws(WriteError) {
    self.inputs = inputs
    self.store = store
    self.options = options
    progress.all = inputs.count
    for (number, input) in inputs.enumerated() {
      progress.allBytes = sum(progress.allBytes, input.identity?.size ?? 0)
      if let known = store.known(input, under: options.limits, salt: options.salt) {
        if known.labels != input.labels {
          try store.append(
            input, key: known.key, salt: options.salt, isSettled: known.identity != nil, worker: 0)
        }
        note(done: number)
      } else {
        pending.append(number)
      }
    }
    progress.before = progress.done
    progress.beforeBytes = progress.doneBytes
    pending.sort { (inputs[$0].identity?.size ?? 0, $1) < (inputs[$1].identity?.size ?? 0, $0) }
  }

  /// Works until everything is done, or until `goOn`, which learns of the progress many times a second, says no.
  ///
  /// True when everything is done. Throws when results cannot be written; what was written stays.
  public mutating func run(_ goOn: (BatchProgress) -> Bool) throws(WriteError) -> Bool {
    var synced = ContinuousClock.now
    for number in 0..<min(max(1, options.jobs), max(1, pending.count)) where !pending.isEmpty {
      lanes.append(Lane(number: number))
    }
    while true {
      for number in lanes.indices { try begin(number) }
      let busy = lanes.indices.filter { lanes[$0].worker != nil }
      guard !busy.isEmpty else { break }
      guard goOn(progress) else { break }
      let processes = busy.compactMap { lanes[$0].worker?.process }
      let heard = ChildProcess.poll(processes, milliseconds: Self.tick)
      for (number, isHeard) in zip(busy, heard) where isHeard { try listen(number) }
      let now = ContinuousClock.now
      try look(now)
      if now - synced > Self.syncInterval {
        synced = now
        try store.sync()
      }
    }
    lanes = []
    try store.sync()
    _ = goOn(progress)
    return progress.done == progress.all
  }

  mutating func note(done number: Int) {
    progress.done += 1
    progress.doneBytes = sum(progress.doneBytes, inputs[number].identity?.size ?? 0)
  }
}

/// A place for one worker after another, with a shard of its own.
struct Lane {
  let number: Int
  var worker: WorkerProcess?
  var isReady = false
  var job: Job?
  /// Workers that ended before they said anything.
  var stillborn = 0
  var nextLook = ContinuousClock.now
  var isFat = false

  init(number: Int) { self.number = number }
}

/// An input that a worker has.
struct Job {
  let input: Int
  var key: ContentKey?
  /// Captures that have their row.
  var finished = 0
  /// The capture that is being read; nil between two of them.
  var member: String?
  /// The worker died of the capture behind `finished` before.
  var isRetry = false
  var isKilled: String?
  var deadline: ContinuousClock.Instant
  var rows: [UInt8] = []
  var details: [UInt8] = []
  var part = 0
  var place: ResultPlace?
  var limits: RunLimits?
  /// When its content was read, in nanoseconds since 1970.
  var begun: Int64 = 0

  init(input: Int, deadline: ContinuousClock.Instant) {
    self.input = input
    self.deadline = deadline
  }
}
