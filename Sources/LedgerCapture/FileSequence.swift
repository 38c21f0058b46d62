import LedgerCore
import LedgerInput

/// The files of an archive or of a folder, one after another.
struct FileSequence {
  /// One file.
  struct File {
    /// Its path below the archive or folder.
    let name: String
    fileprivate let place: Place

    /// The content; of an archive's file until the next one is asked for.
    func open() throws(CaptureError) -> ByteSource {
      switch place {
      case .content(let content): content
      case .path(let path): try ByteSource(path: path)
      }
    }
  }

  fileprivate enum Place {
    case content(ByteSource)
    case path(String)
  }

  private enum Container {
    case archive(ArchiveMembers)
    case folder(FileTree, at: Int)
  }

  private var container: Container

  init(_ members: ArchiveMembers) { container = .archive(members) }

  init(_ tree: FileTree) { container = .folder(tree, at: 0) }

  /// Contents stay readable when the next file is asked for.
  var isLasting: Bool {
    if case .folder = container { true } else { false }
  }

  /// The next file, nil at the end.
  mutating func next() throws(CaptureError) -> File? {
    switch container {
    case .archive(let members):
      guard let member = try members.next() else { return nil }
      var name = member.name[...]
      while name.hasPrefix("./") { name = name.dropFirst(2) }
      return File(name: String(name), place: .content(member.content))
    case .folder(let tree, let at):
      guard at < tree.files.count else { return nil }
      container = .folder(tree, at: at + 1)
      return File(name: tree.files[at].name, place: .path(tree.files[at].path))
    }
  }
}
