import LedgerCore
import LedgerFormat
import LedgerInput

/// Reads the layout of trace.dat version 6 (trace-cmd 3.1.6, lib/trace-cmd/trace-input.c:read_headers_v6, init_data_v6).
struct Version6 {
  let source: ByteSource
  var layout: TraceDatLayout
  private var instances: [(name: String, offset: UInt64)] = []

  init(source: ByteSource, layout: TraceDatLayout) {
    self.source = source
    self.layout = layout
  }

  /// Reads everything from the headers on.
  mutating func read(_ cursor: inout ByteCursor) throws(CaptureError) {
    try layout.readDescriptions(&cursor, path: source.path, hasComms: true)
    layout.cpus = Int(try cursor.u32("number of CPUs"))
    try readBuffer(&cursor, instance: "")
    for (name, offset) in instances {
      guard offset != 0 else {
        layout.losses.add(.truncated, count: 0, detail: "buffer instance \(name) was never saved")
        continue
      }
      var place = ByteCursor(source, range: offset..<UInt64.max, bigEndian: layout.bigEndian)
      do throws(CaptureError) {
        try readBuffer(&place, instance: name)
      } catch {
        layout.losses.add(.malformedSection, detail: "buffer instance \(name): \(error.message)")
      }
    }
  }

  private mutating func readBuffer(_ cursor: inout ByteCursor, instance: String)
    throws(CaptureError)
  {
    var clockFollows = false
    while true {
      let offset = cursor.offset
      let tag = String(decoding: try cursor.bytes(10, "options or data"), as: UTF8.self)
      switch tag {
      case "options  \0": clockFollows = try readOptions(&cursor, instance) || clockFollows
      case "flyrecord\0":
        try readTable(&cursor, instance, clockFollows)
        return
      case "latency  \0":
        throw .unsupported(path: source.path, what: "the text of a latency tracer in trace.dat")
      default:
        throw .headerCorrupt(path: source.path, offset: offset, what: "the tag before the data")
      }
    }
  }

  /// True when the clock's text follows the table of CPUs.
  private mutating func readOptions(_ cursor: inout ByteCursor, _ instance: String)
    throws(CaptureError) -> Bool
  {
    var clockFollows = false
    while true {
      let id = try cursor.u16("option")
      if id == 0 { return clockFollows }
      let data = try cursor.bytes(UInt64(try cursor.u32("size of an option")), "option")
      if id == 3 {
        guard instance.isEmpty, data.count > 8, instances.count < 4096 else { continue }
        var place = ByteCursor(data, path: source.path, bigEndian: layout.bigEndian)
        let offset = try place.u64("buffer option")
        instances.append((TraceDatLayout.text(Array(data[8...])), offset))
        continue
      }
      clockFollows = clockFollows || id == 4
      // What follows the option of an instance belongs to the instance.
      if id == 8 && !instances.isEmpty { continue }
      layout.takeOption(id, data)
    }
  }

  private mutating func readTable(
    _ cursor: inout ByteCursor, _ instance: String, _ clockFollows: Bool
  ) throws(CaptureError) {
    for cpu in 0..<layout.cpus {
      let offset = try cursor.u64("offset of a CPU's data")
      let size = try cursor.u64("size of a CPU's data")
      guard size > 0 else { continue }
      layout.extents.append(
        CpuExtent(
          instance: instance, cpu: cpu, offset: offset, size: size, compression: .none,
          subBuffer: 0))
    }
    guard clockFollows, cursor.remaining >= 8 else { return }
    let size = try cursor.u64("size of the clock's name")
    let text = try cursor.bytes(min(size, 4096), "the clock's name")
    if instance.isEmpty { layout.takeOption(4, text) }
  }
}
