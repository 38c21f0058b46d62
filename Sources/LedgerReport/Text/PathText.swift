import LedgerCore

/// The code that allocated, held and freed a page, a line a function.
struct PathText {
  /// Functions of a path that are shown; the JSON report has more.
  private static let limit = 8
  /// Functions of the user's program that are shown.
  private static let userLimit = 4

  static func render(_ finding: Finding, on page: inout TextPage) {
    for path in finding.paths {
      let task = path.comm.isEmpty ? "" : " in \(TaskText.name(path.comm, path.pid))"
      page.line("  \(path.role.rawValue.padded(right: 9)) \(path.event)\(task)".escapedForTerminal)
      rows(path.frames, limit, on: &page)
      guard !path.user.isEmpty else { continue }
      page.line("            user:")
      rows(path.user, userLimit, on: &page)
    }
  }

  private static func rows(_ frames: [CodeFrame], _ limit: Int, on page: inout TextPage) {
    for frame in frames.prefix(limit) {
      page.line("              \(frame.words)".escapedForTerminal)
    }
    let rest = frames.count - min(limit, frames.count)
    if rest > 0 { page.line("              ... and \(rest) more") }
  }

  /// Where the names come from, and what has none.
  static func sources(_ analysis: Analysis) -> [String] {
    var rows = analysis.symbols.map { source in
      var words = source.kind
      if !source.path.isEmpty { words += " \(source.path)" }
      words += ": \(NumberText.counted(UInt64(source.named), "name"))"
      return source.detail.isEmpty ? words : words + ", \(source.detail)"
    }
    if analysis.unnamedAddresses > 0 {
      rows.append(
        "addresses without a name: \(NumberText.grouped(UInt64(analysis.unnamedAddresses))); give "
          + "--kallsyms, --system-map or --vmlinux of the recorded kernel")
    }
    return rows
  }
}
