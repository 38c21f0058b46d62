import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads the layout of trace.dat version 6 (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:read_headers_v6, init_data_v6).
struct Version6 {
  let source: ByteSource
  var layout: TraceDatLayout
  private var instances: [Instance] = []

  private struct Instance {
    var name: String
    var offset: UInt64
    /// When it differs from that of the file.
    var cpus: Int?
  }

  init(source: ByteSource, layout: TraceDatLayout) {
    self.source = source
    self.layout = layout
  }

  /// Reads everything from the headers on.
  mutating func read(_ cursor: inout ByteCursor) throws(CaptureError) {
    try layout.readDescriptions(&cursor, path: source.path, hasComms: true)
    layout.cpus = Int(try cursor.u32("number of CPUs"))
    try readBuffer(&cursor, Instance(name: "", offset: 0))
    for instance in instances {
      guard instance.offset != 0 else {
        layout.losses.add(
          .truncated, count: 0, detail: "buffer instance \(instance.name) was never saved")
        continue
      }
      var place = ByteCursor(
        source, range: instance.offset..<UInt64.max, bigEndian: layout.bigEndian)
      do throws(CaptureError) {
        try readBuffer(&place, instance)
      } catch {
        layout.losses.add(
          .malformedSection, detail: "buffer instance \(instance.name): \(error.message)")
      }
    }
  }

  /// Whether the clock's name follows was said once, for all buffers.
  private var clockFollows = false

  private mutating func readBuffer(_ cursor: inout ByteCursor, _ instance: Instance)
    throws(CaptureError)
  {
    while true {
      let offset = cursor.offset
      let tag = String(decoding: try cursor.bytes(10, "options or data"), as: UTF8.self)
      switch tag {
      case "options  \0": try readOptions(&cursor, isTop: instance.offset == 0)
      case "flyrecord\0":
        try readTable(&cursor, instance)
        return
      case "latency  \0":
        layout.text = TraceDatText(offset: cursor.offset, size: .max, compression: .none)
        return
      default:
        throw .headerCorrupt(path: source.path, offset: offset, what: "the tag before the data")
      }
    }
  }

  private mutating func readOptions(_ cursor: inout ByteCursor, isTop: Bool)
    throws(CaptureError)
  {
    while true {
      let id = try cursor.u16("option")
      if id == 0 { return }
      let data = try cursor.bytes(UInt64(try cursor.u32("size of an option")), "option")
      clockFollows = clockFollows || id == 4
      switch id {
      case 3:
        guard isTop, data.count > 8 else { continue }
        guard instances.count < TraceDatLayout.instanceLimit else {
          layout.losses.add(.tooManyParts, detail: "instances of the trace buffer")
          continue
        }
        var place = ByteCursor(data, path: source.path, bigEndian: layout.bigEndian)
        let offset = try place.u64("buffer option")
        instances.append(
          Instance(name: TraceDatLayout.text(Array(data[8...])), offset: offset))
      // What follows the option of an instance belongs to the instance.
      case 8 where isTop && !instances.isEmpty:
        instances[instances.count - 1].cpus = layout.cpuCount(data)
      case _ where !isTop: continue
      default: layout.takeOption(id, data)
      }
    }
  }

  private mutating func readTable(_ cursor: inout ByteCursor, _ instance: Instance)
    throws(CaptureError)
  {
    layout.buffers.append(TraceBuffer(name: instance.name, clock: layout.clock))
    let count = instance.cpus ?? layout.cpus
    guard count <= 1 << 16 else {
      throw .headerCorrupt(
        path: source.path, offset: cursor.offset, what: "a table of \(count) CPUs")
    }
    for cpu in 0..<count {
      let offset = try cursor.u64("offset of a CPU's data")
      let size = try cursor.u64("size of a CPU's data")
      guard size > 0, layout.extents.count <= TraceDatLayout.extentLimit else { continue }
      layout.extents.append(
        CpuExtent(
          instance: instance.name, cpu: cpu, offset: offset, size: size, compression: .none,
          subBuffer: 0))
    }
    guard clockFollows, cursor.remaining >= 8 else { return }
    let size = try cursor.u64("size of the clock's name")
    let text = try cursor.bytes(min(size, 4096), "the clock's name")
    guard let clock = TraceDatLayout.activeClock(text) else { return }
    layout.buffers[layout.buffers.count - 1].clock = clock
    if instance.name.isEmpty { layout.clock = clock }
  }
}
