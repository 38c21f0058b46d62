import LedgerBatch
import LedgerCapture
import LedgerCore
import LedgerFormat
import LedgerInput
import LedgerRecord
import LedgerReport
import LedgerSymbols

extension FuzzTarget {
  static func analyze(_ bytes: [UInt8], form: Int) {
    guard let file = MemoryFile(bytes) else { return }
    _ = Analyses.report(Analyses.all(at: file.path), form: form)
  }

  /// From a pipe, unless it is too long for one.
  static func events(_ bytes: [UInt8]) {
    if let pipe = PipeFile(bytes) {
      _ = Analyses.events(at: pipe.path)
    } else if let file = MemoryFile(bytes) {
      _ = Analyses.events(at: file.path)
    }
  }

  static func unpack(_ bytes: [UInt8]) {
    var script = LayerScript(bytes)
    let file = script.file()
    if script.isPiped, let pipe = PipeFile(file) {
      _ = Analyses.report(Analyses.all(at: pipe.path), form: bytes.count)
      sum(file)
    } else {
      analyze(file, form: bytes.count)
    }
  }

  /// The sum of a pipe is made as it is read.
  private static func sum(_ file: [UInt8]) {
    guard let pipe = PipeFile(file) else { return }
    let walk = CaptureWalk(
      path: pipe.path, detail: .replay, expandLimit: 1 << 16, sums: true)
    walk.forEach { found in
      var batch = EventBatch()
      if let reader = try? found.open(.replay) { while (try? reader.next(&batch)) == true {} }
      return true
    }
    _ = walk.inputDigest()
  }

  /// All captures of a folder, and the first one as a reader that wants but one; the batch groups the same paths.
  static func walk(_ files: [FolderScript.File], form: Int) {
    let folder = ScratchFolder.fill(files)
    _ = CaptureFolders.roots(in: files.map(\.path))
    _ = Analyses.report(Analyses.all(at: folder), form: form)
    _ = try? openCapture(path: folder, detail: .fields, expandLimit: Analyses.expandLimit)
    guard let first = files.first else { return }
    for path in [folder + "!" + first.path, folder + "/" + first.path + "!x"] {
      let walk = CaptureWalk(
        path: path, detail: .replay, expandLimit: Analyses.expandLimit, sums: true)
      walk.forEach { (try? $0.open(.replay)) != nil }
      _ = walk.inputDigest()
    }
  }

