/// A dictionary for keys that are few as a rule: tasks in the middle of something, address spaces.
///
/// A few are looked at one by one, which costs less than a hash; more than that are found by their hash.
struct FewMap<Key: Hashable, Value> {
  private static var few: Int { 12 }

  private(set) var keys: [Key] = []
  private(set) var values: [Value] = []
  /// Index in `keys`, when they are more than a few.
  private var places: [Key: Int] = [:]

  var isEmpty: Bool { keys.isEmpty }
  var count: Int { keys.count }

  /// Where a key's value is, until a value is added or removed.
  @inline(__always)
  func place(of key: Key) -> Int? {
    guard places.isEmpty else { return places[key] }
    for place in keys.indices where keys[place] == key { return place }
    return nil
  }

  subscript(at place: Int) -> Value {
    @inline(__always) _read { yield values[place] }
    @inline(__always) _modify { yield &values[place] }
  }

  subscript(key: Key) -> Value? {
    @inline(__always) get { place(of: key).map { values[$0] } }
    set {
      guard let newValue else { return remove(key) }
      if let place = place(of: key) { values[place] = newValue } else { add(key, newValue) }
    }
  }

  subscript(key: Key, default fallback: @autoclosure () -> Value) -> Value {
    get { self[key] ?? fallback() }
    _modify {
      let place = place(of: key) ?? add(key, fallback())
      yield &values[place]
    }
  }

  /// Adds a key that is not there yet; returns its place.
  @discardableResult
  mutating func add(_ key: Key, _ value: Value) -> Int {
    keys.append(key)
    values.append(value)
    if !places.isEmpty {
      places[key] = keys.count - 1
    } else if keys.count > Self.few {
      for place in keys.indices { places[keys[place]] = place }
    }
    return keys.count - 1
  }

  mutating func remove(_ key: Key) { _ = take(key) }

  /// Takes a value out; the last one moves to its place.
  @discardableResult
  mutating func take(_ key: Key) -> Value? {
    guard let place = place(of: key) else { return nil }
    keys.swapAt(place, keys.count - 1)
    values.swapAt(place, values.count - 1)
    keys.removeLast()
    let value = values.removeLast()
    guard !places.isEmpty else { return value }
    if keys.count <= Self.few / 2 {
      places = [:]
    } else {
      places[key] = nil
      if place < keys.count { places[keys[place]] = place }
    }
    return value
  }

  mutating func removeAll() { self = Self() }
}
