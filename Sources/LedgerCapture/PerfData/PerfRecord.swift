/// Types of records (include/uapi/linux/perf_event.h:perf_event_type, tools/lib/perf/include/perf/event.h, 6.18).
enum PerfRecord {
  static let mmap: UInt32 = 1
  static let lost: UInt32 = 2
  static let comm: UInt32 = 3
  static let fork: UInt32 = 7
  static let sample: UInt32 = 9
  static let mmap2: UInt32 = 10
  static let lostSamples: UInt32 = 13
  static let attribute: UInt32 = 64
  static let tracingData: UInt32 = 66
  static let buildID: UInt32 = 67
  static let finishedRound: UInt32 = 68
  static let idIndex: UInt32 = 69
  static let hardwareTrace: UInt32 = 71
  static let update: UInt32 = 78
  static let feature: UInt32 = 80
  static let compressed: UInt32 = 81
  static let compressed2: UInt32 = 83

  /// In `misc` of a `lostSamples`: a filter dropped them on purpose.
  static let droppedByFilter: UInt16 = 1 << 15

  /// Larger numbers are no types but something else in place of a record; those that exist end at 86.
  static func isPlausible(_ type: UInt32) -> Bool { type > 0 && type < 1024 }
}
