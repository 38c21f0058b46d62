import LedgerCore

extension CaptureWalk {
  /// Offers what a trace.dat holds: each group of buffers as `trace.dat!instance`, a lone one as the file itself.
  ///
  /// Where events are only listed, and nobody asks for an instance, all buffers are one capture.
  func offer(traceDat input: OuterLayers, named name: String, damage: LossLedger? = nil)
    throws(CaptureError)
  {
    let file = try TraceDatFile(try input.seekable())
    let asksInside = selector != nil && !isSelected(name)
    guard asksInside || file.groups.count > 1 && detail == .replay else {
      return offer(.buffers(file, group: nil), named: name, layers: input.names, damage: damage)
    }
    for (group, instances) in file.names.enumerated() {
      let labels = instances.map { "\(name)!\($0)" }
      let asked = labels.first { asksInside && isSelected($0) }
      let label = asked ?? (file.groups.count > 1 ? labels.first : nil) ?? name
      offer(.buffers(file, group: group), named: label, layers: input.names, damage: damage)
    }
  }
}
