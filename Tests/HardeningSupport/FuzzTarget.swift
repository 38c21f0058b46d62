import LedgerBatch
import LedgerCore
import LedgerFormat
import LedgerInput
import LedgerRecord
import LedgerSymbols

/// What a fuzzer feeds: one reader, or the replay; each takes any bytes and must come back.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// Any file, as `analyze` opens it: every kind, packing and archive.
  case capture
  /// The same with every event's fields, as `events` wants them.
  case fields
  /// A trace.dat of well-formed sub-buffers with odd records.
  case subbuffers
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
  /// JSON: suppressions, manifests, reports of earlier runs.
  case json
  /// The replay and the rules.
  case replay

  /// Feeds it.
  public func feed(_ bytes: [UInt8]) {
    switch self {
    case .capture: Self.analyze(bytes, form: bytes.count)
    case .fields: if let file = MemoryFile(bytes) { _ = Analyses.events(at: file.path) }
    case .subbuffers:
      var script = TraceScript(bytes)
      Self.analyze(script.file(), form: bytes.count)
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
    case .json: Self.parse(bytes)
    case .replay:
      var script = EventScript(bytes)
      _ = Analyses.report([script.analysis()], form: bytes.count)
    }
  }

  private static func analyze(_ bytes: [UInt8], form: Int) {
    guard let file = MemoryFile(bytes) else { return }
    _ = Analyses.report(Analyses.all(at: file.path), form: form)
  }

  private static func decode(_ bytes: [UInt8]) {
    var choices = Choices(bytes)
    let isBig = choices.flag()
    _ = PageHeader(text: bytes)
    let formats = FormatScript.all.compactMap { script in
      EventFormat(
        text: Array(script.text(&choices, isOdd: true).utf8), system: script.system)
    }
    var decoder = RecordDecoder(
      formats, functions: ProbeFunctions(), bigEndian: isBig, release: "6.1.0")
    let stack = StackRecord(formats, long: 8, bigEndian: isBig)
    let console = ConsoleMessage(formats, bigEndian: isBig)
    for _ in 0..<64 where !choices.isEmpty {
      let script = FormatScript.all[choices.below(FormatScript.all.count)]
      let record = script.record(&choices, isBig: isBig) + Array(repeating: 0, count: 64)
      let count = record.count - 64
      guard let index = decoder.index(ofID: UInt16(script.id)) else { continue }
      record.withRawSpan { span in
        var event = Event()
        if decoder.decode(span, at: 0, count: count, format: index, into: &event) == .decoded {
          _ = decoder.list(span, at: 0, count: count, format: index, like: event)
        }
        decoder.decodeCommon(span, at: 0, count: count, format: index, into: &event)
        _ = stack?.frames(span, at: 0, count: count)
        _ = console?.text(span, at: 0, count: count)
      }
    }
  }

  private static func name(_ bytes: [UInt8]) {
    guard let file = MemoryFile(bytes) else { return }
    let symbols = KernelSymbols(kallsyms: bytes)
    _ = symbols.extents(of: ["_text", "hva_to_pfn"])
    _ = symbols.name(at: 0xffff_ffff_8100_0010)
    for form in 0..<4 {
      var files = SymbolFinder.Files()
      if form == 1 { files.systemMap = file.path } else { files.kallsyms = file.path }
      var clues = KernelClues()
      if form == 2 {
        clues.kallsyms = { bytes }
        clues.text = 0xffff_ffff_8200_0000
        clues.modules = ["kvm": 0xffff_ffff_c100_1000]
      }
      if form == 3 { clues.offset = 0x100_0000 }
      var finder = SymbolFinder(files, clues: clues)
      let frames = [0xffff_ffff_8100_0010, 0xffff_ffff_8123_4567, 0xffff_ffff_c000_1234, 7, .max]
        .map { StackFrame(address: $0) }
      _ = finder.names(of: Set(frames), chains: [frames])
    }
  }

  /// As a kernel and as a module of a folder.
  private static func open(_ bytes: [UInt8]) {
    guard let file = MemoryFile(bytes) else { return }
    var files = SymbolFinder.Files()
    files.vmlinux = file.path
    files.modules = ScratchFolder.place(bytes, as: "kvm.ko")
    files.debugFolder = files.modules
    for id in [[], [UInt8](repeating: 7, count: 20)] {
      var clues = KernelClues()
      clues.buildID = id
      clues.text = 0xffff_ffff_8100_0000
      clues.modules = ["kvm": 0xffff_ffff_c000_1000]
      if !id.isEmpty { clues.moduleIDs = ["kvm": id] }
      var finder = SymbolFinder(files, clues: clues)
      let frames =
        [0x1004, 0x40_1004, 0xffff_ffff_8100_0010, 0xffff_ffff_c000_1234].map {
          StackFrame(address: $0)
        } + [StackFrame(name: "main", offset: 4), StackFrame(name: "f [kvm]", offset: 2)]
      _ = finder.names(of: Set(frames), chains: [frames])
    }
    guard let elf = try? ElfFile(path: file.path) else { return }
    _ = (elf.buildID, elf.isRelocatable, elf.address(of: "main"))
    _ = elf.symbols(at: [0, 0x1000, 0x40_1000, 0xffff_ffff_8100_0010, .max])
    _ = elf.lines(of: "main", offset: 4)
  }

  private static func ask(_ bytes: [UInt8]) {
    let half = bytes.count / 2
    let base = try? BTF(bytes)
    for types in [base, try? BTF(Array(bytes[half...]), base: base)].compactMap(\.self) {
      for name in ["vm_area_struct", "vm_fault", "file"] {
        guard let structure = types.structure(named: name) else { continue }
        for member in ["vm_flags", "vma", "private_data"] {
          guard let place = types.member(member, of: structure) else { continue }
          _ = types.pointee(of: place.type).map(types.name(of:))
        }
      }
      for function in ["unmap_page_range", "copy_page_range"] {
        for parameter in types.parameters(of: function) ?? [] {
          _ = types.pointee(of: parameter.type).map(types.name(of:))
        }
      }
    }
  }

  private static func parse(_ bytes: [UInt8]) {
    _ = try? JSONReader.value(of: bytes)
    _ = try? Suppressions(json: bytes, name: "config", today: "2026-01-02")
    _ = try? Manifest.entries(of: bytes)
    _ = BatchSummary(json: bytes)
  }
}
