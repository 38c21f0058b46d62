/// The complaints of one log: repetitions of one cause are one entry, so that memory does not follow the log.
public struct ComplaintLog: Sendable {
  /// Causes that are kept; those beyond it are only counted.
  public static let limit = 1000

  private struct Key: Hashable {
    var kind: ComplaintKind
    var reason: String
    var function: String
    var site: String
    var process: String

    init(_ complaint: KernelComplaint) {
      kind = complaint.kind
      reason = complaint.reason
      function = complaint.function
      site = complaint.site
      process = complaint.process.withoutNumbers
    }
  }

  /// The complaints, in the order in which they were first printed.
  public private(set) var complaints: [KernelComplaint] = []
  /// Complaints beyond `limit`.
  public private(set) var dropped: UInt64 = 0
  private var places: [Key: Int] = [:]

  /// An empty log.
  public init() {}

  /// Adds a complaint.
  ///
  /// The same line of the same time is one message, however often a recorder wrote it.
  public mutating func add(_ complaint: KernelComplaint) {
    let key = Key(complaint)
    guard let place = places[key] else {
      guard complaints.count < Self.limit else {
        dropped &+= 1
        return
      }
      places[key] = complaints.count
      complaints.append(complaint)
      if let pfn = complaint.pfn { complaints[complaints.count - 1].pages = [pfn] }
      complaints[complaints.count - 1].lastTime = complaint.time
      return
    }
    repeated(place, complaint)
  }

  /// Notes the kernel's count of what it did not print.
  public mutating func suppress(_ kind: ComplaintKind, _ count: UInt64) {
    guard let place = complaints.lastIndex(where: { $0.kind == kind }) else { return }
    complaints[place].suppressed = Self.sum(complaints[place].suppressed, count)
  }

  /// Takes over the complaints of another record of the same log: what both have was printed once.
  public mutating func merge(_ other: ComplaintLog) {
    for complaint in other.complaints {
      if let place = places[Key(complaint)] {
        let old = complaints[place].occurrences
        complaints[place].occurrences = max(old, complaint.occurrences)
        complaints[place].suppressed = max(complaints[place].suppressed, complaint.suppressed)
      } else {
        add(complaint)
      }
      for pfn in complaint.pages { addPage(pfn, like: complaint) }
    }
    dropped = Self.sum(dropped, other.dropped)
  }

  /// The same complaints for a capture whose events they were not read with.
  public var apart: ComplaintLog {
    var copy = self
    for index in copy.complaints.indices {
      copy.complaints[index].marks = []
      copy.complaints[index].relation = .unknown
    }
    return copy
  }

  private mutating func repeated(_ place: Int, _ complaint: KernelComplaint) {
    let first = complaints[place].lines.first
    if let time = first?.time, let again = complaint.lines.first, again.time == time,
      again.text == first?.text
    {
      // The copy may be the whole one.
      if !complaint.isDamaged, complaints[place].isDamaged { complaints[place].isDamaged = false }
      return
    }
    if complaints[place].isDamaged, !complaint.isDamaged { replace(place, complaint) }
    complaints[place].occurrences = Self.sum(
      complaints[place].occurrences, complaint.occurrences)
    complaints[place].suppressed = Self.sum(complaints[place].suppressed, complaint.suppressed)
    if let time = complaint.time { complaints[place].lastTime = time }
    let room = KernelComplaint.marksLimit - complaints[place].marks.count
    complaints[place].marks += complaint.marks.prefix(max(0, room))
    guard let pfn = complaint.pfn, !complaints[place].pages.contains(pfn),
      complaints[place].pages.count < KernelComplaint.pagesLimit
    else { return }
    complaints[place].pages.append(pfn)
  }

  private mutating func addPage(_ pfn: UInt64, like complaint: KernelComplaint) {
    guard let place = places[Key(complaint)], !complaints[place].pages.contains(pfn),
      complaints[place].pages.count < KernelComplaint.pagesLimit
    else { return }
    complaints[place].pages.append(pfn)
  }

  /// A whole complaint proves more than a torn one.
  private mutating func replace(_ place: Int, _ complaint: KernelComplaint) {
    let old = complaints[place]
    complaints[place] = complaint
    complaints[place].occurrences = old.occurrences
    complaints[place].suppressed = old.suppressed
    complaints[place].pages = old.pages
    complaints[place].marks = old.marks
  }

  private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let (sum, over) = a.addingReportingOverflow(b)
    return over ? .max : sum
  }
}

extension String {
  /// The name with each number as `#`: `kworker/0:1` and `kworker/3:0` are one kind of task.
  public var withoutNumbers: String {
    var words = ""
    for character in self where !(character.isNumber && words.hasSuffix("#")) {
      words.append(character.isNumber ? "#" : character)
    }
    return words
  }
}
