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
