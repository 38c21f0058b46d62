import LedgerCore
import LedgerInput

/// A capture under the name that it was found by: adds its packing to its kind, and the damage of the packing to its losses.
final class NamedReader: CaptureReader {
  /// What was lost while packing was taken off.
  enum Damage {
    /// Known from before the capture was opened.
    case taken(LossLedger)
    /// Grows while the capture is read.
    case live(DamageLog?)
  }

  private let reader: any CaptureReader
  private let path: String
  private let layers: String
  private let damage: Damage

  /// `layers` names those of the packing, the outermost first.
  init(_ reader: any CaptureReader, path: String, layers: [String], damage: Damage) {
    self.reader = reader
    self.path = path
    self.layers = layers.joined(separator: ", ")
    self.damage = damage
  }

  var info: CaptureInfo {
    var info = reader.info
    info.path = path
    if !layers.isEmpty { info.kind += " (\(layers))" }
    return info
  }

  var losses: LossLedger {
    var losses =
      switch damage {
      case .taken(let ledger): ledger
      case .live(let log): log?.losses ?? LossLedger()
      }
    losses.merge(reader.losses)
    return losses
  }

  var complaints: ComplaintLog { reader.complaints }

  var stacks: StackTable { reader.stacks }

  var bringsChainsLate: Bool { reader.bringsChainsLate }

  var clues: KernelClues { reader.clues }

  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool { try reader.next(&batch) }
}
