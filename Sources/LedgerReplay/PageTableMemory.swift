internal import CPrefetch
internal import Glibc

/// Values in address space of their own, all bytes zero, which costs memory only where it is touched.
///
/// All unsafe memory of the replay is here. Whoever asks keeps the index below `count`: it is checked in debug builds only.
@safe struct ReservedMemory<Value>: ~Copyable {
  /// How many values there is room for.
  let count: Int
  private let values: UnsafeMutablePointer<Value>
  private let start: UnsafeMutableRawPointer
  private let bytes: Int

  /// The size of a huge page on most machines.
  private static var hugePage: Int { 1 << 21 }

  /// Room for `atMost` values, or a half, a quarter and so on of it where address space is short, down to `atLeast`.
  ///
  /// The kernel is asked for huge pages if `isHuge`: a fault for 2 MiB then, not for 4 KiB. A value of zero bytes must be valid.
  init(atMost most: Int, atLeast least: Int, isHuge: Bool) {
    var count = most
    let margin = isHuge ? Self.hugePage : 0
    var memory = unsafe Self.reserve(count * MemoryLayout<Value>.stride + margin)
    while unsafe memory == nil, count / 2 >= least {
      count /= 2
      unsafe memory = Self.reserve(count * MemoryLayout<Value>.stride + margin)
    }
    guard let memory = unsafe memory else {
      preconditionFailure("no address space for \(count) values of \(Value.self)")
    }
    self.count = count
    unsafe start = memory
    bytes = count * MemoryLayout<Value>.stride + margin
    let base = unsafe isHuge ? memory.alignedUp(toMultipleOf: Self.hugePage) : memory
    if isHuge { _ = unsafe madvise(base, bytes - margin, MADV_HUGEPAGE) }
    unsafe values = base.bindMemory(to: Value.self, capacity: count)
  }

  deinit { unsafe munmap(start, bytes) }

  private static func reserve(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    let memory = unsafe mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, -1, 0)
    return unsafe memory == MAP_FAILED ? nil : memory
  }

  subscript(index: Int) -> Value {
    @inline(__always) get {
      assert(index >= 0 && index < count)
      return unsafe values[index]
    }
    @inline(__always) set {
      assert(index >= 0 && index < count)
      unsafe values[index] = newValue
    }
  }

  /// Fetches a value into the cache, so that a later write does not wait for memory.
  @inline(__always)
  func prefetch(_ index: Int) { unsafe pl_prefetch_write(values + index) }
}
