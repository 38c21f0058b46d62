import LedgerCore

/// The members of a finding that call chains give.
enum PathDocument {
  static func members(of finding: Finding, to writer: inout JSONWriter) {
    guard !finding.paths.isEmpty else { return }
    if !finding.pathID.isEmpty { writer.member("pathId", finding.pathID) }
    writer.key("paths")
    writer.array { for path in finding.paths { write(path, to: &$0) } }
  }

  /// Where names come from; nothing for a capture without call chains.
  static func symbols(_ analysis: Analysis, to writer: inout JSONWriter) {
    guard !analysis.symbols.isEmpty || analysis.unnamedAddresses > 0 else { return }
    writer.key("symbols")
    writer.object { writer in
      writer.key("sources")
      writer.array { writer in
        for source in analysis.symbols {
          writer.object {
            $0.member("kind", source.kind)
            $0.member("path", source.path)
            $0.member("named", source.named)
            $0.member("detail", source.detail)
          }
        }
      }
      writer.member("unnamed", analysis.unnamedAddresses)
    }
  }

  private static func write(_ path: CodePath, to writer: inout JSONWriter) {
    writer.object { writer in
      writer.member("role", path.role.rawValue)
      writer.member("event", path.event)
      writer.member("time", path.time)
      writer.member("pid", path.pid)
      writer.member("comm", path.comm)
      writer.key("frames")
      writer.array { for frame in path.frames { write(frame, to: &$0) } }
      guard !path.user.isEmpty else { return }
      writer.key("user")
      writer.array { for frame in path.user { write(frame, to: &$0) } }
    }
  }

  private static func write(_ frame: CodeFrame, to writer: inout JSONWriter) {
    writer.object {
      $0.member("function", frame.function)
      if let offset = frame.offset { $0.member("offset", offset) }
      if let address = frame.address { $0.member("address", hex(address)) }
      if !frame.module.isEmpty { $0.member("module", frame.module) }
      if !frame.line.isEmpty { $0.member("line", frame.line) }
      if frame.isInlined { $0.member("inlined", true) }
    }
  }
}
