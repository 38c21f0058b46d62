internal import LedgerCore
public import LedgerInput

/// One thing to analyze: a file, `archive!member`, or a folder that is one capture.
public struct BatchInput: Sendable {
  /// Where it is; the name of its captures begins with it.
  public var path: String
  /// By name.
  public var labels: [Label]
  /// Its files belong together.
  public var isFolder = false
  /// What tells whether it has changed; nil when it is no regular file.
  public var identity: FileIdentity?
  /// What a manifest told instead of `identity`.
  var told: ToldIdentity?

  /// An input of which only the path is known.
  public init(path: String, labels: [Label]) {
    self.path = path
    self.labels = labels
  }
}

/// Finds the inputs that paths, folders, patterns and manifests name: each path once, ascending.
public struct InputList: Sendable {
  /// Which folders among the paths of files are one capture each; knows what a capture looks like.
  public typealias Grouping = @Sendable ([String]) -> [String]

  /// Ascending by path.
  public private(set) var inputs: [BatchInput] = []
  /// What lies in folders and is no regular file, or was left out.
  public private(set) var leftOut: [String] = []
  /// Patterns that no file fits.
  public private(set) var unmatched: [String] = []
  private let grouping: Grouping
  private let trustsSizes: Bool
  /// Files of a folder.
  private static let fileLimit = 1 << 24

  /// An empty list; where `trustsSizes`, an entry that tells its size is taken as it is, without a look at the file.
  public init(trustsSizes: Bool = false, grouping: @escaping Grouping) {
    self.trustsSizes = trustsSizes
    self.grouping = grouping
  }

  /// Adds what an entry leads to.
  public mutating func add(_ entry: ManifestEntry) {
    if trustsSizes, let told = ToldIdentity(entry.labels) {
      var input = BatchInput(path: entry.path, labels: entry.labels)
      input.told = told
      inputs.append(input)
      return
    }
    switch ByteSource.kind(ofPath: entry.path) {
    case .folder: add(folder: entry.path, entry.labels, fitting: nil)
    case .missing where entry.path.contains(where: { $0 == "*" || $0 == "?" }): add(pattern: entry)
    default: add(file: entry)
    }
  }

  private mutating func add(file entry: ManifestEntry) {
    var input = BatchInput(path: entry.path, labels: entry.labels)
    input.identity = FileIdentity(path: Self.file(of: entry.path))
    inputs.append(input)
  }

  /// The file that holds `archive!member`.
  private static func file(of path: String) -> String {
    var end = path.endIndex
    guard ByteSource.kind(ofPath: path) == .missing else { return path }
    while let sign = path[..<end].lastIndex(of: "!") {
      if ByteSource.kind(ofPath: String(path[..<sign])) == .file { return String(path[..<sign]) }
      end = sign
    }
    return path
  }

  /// Takes a pattern apart: the folder before the first `*` or `?` is looked through.
  private mutating func add(pattern entry: ManifestEntry) {
    let before = inputs.count
    let fixed = entry.path.prefix { $0 != "*" && $0 != "?" }
    let folder = fixed.lastIndex(of: "/").map { String(fixed[...$0]) } ?? ""
    if ByteSource.kind(ofPath: folder.isEmpty ? "." : folder) == .folder {
      add(folder: folder, entry.labels, fitting: Glob(entry.path))
    }
    if inputs.count == before { unmatched.append(entry.path) }
  }

  private mutating func add(folder: String, _ labels: [Label], fitting glob: Glob?) {
    let tree: FileTree
    do throws(CaptureError) {
      tree = try FileTree(path: folder.isEmpty ? "." : folder, fileLimit: Self.fileLimit)
    } catch {
      // The worker meets the same failure and says why.
      inputs.append(BatchInput(path: folder, labels: labels))
      return
    }
    var prefix = folder
    while prefix.count > 1, prefix.hasSuffix("/") { prefix.removeLast() }
    if !prefix.isEmpty, prefix != "/" { prefix += "/" }
    if glob == nil { leftOut += tree.skipped.map { prefix + $0 } }
    var groups: [String: [FileTree.Entry]] = [:]
    let roots = Set(grouping(tree.files.map(\.name)))
    for file in tree.files where glob?.matches(prefix + file.name) ?? true {
      if !roots.isEmpty, let root = Self.root(of: file.name, among: roots) {
        groups[root, default: []].append(file)
        continue
      }
      var input = BatchInput(path: prefix + file.name, labels: labels)
      input.identity = file.identity
      inputs.append(input)
    }
    for (root, files) in groups {
      var path = prefix + root
      if path.count > 1, path.hasSuffix("/") { path.removeLast() }
      var input = BatchInput(path: path.isEmpty ? "." : path, labels: labels)
      input.isFolder = true
      input.identity = Self.identity(of: files)
      inputs.append(input)
    }
  }

