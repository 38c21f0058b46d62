import LedgerInput

/// Writes what was recorded as a trace.dat of version 6, which trace-cmd and KernelShark read too
/// (Documentation/trace-cmd/trace-cmd.dat.v6.5.txt of trace-cmd 3.1.6).
struct TraceDatWriter {
  let plan: Plan
  /// The instance that was recorded.
  let folder: String
  let group: String
  private let tracefs: String
  private let unit: Int
  private var bytes: [UInt8] = []

  init(plan: Plan, folder: String, group: String, unit: Int) {
    (self.plan, self.folder, self.group, self.unit) = (plan, folder, group, unit)
    tracefs = plan.facts.tracefs
  }

  /// Writes the file; `buffers` are the CPUs' in order of their numbers.
  mutating func write(_ buffers: [RawBuffer], to file: PrivateFile) throws(WriteError) {
    describe()
    add(word: UInt32(clamping: (buffers.map(\.cpu).max() ?? -1) + 1))
    addOptions(buffers)
    try file.append(bytes)
    bytes = []
    let clock = Array("[\(plan.clock)]".utf8)
    let cpus = (buffers.map(\.cpu).max() ?? -1) + 1
    let head = UInt64(10 + cpus * 16 + 8 + clock.count)
    var place = aligned(file.size + head)
    bytes += Array("flyrecord\0".utf8)
    for cpu in 0..<cpus {
      let size = buffers.first { $0.cpu == cpu }?.size ?? 0
      add(long: size == 0 ? 0 : place)
      add(long: size)
      place = aligned(place + size)
    }
    add(long: UInt64(clock.count))
    bytes += clock
    try file.append(bytes)
    for buffer in buffers where buffer.size > 0 {
      try file.pad(to: unit)
      try file.append(buffer)
    }
  }

  private func aligned(_ place: UInt64) -> UInt64 {
    let unit = UInt64(unit)
    return (place + unit - 1) / unit * unit
  }

  private mutating func describe() {
    bytes += [0x17, 0x08, 0x44] + Array("tracing6\0".utf8)
    bytes += [UInt8(1.littleEndian == 1 ? 0 : 1), 8]
    add(word: UInt32(unit))
    for name in ["header_page", "header_event"] {
      bytes += Array("\(name)\0".utf8)
      addLong(HostFile.bytes("\(tracefs)/events/\(name)") ?? [])
    }
    let builtins = HostFile.names(in: "\(tracefs)/events/ftrace").compactMap {
      HostFile.bytes("\(tracefs)/events/ftrace/\($0)/format")
    }
    add(word: UInt32(builtins.count))
    for format in builtins { addLong(format) }
    addFormats()
    addShort(HostFile.bytes("/proc/kallsyms") ?? [])
    addShort(HostFile.bytes("\(tracefs)/printk_formats") ?? [])
    addLong(HostFile.bytes("\(tracefs)/saved_cmdlines") ?? [])
  }

  /// The formats of the events that were enabled, and of no others: what is not listed was not recorded.
  private mutating func addFormats() {
    var groups: [(name: String, formats: [[UInt8]])] = []
    let events = plan.tracepoints.map { ($0.group, $0.name) } + plan.probes.map { (group, $0.name) }
    for (system, name) in events {
      guard let format = HostFile.bytes("\(folder)/events/\(system)/\(name)/format") else {
        continue
      }
      if let known = groups.firstIndex(where: { $0.name == system }) {
        groups[known].formats.append(format)
      } else {
        groups.append((system, [format]))
      }
    }
    add(word: UInt32(groups.count))
    for group in groups {
      bytes += Array("\(group.name)\0".utf8)
      add(word: UInt32(group.formats.count))
      for format in group.formats { addLong(format) }
    }
  }

  private mutating func addOptions(_ buffers: [RawBuffer]) {
    bytes += Array("options  \0".utf8)
    for buffer in buffers {
      let text = HostFile.text("\(folder)/per_cpu/cpu\(buffer.cpu)/stats") ?? ""
      addOption(2, Array("CPU: \(buffer.cpu)\n\(text)".utf8))
    }
    addOption(4, [])
    addOption(5, Array("Linux - \(plan.facts.release) \(plan.facts.machine)\0".utf8))
    addOption(9, Array("pageledger\0".utf8))
    add(short: 0)
  }

  private mutating func addOption(_ id: UInt16, _ data: [UInt8]) {
    add(short: id)
    addShort(data)
  }

  /// Numbers have the order of this machine, as the header says.
  private mutating func add(short: UInt16) { withBytes(UInt64(short), 2) }
  private mutating func add(word: UInt32) { withBytes(UInt64(word), 4) }
  private mutating func add(long: UInt64) { withBytes(long, 8) }

  private mutating func withBytes(_ number: UInt64, _ count: Int) {
    let isLittle = 1.littleEndian == 1
    for place in 0..<count {
      let shift = UInt64(8 * (isLittle ? place : count - 1 - place))
      bytes.append(UInt8(truncatingIfNeeded: number >> shift))
    }
  }

  private mutating func addLong(_ data: [UInt8]) {
    add(long: UInt64(data.count))
    bytes += data
  }

  private mutating func addShort(_ data: [UInt8]) {
    add(word: UInt32(clamping: data.count))
    bytes += data
  }
}
