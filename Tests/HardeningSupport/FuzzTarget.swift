import LedgerCore

/// What a fuzzer feeds: one reader, or the replay; each takes any bytes and must come back.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Any file, as `analyze` opens it: every kind, packing and archive.
  case capture
  /// The same with every event's fields, as `events` wants them, from a pipe.
  case fields
  /// Layers of packing that store what they hold.
  case layers
  /// A folder: a copy of tracefs, perf's streams, records of pstore.
  case folder
  /// A trace.dat of well-formed sub-buffers with odd records.
  case subbuffers
  /// A trace.dat of version 7: sections, options, packed pieces.
  case sections
  /// Formats and a record each.
  case formats
  /// A perf.data of well-formed records with odd contents.
  case perf
  /// Lines of a text in a console's dress.
  case console
  /// A list of symbols.
  case symbols
  /// An ELF file.
  case elf
  /// Type information of a kernel and of a module.
  case btf
  /// Files of a kernel that is to record.
  case kernel
  /// JSON: suppressions, manifests, reports of earlier runs.
  case json
  /// The folder of a batch.
  case store
  /// The replay and the rules.
  case replay

  /// Feeds it.
  public func feed(_ bytes: [UInt8]) {
    switch self {
    case .capture: Self.analyze(bytes, form: bytes.count)
    case .fields: Self.events(bytes)
    case .layers: Self.unpack(bytes)
    case .folder:
      var script = FolderScript(bytes)
      Self.walk(script.files(), form: bytes.count)
    case .subbuffers:
      var script = TraceScript(bytes)
      Self.analyze(script.file(), form: bytes.count)
    case .sections:
      var script = TraceScript(bytes)
      Self.analyze(script.file7(), form: bytes.count)
    case .formats: Self.decode(bytes)
    case .perf:
      var script = PerfScript(bytes)
      Self.analyze(script.file(), form: bytes.count)
    case .console:
      var script = ConsoleScript(bytes)
      Self.analyze(script.text(), form: bytes.count)
    case .symbols: Self.name(bytes)
    case .elf: Self.open(bytes)
    case .btf: Self.ask(bytes)
    case .kernel:
      var script = FolderScript(bytes)
      Self.plan(script.files())
    case .json: Self.parse(bytes)
    case .store:
      var script = StoreScript(bytes)
      Self.count(script.files())
    case .replay:
      var script = EventScript(bytes)
      _ = Analyses.report([script.analysis()], form: bytes.count)
    }
  }
}
