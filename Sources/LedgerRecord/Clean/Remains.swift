import LedgerInput

/// What a recorder leaves in tracefs when it is killed: an instance and a group of probes, by their names.
public struct Remains {
  private let tracefs: String

  /// Looks into a tracefs.
  public init(tracefs: String) { self.tracefs = tracefs }

  /// Removes what recorders left that run no more; says in a line each what was removed, what stays and why.
  public func clean() throws(RecordError) -> [String] {
    if let why = HostFile.whyUnwritable("\(tracefs)/instances") {
      throw .unusable(reason: "\(tracefs): \(why.reason)")
    }
    var lines: [String] = []
    for id in ids() {
      if isAlive(id) {
        lines.append("process \(id) still records; nothing of it was removed")
        continue
      }
      let (instance, group) = (Session.instancePrefix + id, Session.groupPrefix + id)
      let stays = remove(instance: instance, group: group)
      lines += stays.map { "\($0.what) stays: \($0.reason)" }
      if stays.isEmpty { lines.append("removed what the recorder \(id) left") }
    }
    return lines
  }

  /// Recorders, by instances and by groups of probes.
  private func ids() -> [String] {
    let instances = HostFile.names(in: "\(tracefs)/instances").filter {
      $0.hasPrefix(Session.instancePrefix)
    }
    let groups = HostFile.names(in: "\(tracefs)/events").filter {
      $0.hasPrefix(Session.groupPrefix)
    }
    let ids =
      instances.map { $0.dropFirst(Session.instancePrefix.count) }
      + groups.map { $0.dropFirst(Session.groupPrefix.count) }
    return Set(ids.map(String.init)).filter { Int32($0) ?? 0 > 0 }.sorted()
  }

  /// A process of this number runs, and it is one of ours: numbers are used again.
  private func isAlive(_ id: String) -> Bool {
    guard let words = HostFile.bytes("/proc/\(id)/cmdline", limit: 1 << 16) else { return false }
    let text = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    // A script of `record --script` says in its environment that it is one; others may not be asked.
    let isScript = HostFile.text("/proc/\(id)/environ", limit: 1 << 20)?.contains(
      "PAGELEDGER_RECORD=\(id)")
    return text.prefix(3).contains { $0.hasSuffix("pageledger") } || isScript == true
  }

  /// Removes an instance and a group; gives what would not go.
  func remove(instance: String, group: String) -> [Plan.Omission] {
    let folder = "\(tracefs)/instances/\(instance)"
    var stays: [Plan.Omission] = []
    if HostFile.exists(folder) {
      try? HostFile.write("0", to: "\(folder)/tracing_on")
      try? HostFile.write("0", to: "\(folder)/events/enable")
      if let why = retry({ () throws(HostFile.Refusal) in try HostFile.removeFolder(folder) }) {
        stays.append(.init(what: folder, reason: why))
      }
    }
    for name in HostFile.names(in: "\(tracefs)/events/\(group)")
    where !["enable", "filter"].contains(name) {
      if let why = removeProbe("\(group)/\(name)") {
        stays.append(.init(what: "\(group)/\(name)", reason: why))
      }
    }
    return stays
  }

  private func removeProbe(_ name: String) -> String? {
    // Where there are dynamic events, the list of kprobes is a part of them.
    let files = ["dynamic_events", "kprobe_events"].map { "\(tracefs)/\($0)" }
    guard let file = files.first(where: HostFile.exists) else { return "no list of probes" }
    return retry { () throws(HostFile.Refusal) in
      try HostFile.write("-:\(name)\n", to: file, appends: true)
    }
  }

  /// Readers may still hold it for a moment.
  private func retry(_ action: () throws(HostFile.Refusal) -> Void) -> String? {
    var reason = ""
    for attempt in 0..<20 {
      do throws(HostFile.Refusal) {
        try action()
        return nil
      } catch {
        reason = error.reason
        guard error.code == 16 else { return reason }
        if attempt < 19 { StopSignals.pause(milliseconds: 50) }
      }
    }
    return reason
  }
}
