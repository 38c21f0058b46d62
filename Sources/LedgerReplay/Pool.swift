/// Records under numbers that stay theirs until they are removed; the place of a removed one is used again.
///
/// What a removed record held can still be read until its number is given out again.
struct Pool<Record> {
  private(set) var records: [Record]
  private var vacant: [UInt32] = []

  /// `first` takes number 0, for owners to whom 0 means "none".
  init(first: Record? = nil) { records = first.map { [$0] } ?? [] }

  /// How many records are in use, the one with number 0 among them.
  var count: Int { records.count - vacant.count }

  @inline(__always)
  subscript(number: UInt32) -> Record {
    get { records[Int(number)] }
    _modify { yield &records[Int(number)] }
  }

  /// Stores a record; returns its number.
  mutating func add(_ record: Record) -> UInt32 {
    if let number = vacant.popLast() {
      records[Int(number)] = record
      return number
    }
    records.append(record)
    return UInt32(records.count - 1)
  }

  /// Gives a number back; call once for each record.
  mutating func remove(_ number: UInt32) { vacant.append(number) }
}