  static func decode(_ bytes: [UInt8]) {
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

  static func name(_ bytes: [UInt8]) {
    guard let file = MemoryFile(bytes) else { return }
    let symbols = KernelSymbols(kallsyms: bytes)
    _ = symbols.extents(of: ["_text", "hva_to_pfn"])
    _ = symbols.name(at: 0xffff_ffff_8100_0010)
    for form in 0..<7 {
      var files = SymbolFinder.Files()
      if form & 1 == 1 { files.systemMap = file.path } else { files.kallsyms = file.path }
      var clues = KernelClues()
      if form == 2 {
        clues.kallsyms = { bytes }
        clues.text = 0xffff_ffff_8200_0000
        clues.modules = ["kvm": 0xffff_ffff_c100_1000]
      }
      if form == 3 { clues.offset = 0x100_0000 }
      if form == 4 { clues.modules = ["kvm": 0xffff_ffff_c100_1000] }
      if form == 5 { clues.text = 0xffff_ffff_8100_0000 }
      var finder = SymbolFinder(files, clues: clues)
      let frames = [0xffff_ffff_8100_0010, 0xffff_ffff_8123_4567, 0xffff_ffff_c000_1234, 7, .max]
        .map { StackFrame(address: $0) }
      let moved = [0xffff_ffff_8120_0010, 0xffff_ffff_c100_2234].map { StackFrame(address: $0) }
      _ = finder.names(
        of: Set(frames + moved), chains: [form > 4 ? moved : frames, moved], anchors: [moved])
    }
  }

  /// As a kernel and as a module of a folder.
  static func open(_ bytes: [UInt8]) {
    guard let file = MemoryFile(bytes) else { return }
    var files = SymbolFinder.Files()
    files.vmlinux = file.path
    files.modules = ScratchFolder.place(bytes, as: "kvm.ko")
    files.debugFolder = files.modules
    let own = (try? ElfFile(path: file.path))?.buildID ?? []
    for id in [[], [UInt8](repeating: 7, count: 20), own] {
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
    askProgram(bytes, elf.buildID)
    _ = (elf.buildID, elf.isRelocatable, elf.address(of: "main"))
    _ = elf.symbols(at: [0, 0x1000, 0x40_1000, 0xffff_ffff_8100_0010, .max])
    _ = elf.lines(of: "main", offset: 4)
  }

  static func ask(_ bytes: [UInt8]) {
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

  /// The same file as a user's program, which a folder of debug files has under its build id.
  private static func askProgram(_ bytes: [UInt8], _ id: [UInt8]) {
    let digits = id.map { String($0, radix: 16) }.map { $0.count == 1 ? "0" + $0 : $0 }.joined()
    guard id.count > 1, id.count < 100 else { return }
    let place = ".build-id/\(digits.prefix(2))/\(digits.dropFirst(2))"
    var files = SymbolFinder.Files()
    files.debugFolder = ScratchFolder.fill([(place + ".debug", bytes), (place + "/elf", bytes)])
    var clues = KernelClues()
    clues.programIDs = ["a.out": id, "b.so": [1, 2, 3]]
    var finder = SymbolFinder(files, clues: clues)
    let frames: [CodeFrame] = [0, 0x40, 0x1000, 0x1010, .max].flatMap { offset in
      ["a.out", "b.so"].map { CodeFrame(function: $0, offset: offset) }
    }
    for _ in 0..<2 { _ = finder.userNames(of: frames) }
  }

  static func plan(_ files: [FolderScript.File]) {
    let folder = ScratchFolder.fill(files)
    var all = [KernelFacts(root: folder)]
    let types = ["vmlinux", "kvm"].map { folder + "/sys/kernel/btf/" + $0 }
    for paths in [types, Array(types.prefix(1))] {
      if let facts = try? KernelFacts(types: paths, release: "6.1.0") {
        all.append(facts)
      }
    }
    guard let wish = try? Wish("all") else { return }
    _ = (HostFile.names(in: folder), HostFile.whyUnreadable(folder + "/proc/kallsyms"))
    for facts in all {
      let plan = Planner.plan(wish, for: facts)
      _ = (PlanText.explain(plan), ShellScript.text(plan))
    }
  }

  static func parse(_ bytes: [UInt8]) {
    _ = try? JSONReader.value(of: bytes)
    _ = try? Manifest.entries(of: bytes)
    let suppressions = try? Suppressions(json: bytes, name: "config", today: "2026-01-02")
    let summary = BatchSummary(json: bytes)
    let findings = try? FindingSet(json: bytes)
    var found = findings ?? FindingSet()
    if let summary {
      _ = SummaryDocument(summary).json()
      found = FindingSet(summary)
    }
    let expectations = Expectations(baseline: findings, suppressions: suppressions)
    var analysis = example
    expectations.conclude(&analysis, run: found)
    judge(&analysis, expectations)
    _ = found.difference(since: findings ?? FindingSet())
    _ = FindingSet(analysis).difference(since: found)
    _ = found.difference(since: FindingSet(analysis))
  }

  private static func judge(_ analysis: inout Analysis, _ expectations: Expectations) {
    var expectations = expectations
    expectations.judge(&analysis)
    _ = expectations.remarks
  }

  /// A finding that a suppression may cover.
  private static var example: Analysis {
    let finding = Finding(
      id: "1234", rule: "PL010", verdict: .proven, severity: .high, title: "a page", pfn: 0x1400,
      pageRanges: [0x1400...0x1400], block: nil, occurrences: 1, firstTime: 0, lastTime: 0, cpu: 0,
      pid: 1, comm: "qemu", evidence: [], advice: "", doubt: "")
    return Analysis(
      verdict: .findings, capture: CaptureInfo(path: "a.dat", kind: "trace.dat"), eventsUsed: 1,
      losses: [],
      rules: [RuleReport(id: "PL010", name: "a", status: .findings, missing: [])],
      findings: [finding])
  }

  static func count(_ files: [FolderScript.File]) {
    let folder = ScratchFolder.fill(files)
    // A folder is locked while its rows are read.
    do {
      let rows = try? BatchRows(folder: folder, ruleSet: StoreScript.ruleSet)
      rows?.forEach { _ in }
    }
    let identity = ToolIdentity(
      tool: "fuzz", ruleSet: StoreScript.ruleSet, rules: [("PL010", "a"), ("PL001", "b")])
    guard let store = try? BatchStore(folder: ScratchFolder.fill(files, in: "other")) else {
      return
    }
    guard (try? store.load()) != nil else { return }
    if let joined = try? BatchStore(folder: ScratchFolder.fill([], in: "joined")) {
      _ = try? joined.join([folder], ruleSet: StoreScript.ruleSet)
    }
    let inputs = store.allInputs()
    let detail = BatchCount.detail(of: inputs, in: store, identity: identity)
    for form in ReportFormat.allCases { _ = BatchReport.render(detail, as: form) }
  }
}
