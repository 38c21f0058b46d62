import LedgerCore
import LedgerInput

/// The feature sections that matter here (tools/perf/util/header.c:feat_ops, 6.1).
extension PerfMetadata {
  /// Takes what a feature section says; damage in it is a loss.
  mutating func readFeature(_ feature: Int, _ cursor: inout ByteCursor) {
    do throws(CaptureError) {
      switch feature {
      case 2: try readBuildIDs(&cursor)
      case 4: kernel = try Self.string(&cursor)
      case 7:
        present = Int(min(try cursor.u32("the number of CPUs"), 1 << 16))
        cpus = Int(min(try cursor.u32("the number of CPUs"), 1 << 16))
      case 12: try readNames(&cursor)
      case 24: isFolder = true
      default: break
      }
    } catch {
      losses.add(.malformedSection, detail: "feature \(feature): \(error.message)")
    }
  }

  /// The formats of the recorded tracepoints, which start like a trace.dat
  /// (tools/perf/util/trace-event-info.c:tracing_data_get, 6.1).
  mutating func readTracing(_ cursor: inout ByteCursor) {
    do throws(CaptureError) {
      let version = try tracing.readOpening(&cursor)
      let parts = version.split(separator: ".").compactMap { Int($0) }
      let hasComms = parts.count == 2 && (parts[0] > 0 || parts[1] >= 6)
      try tracing.readDescriptions(&cursor, path: path, hasComms: hasComms)
    } catch {
      losses.add(.malformedSection, detail: "tracing data: \(error.message)")
    }
  }

  /// Build ids of the kernel and its modules (tools/perf/util/build-id.c:perf_session__write_buildid_table, 6.1).
  private mutating func readBuildIDs(_ cursor: inout ByteCursor) throws(CaptureError) {
    while cursor.remaining >= 36 {
      _ = try cursor.u32("build ids")
      let misc = try cursor.u16("build ids")
      let size = UInt64(try cursor.u16("build ids"))
      guard size >= 36, size &- 8 <= cursor.remaining else { return }
      let body = try cursor.bytes(size &- 8, "build ids")
      body.withRawSpan { PerfBuildID.note($0, 0, body.count, misc: misc, &clues) }
    }
  }

  private static func string(_ cursor: inout ByteCursor) throws(CaptureError) -> String {
    let size = try cursor.u32("a feature's text")
    return TraceDatLayout.text(try cursor.bytes(UInt64(size), "a feature's text"))
  }

  /// The recorder's names of the events.
  private mutating func readNames(_ cursor: inout ByteCursor) throws(CaptureError) {
    let count = try cursor.u32("event descriptions")
    let size = UInt64(try cursor.u32("event descriptions"))
    for place in 0..<Int(count) {
      try cursor.skip(size, "event descriptions")
      let ids = try cursor.u32("event descriptions")
      let name = try Self.string(&cursor)
      var index = place
      for number in 0..<ids {
        let id = try cursor.u64("event descriptions")
        if number == 0, let known = attributeOfID[id] { index = known }
      }
      if attributes.indices.contains(index) { attributes[index].name = name }
    }
  }
}
