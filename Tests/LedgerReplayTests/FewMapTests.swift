import Testing

@testable import LedgerReplay

/// A map of few keys answers as a dictionary would, however many it has.
struct FewMapTests {
  @Test(arguments: [4, 13, 200]) func answersAsADictionary(keys: Int) {
    var map = FewMap<Int, Int>()
    var dictionary: [Int: Int] = [:]
    var state: UInt64 = 42
    for step in 0..<4000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let key = Int(state >> 33) % keys
      switch state >> 60 {
      case 0..<8:
        map[key] = step
        dictionary[key] = step
      case 8..<11:
        map[key, default: 0] += 1
        dictionary[key, default: 0] += 1
      default: #expect(map.take(key) == dictionary.removeValue(forKey: key))
      }
      #expect(map.count == dictionary.count)
      #expect(map[key] == dictionary[key])
    }
    for key in 0..<keys { #expect(map[key] == dictionary[key]) }
    #expect(Set(map.keys) == Set(dictionary.keys))
  }

  @Test func isEmptyAgain() {
    var map = FewMap<Int, String>()
    for key in 0..<40 { map[key] = "\(key)" }
    for key in 0..<40 { #expect(map.take(key) == "\(key)") }
    #expect(map.isEmpty)
    #expect(map[3] == nil)
  }
}
