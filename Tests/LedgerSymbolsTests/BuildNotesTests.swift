import LedgerSymbols
import Testing

/// Build ids in ELF notes.
@Suite struct BuildNotesTests {
  static func note(_ name: String, _ type: UInt32, _ text: [UInt8], big: Bool) -> [UInt8] {
    let words = [UInt32(name.utf8.count + 1), UInt32(text.count), type].flatMap { word in
      let bytes = (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
      return big ? bytes.reversed() : bytes
    }
    let padded = { (bytes: [UInt8]) in
      bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }
    return words + padded(Array(name.utf8) + [0]) + padded(text)
  }

  /// `/sys/kernel/notes` of a kernel holds notes of Xen and others before, or behind, that of its build.
  @Test(arguments: [false, true], [0, 3])
  func findsTheBuild(big: Bool, before: Int) {
    let id = (1...20).map { UInt8($0) }
    var bytes: [UInt8] = []
    for number in 0..<before { bytes += Self.note("Linux", UInt32(number), [1, 2, 3], big: big) }
    bytes += Self.note("GNU", 3, id, big: big) + Self.note("Xen", 6, Array("linux".utf8), big: big)
    #expect(BuildNotes.begin(bytes))
    #expect(BuildNotes.id(in: bytes) == id)
    for count in bytes.indices { _ = BuildNotes.id(in: Array(bytes[..<count])) }
    #expect(BuildNotes.id(in: Self.note("Xen", 3, id, big: big)) == nil)
  }

  @Test(arguments: ["", "[    1.000000] x: a note\n", "notes of a meeting, nothing else in here"])
  func otherFilesAreNotNotes(text: String) {
    #expect(!BuildNotes.begin(Array(text.utf8)))
    #expect(BuildNotes.id(in: Array(text.utf8)) == nil)
  }

  @Test func hostileNotesAreHarmless() {
    let sound =
      Self.note("GNU", 1, [1, 2, 3, 4], big: false) + Self.note("GNU", 3, [7], big: false)
    var state: UInt64 = 5
    for _ in 0..<2000 {
      var bytes = sound
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % bytes.count] = UInt8(truncatingIfNeeded: state >> 20)
      }
      _ = BuildNotes.id(in: bytes)
    }
  }
}
