import LedgerBatch
import LedgerCapture
import LedgerCore

/// Shows a worker of a batch the captures of one input, each analyzed as `analyze` would.
struct BatchAnalyzer: InputAnalyzer {
  let run: CaptureRun

  func analyze(
    _ path: String, begin: (String) -> Bool, finish: (String, InputOutcome) -> Void
  ) -> (skipped: Int, others: [String]) {
    let walk = CaptureWalk(path: path, detail: .replay, expandLimit: run.expandLimit)
    walk.forEach { found in
      guard begin(found.name) else { return true }
      finish(found.name, outcome(of: found, walk))
      return true
    }
    return (walk.otherCount, walk.others.map { "\($0.name): \($0.reason)" })
  }

  /// What is no capture is no failure, unless damage may have hidden one.
  private func outcome(of found: FoundCapture, _ walk: CaptureWalk) -> InputOutcome {
    do throws(CaptureError) {
      return .analysis(run.analyze(found.name, try found.open(.replay)))
    } catch {
      switch error {
      case .notACapture(_, let hint) where found.isOnly && !walk.hasLostFiles:
        return .noCapture(reason: hint)
      case .empty where found.isOnly: return .noCapture(reason: "empty")
      default: return .analysis(run.unreadable(found.name, error))
      }
    }
  }
}
