/// A capture being read: gives its events in time order, a batch at a time.
///
/// For equal times the order is that of the CPU numbers, and within a CPU that of the records. A gap in the
/// events of a CPU shows as a `gapOpens` right after its last event before the gap (at the start of the capture when
/// the gap comes first) and a `gapCloses` at the first event after it.
public protocol CaptureReader: AnyObject {
  /// What is known so far; names, times and counts are final when `next` has returned false.
  var info: CaptureInfo { get }
  /// What was lost so far; final when `next` has returned false.
  var losses: LossLedger { get }
  /// What the kernel itself said about pages; final when `next` has returned false.
  var complaints: ComplaintLog { get }
  /// The call chains that `EventBatch.stacks` names; final when `next` has returned false.
  var stacks: StackTable { get }
  /// The call chains of a batch's last events may come with the next batch, or with an empty one when the input pauses.
  var bringsChainsLate: Bool { get }
  /// What the capture knows about its kernel's symbols; final when `next` has returned false.
  var clues: KernelClues { get }
  /// Replaces the contents of `batch` by the next events; false at the end of the capture.
  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool
}

extension CaptureReader {
  /// A capture without a log of the kernel has none.
  public var complaints: ComplaintLog { ComplaintLog() }

  /// A capture without call chains has none.
  public var stacks: StackTable { StackTable() }

  /// Chains come with their events.
  public var bringsChainsLate: Bool { false }

  /// A capture may know nothing.
  public var clues: KernelClues { KernelClues() }
}

/// How much a reader decodes.
public enum ReadDetail: Sendable {
  /// The events that the replay uses; others are only counted.
  case replay
  /// Every event, with its name and fields in `EventBatch.details`.
  case fields
}
