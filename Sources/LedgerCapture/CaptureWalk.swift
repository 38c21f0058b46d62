public import LedgerCore
public import LedgerInput

/// Finds the captures that a path leads to: a file, standard input (`-`), the members of an archive or the files of a folder, nested up
/// to four layers deep, and what a copied tracefs holds.
///
/// Members are copied to nameless temporary files one at a time, so that one can be analyzed while the archive is read on; a single file
/// or pipe is read as it comes. Names of members are words and never paths. One pass, in time linear in the input.
public final class CaptureWalk {
  /// A file that is no capture, and why.
  public typealias Other = (name: String, reason: String)

  private let path: String
  let detail: ReadDetail
  private let sums: Bool
  /// The file or pipe at the path, kept for its checksum.
  private var input: ByteSource?
  /// What lies in one archive may unpack to so many bytes together.
  let budget: ExpandBudget
  /// The path up to the `!` that leads into an archive.
  private var base: String
  /// Behind that `!`; nothing else is shown.
  private(set) var selector: String?
  private var visit: (FoundCapture) -> Bool = { _ in true }
  private(set) var isStopped = false
  /// Found, but not shown before it is known whether another one follows.
  private var pending: FoundCapture?
  /// How many captures were shown.
  public private(set) var shown = 0
  private var names: [String: Int] = [:]
  private var candidates: [String] = []

  /// Files that are no captures, the first of them.
  public private(set) var others: [Other] = []
  /// How many files are no captures.
  public private(set) var otherCount = 0
  /// How many captures were found, asked for or not.
  public private(set) var found = 0
  /// What packing lost where no capture was found: the walk proves nothing.
  public internal(set) var hasLostFiles = false

  private static let othersLimit = 1 << 16
  private static let candidatesLimit = 8

  /// A walk from a path as the user gave it. What lies in one archive may unpack to `expandLimit` bytes together; `sums` asks for
  /// the checksum of what lies at the path.
  public init(
    path: String, detail: ReadDetail, expandLimit: UInt64 = ByteSource.expandLimit,
    sums: Bool = false
  ) {
    self.path = path
    self.sums = sums
    self.detail = detail
    budget = ExpandBudget(expandLimit)
    base = path
  }

  /// Shows every capture to `visit`, which says whether to go on; call once.
  ///
  /// What cannot be read is shown as a capture whose `open` throws; so is a path that leads to none.
  public func forEach(_ visit: (FoundCapture) -> Bool) {
    withoutActuallyEscaping(visit) { visit in
      self.visit = visit
      do throws(CaptureError) {
        try start()
        if shown == 0, pending == nil, !isStopped { throw nothing() }
      } catch { offer(.failure(error), named: base, isAsked: true) }
      show(isLast: true)
      self.visit = { _ in true }
    }
  }

  private func start() throws(CaptureError) {
    if try resolve() == .folder {
      let tree = try FileTree(path: base)
      for name in tree.skipped { leaveOut(base + "/" + name, "not a file of this folder") }
      var files = FileSequence(tree)
      while base.count > 1, base.hasSuffix("/") { base.removeLast() }
      return try walk(&files, ContainerPlace(name: base, separator: "/"))
    }
    let source = try ByteSource(path: base, sums: sums)
    if sums { self.input = source }
    let input = try OuterLayers(source, inside: [], budget: budget)
    guard !input.prefix.isEmpty else { throw input.emptiness }
    if case .packed(let packing) = input.kind {
      try walk(archive: input, packing, named: base, isTop: true)
    } else if input.kind == .traceDat {
      try offer(traceDat: input, named: base)
    } else if selector == nil {
      if case .foreign = input.kind, case .raw = SnapshotPart(path: base)?.role {
        throw .notACapture(
          path: base,
          hint:
            "raw sub-buffers need the event formats that were copied with them: name their folder")
      }
      offer(.bytes(input), named: base, layers: input.names)
    }
  }

  /// Splits `archive!member` where the archive exists; a file with this very name comes first.
  private func resolve() throws(CaptureError) -> ByteSource.PathKind {
    let whole = ByteSource.kind(ofPath: path)
    guard whole == .missing else { return whole }
    var end = path.endIndex
    while let sign = path[..<end].lastIndex(of: "!") {
      let kind = ByteSource.kind(ofPath: String(path[..<sign]))
      if kind != .missing {
        base = String(path[..<sign])
        selector = String(path[path.index(after: sign)...])
        return kind
      }
      end = sign
    }
    return .file
  }

  /// The checksum of what lies at the path, when it was asked for and can be read; call after `forEach`.
  ///
  /// A file is read once more from its open descriptor; a pipe was summed as it was read.
  public func inputDigest() -> InputDigest? {
    guard sums else { return nil }
    if let input { return try? input.digest() }
    return try? InputDigest(folder: base)
  }

  private func nothing() -> CaptureError {
    guard let selector else {
      return .notACapture(path: path, hint: "none of its \(otherCount) files is a capture")
    }
    let known = candidates.joined(separator: ", ")
    let more = found > candidates.count ? " and \(found - candidates.count) more" : ""
    return .notACapture(
      path: path,
      hint: found == 0
        ? "\(base) holds no capture" : "\(base) holds no '\(selector)', but \(known)\(more)")
  }
}

extension CaptureWalk {
  /// Takes a capture; it is shown when the next one is found, or at the end. `damage` is nil when its packing is yet to be read.
  func offer(
    _ content: FoundCapture.Content, named name: String, layers: [String] = [],
    damage: LossLedger? = nil, notes: [String] = [], isAsked: Bool = false
  ) {
    guard !isStopped else { return }
    found += 1
    let seen = names[name, default: 0] + 1
    names[name] = seen
    let name = seen > 1 ? "\(name)#\(seen)" : name
    if candidates.count < Self.candidatesLimit { candidates.append(name) }
    guard isAsked || isSelected(name) else { return }
    show(isLast: false)
    var capture = FoundCapture(name: name, content: content, layers: layers, damage: damage)
    capture.notes = notes
    pending = capture
  }

  /// Adds what was lost behind the capture that was found last.
  func addDamage(_ damage: LossLedger) { pending?.damage?.merge(damage) }

  /// Counts a file that is no capture.
  func leaveOut(_ name: String, _ reason: String) {
    otherCount += 1
    if others.count < Self.othersLimit { others.append((name, reason)) }
  }

  /// Whether the path asks for this capture, or for what it lies in.
  func isSelected(_ name: String) -> Bool {
    guard let selector else { return true }
    guard name != base else { return false }
    let rest = name.utf8.dropFirst(base.utf8.count + 1)
    guard rest.starts(with: selector.utf8) else { return false }
    let next = rest.dropFirst(selector.utf8.count).first
    return next == nil || next == UInt8(ascii: "!") || next == UInt8(ascii: "/")
  }

  private func show(isLast: Bool) {
    guard var capture = pending, !isStopped else { return }
    pending = nil
    capture.isOnly = isLast && shown == 0
    // The one capture in an archive goes by the archive's name.
    if capture.isOnly, ByteSource.kind(ofPath: base) != .folder { capture.name = path }
    shown += 1
    if !visit(capture) { isStopped = true }
  }
}
