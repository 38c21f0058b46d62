internal import Glibc

/// Symbolic links that another user may have put in the way of a file that is to be written.
enum ForeignLink {
  /// As many links as the kernel follows: include/linux/namei.h, MAXSYMLINKS.
  private static let limit = 40

  /// The first link on the way to `path` that lies in a folder which everybody may write to; nil when there is none. What the links on
  /// the way lead to is looked at too.
  static func first(on path: String) -> String? {
    var place = path.hasPrefix("/") ? "/" : "."
    var parts = path.split(separator: "/").map(String.init).reversed() as [String]
    var links = 0
    while let part = parts.popLast() {
      let next = place == "/" ? "/" + part : place + "/" + part
      guard let target = target(of: next) else {
        place = next
        continue
      }
      links += 1
      if links > limit || isOpenToAll(place) { return next }
      if target.hasPrefix("/") { place = "/" }
      parts += target.split(separator: "/").map(String.init).reversed()
    }
    return nil
  }

  /// Where a symbolic link points to; nil for anything else.
  private static func target(of path: String) -> String? {
    var room = [CChar](repeating: 0, count: Int(PATH_MAX))
    let got = unsafe room.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return -1 }
      return unsafe readlink(path, base, buffer.count)
    }
    guard got > 0 else { return nil }
    return String(decoding: room[..<got].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func isOpenToAll(_ folder: String) -> Bool {
    var status = stat()
    return unsafe stat(folder, &status) == 0 && status.st_mode & S_IWOTH != 0
  }
}
