/// What tasks are called, as the records of their starts and of their names say it.
struct TaskNames: Sendable {
  /// One record's news.
  enum Change: Sendable, Equatable {
    /// A task has a new name.
    case name(Int32, String)
    /// A task was started by another one.
    case fork(child: Int32, parent: Int32)
  }

  private(set) var names: [Int32: String]
  private static let limit = 1 << 16

  /// Starts with names that are known from elsewhere.
  init(_ names: [Int32: String]) { self.names = names }

  /// The name of a task, empty when unknown; perf calls the idle task like this.
  func name(of tid: Int32) -> String { tid == 0 ? "swapper" : names[tid] ?? "" }

  mutating func apply(_ change: Change) {
    switch change {
    case .name(let tid, let name):
      guard names.count < Self.limit || names[tid] != nil else { return }
      names[tid] = name
    case .fork(let child, let parent):
      // A new task is called like its parent until it says otherwise.
      guard child != parent, names.count < Self.limit, let name = names[parent] else { return }
      names[child] = name
    }
  }
}

/// Names that change when the events have come to a time.
struct TimedNames: Sendable {
  private(set) var current: TaskNames
  private var waiting: [(time: UInt64, change: TaskNames.Change)] = []
  private var head = 0
  private static let limit = 1 << 16

  /// Starts with names that are known from elsewhere.
  init(_ names: TaskNames) { current = names }

  /// Time of the next change.
  private(set) var next = UInt64.max

  /// Enters a change; without a time it counts at once.
  mutating func enter(_ change: TaskNames.Change, at time: UInt64) {
    guard time > 0, waiting.count - head < Self.limit else { return current.apply(change) }
    var place = waiting.count
    while place > head, waiting[place - 1].time > time { place -= 1 }
    waiting.insert((time, change), at: place)
    next = waiting[head].time
  }

  /// Makes the changes up to a time.
  mutating func advance(to time: UInt64) {
    while head < waiting.count, waiting[head].time <= time {
      current.apply(waiting[head].change)
      head += 1
    }
    next = head < waiting.count ? waiting[head].time : .max
    guard head * 2 > waiting.count else { return }
    waiting.removeFirst(head)
    head = 0
  }
}
