import LedgerCore
import LedgerInput

// Stand-ins for modules that are not here yet; delete this file once they are.

func openCapture(path: String, detail: ReadDetail) throws(CaptureError) -> any CaptureReader {
  let source = try ByteSource(path: path)
  var bytes: [UInt8] = []
  while try source.read(into: &bytes, count: 1 << 16) > 0 {}
  guard !bytes.isEmpty else { throw .empty(path: path) }
  guard bytes.starts(with: "# tracer".utf8) else {
    throw .notACapture(path: path, hint: "it is neither trace.dat nor ftrace text")
  }
  return StandInReader(path: path)
}

final class StandInReader: CaptureReader {
  var info: CaptureInfo
  var losses = LossLedger()
  init(path: String) { info = CaptureInfo(path: path, kind: "ftrace text") }
  func next(_ batch: inout EventBatch) throws(CaptureError) -> Bool { false }
}

struct Audit: ~Copyable {
  init(pageLimitBytes: UInt64, watch: WatchRange?) {}
  mutating func consume(_ batch: borrowing EventBatch) {}
  mutating func takeWatched() -> [WatchedStep] { [] }
  mutating func finish(info: CaptureInfo, losses: LossLedger) -> Analysis {
    Analysis(
      verdict: losses.isIncomplete ? .incomplete : .clean, capture: info, eventsUsed: 0,
      losses: losses.rows,
      rules: RuleCatalog.all.map {
        RuleReport(id: $0.id, name: $0.name, status: .notRecorded, missing: $0.needs)
      }, findings: [])
  }
}

struct WatchRange {
  var pfn: UInt64
  var includeBlock: Bool
}

struct WatchedStep {
  var event: Event
  var name: String
  var before: String
  var after: String
  var note: String
}

struct RuleDescription {
  var id: String
  var name: String
  var severity: Severity
  var summary: String
  var truth: String
  var versions: String
  var needs: [String]
  var proof: String
  var lookAlikes: String
  var undecidable: String
  var fix: String
  var source: String
  var example: String
}

enum RuleCatalog {
  static let all = [
    RuleDescription(
      id: "PL010", name: "reference refused on a tail of a plain block", severity: .high,
      summary: "Somebody wanted a reference on a page that cannot have one.",
      truth: "The tails of a block allocated without __GFP_COMP have a count of zero.",
      versions: "5.13 and later", needs: ["page_ref:page_ref_mod_unless", "kmem:mm_page_alloc"],
      proof: "page_ref_mod_unless with ret=0 on a tail.", lookAlikes: "A speculative lookup.",
      undecidable: "The allocation was not recorded.", fix: "Allocate with __GFP_COMP.",
      source: "mm/page_alloc.c:__alloc_pages", example: "page_ref_mod_unless: pfn=0x11 ret=0")
  ]
}
