import LedgerCore
import LedgerInput

/// A capture that was packed as a whole: adds the packing to its kind and the damage of the packing to its losses.
final class UnpackedReader: CaptureReader {
  private let reader: any CaptureReader
  private let damage: DamageLog
  private let layers: String

  /// `names` are those of the layers, the outermost first.
  init(_ reader: any CaptureReader, damage: DamageLog, names: [String]) {
    self.reader = reader
    self.damage = damage
    layers = names.joined(separator: ", ")
  }

  var info: CaptureInfo {
    var info = reader.info
    info.kind += " (\(layers))"
    return info
  }

  var losses: LossLedger {
    var losses = damage.losses
    losses.merge(reader.losses)
    return losses
  }

  var complaints: ComplaintLog { reader.complaints }

  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool { try reader.next(&batch) }
}
