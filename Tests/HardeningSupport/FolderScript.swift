/// Files of a folder: of a copied tracefs, of perf, of pstore, of a kernel that is to record, and what lies beside them.
struct FolderScript {
  /// A file below the folder.
  typealias File = (path: String, bytes: [UInt8])

  /// Paths that play a role somewhere.
  static let names = [
    "data", "data.0", "data.1", "data.12", "t/data", "t/data.3", "a.txt", "trace",
    "per_cpu/cpu0/trace_pipe_raw", "per_cpu/cpu1/trace_pipe_raw", "per_cpu/cpu0/stats",
    "per_cpu/cpu1/stats", "per_cpu/cpu2/stats", "per_cpu/cpu0/snapshot_raw",
    "per_cpu/cpu1/trace_pipe_raw.gz", "t/trace_pipe_raw.cpu3", "t/cpu2.trace_pipe_raw",
    "events/header_page", "events/kmem/mm_page_alloc/format", "events/kmem/mm_page_free/format",
    "events/page_ref/page_ref_mod/format", "events/page_ref/page_ref_set/format",
    "events/kmem/mm_page_free/filter", "events/kmem/enable", "trace_clock", "saved_cmdlines",
    "buffer_size_kb", "buffer_total_size_kb", "tracing_cpumask", "kallsyms", "uname",
    "set_event_pid", "sys/kernel/notes", "sys/module/kvm/notes/.note.gnu.build-id",
    "sys/devices/system/cpu/possible", "instances/x/per_cpu/cpu0/trace_pipe_raw",
    "instances/x/trace_clock", "dmesg-ramoops-0", "dmesg-ramoops-1", "dmesg-ramoops-2.enc.z",
    "p/dmesg-efi-1", "b.dat", "c.log", "d.tar", "e.gz", "proc/kallsyms", "proc/modules",
    "proc/meminfo", "proc/sys/kernel/osrelease", "sys/kernel/btf/vmlinux", "sys/kernel/btf/kvm",
    "sys/kernel/tracing/README", "sys/kernel/tracing/available_events",
    "sys/kernel/tracing/trace_clock", "sys/kernel/tracing/dynamic_events",
    "sys/kernel/tracing/available_filter_functions", "summary.json", "results.ndjson",
    "seen.ndjson", "worker-000.ndjson",
  ]

  private static let fileLimit = 32

  private var choices: Choices

  init(_ bytes: [UInt8]) { choices = Choices(bytes) }

  /// All files, each path once.
  ///
  /// The first byte says whose folder it is. Else a file is its name, a size of two bytes, the higher one first, and its bytes.
  mutating func files() -> [File] {
    switch choices.byte() & 7 {
    case 6:
      var script = PerfScript(choices.rest)
      return script.folder()
    case 7:
      var script = TraceScript(choices.rest)
      return script.snapshot()
    default: break
    }
    var files: [String: [UInt8]] = [:]
    while !choices.isEmpty, files.count < Self.fileLimit {
      let name = Self.names[choices.below(Self.names.count)]
      let size = Int(choices.byte()) << 8 | Int(choices.byte())
      files[name] = choices.take(min(size, choices.left))
    }
    return files.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