  /// The outermost of the folders that a file lies in.
  private static func root(of name: String, among roots: Set<String>) -> String? {
    if roots.contains("") { return "" }
    for (index, character) in zip(name.indices, name) where character == "/" {
      if roots.contains(String(name[..<index])) { return String(name[..<index]) }
    }
    return nil
  }

  /// What tells whether any of the files has changed.
  private static func identity(of files: [FileTree.Entry]) -> FileIdentity {
    let hash = ContentHash()
    var (size, changed): (UInt64, Int64) = (0, 0)
    for file in files {
      hash.add(Array("\(file.name)\n\(file.identity)\n".utf8))
      size = sum(size, file.identity.size)
      changed = max(changed, file.identity.changed)
    }
    let key = hash.key
    return FileIdentity(
      size: size, modified: Int64(bitPattern: key.low), changed: changed, inode: key.high,
      device: 0)
  }

  /// Sorts by path and lets the first of several entries with one path stand; files of a folder that is one capture become that folder.
  public mutating func settle() {
    gather()
    var seen: Set<ContentKey> = []
    inputs = inputs.filter { seen.insert(ContentKey(name: $0.path)).inserted }
    inputs.sort { precedes($0.path, $1.path) }
  }

  /// Keeps the inputs of one shard, or all; what only plans the work is no label of an input.
  public mutating func keep(_ shard: Shard?) {
    if let shard { inputs = inputs.filter { shard.holds($0) } }
    let planned: Set = [Shard.label, ToldIdentity.sizeLabel, ToldIdentity.seenLabel]
    for index in inputs.indices { inputs[index].labels.removeAll { planned.contains($0.name) } }
  }
}

extension InputList {
  /// A list of files may name those of a folder that is one capture: they are read as that folder, as when the folder above is named.
  private mutating func gather() {
    for start in ["", "/"] {
      let isRooted = !start.isEmpty
      let files = inputs.filter { !$0.isFolder && $0.path.hasPrefix("/") == isRooted }
      let roots = Set(grouping(files.map { String($0.path.dropFirst(start.count)) }))
      guard !roots.isEmpty else { continue }
      var groups: [String: [BatchInput]] = [:]
      inputs.removeAll { input in
        guard !input.isFolder, input.path.hasPrefix("/") == isRooted,
          let root = Self.root(of: String(input.path.dropFirst(start.count)), among: roots)
        else { return false }
        groups[start + root, default: []].append(input)
        return true
      }
      for (root, files) in groups { add(group: files, in: root.isEmpty ? "." : root) }
    }
  }

  private mutating func add(group files: [BatchInput], in root: String) {
    let labels = files.first?.labels ?? []
    guard let told = ToldIdentity(joining: files) else {
      return add(folder: root, labels, fitting: nil)
    }
    var input = BatchInput(path: root, labels: labels)
    input.isFolder = true
    input.told = told
    inputs.append(input)
  }
}

/// One of `count` parts of a list of inputs. An input belongs to the part that its label `shard` says, or else the hash of its path,
/// modulo `count`, so that parts may be counted from 0 or from 1.
public struct Shard: Sendable, Equatable {
  static let label = "shard"
  /// From 0; `count` is the same as 0.
  public let index: UInt64
  /// At least 1.
  public let count: UInt64

  /// Reads `3/16`.
  public init?(_ words: String) {
    let parts = words.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = UInt64(parts[0]), let count = UInt64(parts[1]), count > 0,
      count <= 1 << 20, index <= count
    else { return nil }
    self.index = index % count
    self.count = count
  }

  func holds(_ input: BatchInput) -> Bool {
    if let given = input.labels.first(where: { $0.name == Self.label }).flatMap({ UInt64($0.value) }
    ) {
      return given % count == index
    }
    return ContentKey(name: input.path).low % count == index
  }
}

/// Orders names by their bytes, as no two names of files have the same.
func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

extension ContentKey {
  /// Stands for a name in tables: two names that only look the same differ.
  init(name: String) { self.init(of: Array(name.utf8)) }
}
