import LedgerCore
import LedgerInput

/// A file of types as people have it: bare as in `/sys/kernel/btf`, in a vmlinux or a module, packed or not.
enum TypeFile {
  /// The types of a file; `base` are the kernel's own when they are a module's.
  static func types(in path: String, base: BTF?) throws(RecordError) -> BTF {
    let file = try? ElfFile(path: path)
    let own = file?.section(".BTF", limit: BTF.sizeLimit)
    let bytes: [UInt8]
    if let own { bytes = own } else { bytes = try self.bytes(of: path) }
    do throws(BTFError) {
      // A module that was built apart brings the names that it needs of the kernel's types. scripts/Makefile.modfinal, 6.11
      if let names = file?.section(".BTF.base", limit: BTF.sizeLimit) {
        return try BTF(bytes, base: try BTF(names))
      }
      return try BTF(bytes, base: base)
    } catch {
      throw .unusable(reason: "\(path): \(error.message)")
    }
  }

  private static func bytes(of path: String) throws(RecordError) -> [UInt8] {
    do {
      return try ByteSource.contents(of: path, limit: BTF.sizeLimit)
    } catch {
      throw .unusable(reason: error.message)
    }
  }
}
