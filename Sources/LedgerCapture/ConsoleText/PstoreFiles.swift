import LedgerCore
import LedgerInput

/// Collects the files of a copied /sys/fs/pstore, or of what systemd-pstore keeps, until their archive or folder ends.
struct PstoreFiles {
  /// The records of one folder.
  private struct Folder {
    var name: String
    var source: ByteSource
    var log = PstoreLog()
    var files = 0
    var damage = LossLedger()
  }

  /// One log, and for people whether it came in pieces.
  struct Log {
    var name: String
    var text: ByteSource
    var damage: LossLedger
    var notes: [String]
  }

  private var folders: [String: Folder] = [:]
  private var order: [String] = []
  private var size = 0

  /// Takes a file of which `prefix` was read already; false when it is none, and nothing more was read.
  mutating func take(
    _ content: ByteSource, prefix: [UInt8], name: String, folder: String
  ) throws(CaptureError) -> Bool {
    guard PstoreRecord.header(prefix) != nil, size < PstoreLog.limit else { return false }
    var text = prefix
    while text.count < PstoreLog.limit - size {
      guard try content.read(into: &text, count: PstoreLog.limit - size - text.count) > 0 else {
        break
      }
    }
    size += text.count
    if folders[folder] == nil { order.append(folder) }
    var entry = folders.removeValue(forKey: folder) ?? Folder(name: name, source: content)
    entry.log.add(text)
    entry.files += 1
    entry.damage.merge(content.damage.drain())
    folders[folder] = entry
    return true
  }

  /// Each log with the name of the first file of its folder.
  func logs() throws(CaptureError) -> [Log] {
    var logs: [Log] = []
    for folder in order.compactMap({ folders[$0] }) {
      let notes =
        folder.files > 1 ? ["joined from \(folder.files) files of pstore in this folder"] : []
      for text in folder.log.texts {
        logs.append(
          Log(
            name: folder.name, text: try folder.source.stored(text), damage: folder.damage,
            notes: notes))
      }
    }
    return logs
  }
}
