/// Writes type information, piece by piece, as pahole would.
struct TypeScript {
  private(set) var count: UInt32
  private var types: [UInt8] = []
  private var strings: [UInt8]
  private let firstString: Int
  private let isBigEndian: Bool

  /// Types of a kernel; of a module when those of `base` come first.
  init(after base: TypeScript? = nil, isBigEndian: Bool = false) {
    self.isBigEndian = isBigEndian
    count = base?.count ?? 0
    firstString = base.map { $0.firstString + $0.strings.count } ?? 0
    strings = base == nil ? [0] : []
  }

  typealias Member = (name: String, type: UInt32, bits: Int)

  var bytes: [UInt8] {
    var header: [UInt8] = isBigEndian ? [0xeb, 0x9f] : [0x9f, 0xeb]
    header += [1, 0]
    for word in [24, 0, types.count, types.count, strings.count] { header += word32(UInt32(word)) }
    return header + types + strings
  }

  mutating func int(_ name: String, size: Int, signed: Bool = false) -> UInt32 {
    add(name, kind: 1, third: UInt32(size), tail: word32((signed ? 1 << 24 : 0) | UInt32(size * 8)))
  }

  mutating func pointer(to type: UInt32) -> UInt32 { add("", kind: 2, third: type) }

  mutating func typedef(_ name: String, _ type: UInt32) -> UInt32 {
    add(name, kind: 8, third: type)
  }

  mutating func const(_ type: UInt32) -> UInt32 { add("", kind: 10, third: type) }

  mutating func forward(_ name: String) -> UInt32 { add(name, kind: 7, third: 0) }

  /// A struct; `widths` makes its members fields of bits.
  mutating func structure(
    _ name: String, size: Int, isUnion: Bool = false, _ members: [Member], widths: [Int]? = nil
  ) -> UInt32 {
    var tail: [UInt8] = []
    for (place, member) in members.enumerated() {
      let width = widths.map { UInt32($0[place]) << 24 } ?? 0
      tail += word32(string(member.name)) + word32(member.type)
      tail += word32(UInt32(member.bits) | width)
    }
    return add(
      name, kind: isUnion ? 5 : 4, third: UInt32(size), vlen: members.count, flag: widths != nil,
      tail: tail)
  }

  @discardableResult
  mutating func function(_ name: String, _ parameters: [(String, UInt32)]) -> UInt32 {
    var tail: [UInt8] = []
    for (name, type) in parameters { tail += word32(string(name)) + word32(type) }
    let prototype = add("", kind: 13, third: 0, vlen: parameters.count, tail: tail)
    return add(name, kind: 12, third: prototype, vlen: 1)
  }

  private mutating func add(
    _ name: String, kind: UInt32, third: UInt32, vlen: Int = 0, flag: Bool = false,
    tail: [UInt8] = []
  ) -> UInt32 {
    let info = UInt32(vlen) | kind << 24 | (flag ? 1 << 31 : 0)
    types += word32(string(name)) + word32(info) + word32(third) + tail
    count += 1
    return count
  }

  private mutating func string(_ name: String) -> UInt32 {
    guard !name.isEmpty else { return 0 }
    defer { strings += Array(name.utf8) + [0] }
    return UInt32(firstString + strings.count)
  }

  private func word32(_ word: UInt32) -> [UInt8] {
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
    return isBigEndian ? bytes.reversed() : bytes
  }
}

extension TypeScript {
  /// The structs and functions of a small kernel; `shift` moves the members of struct vm_area_struct, `registers` are those that
  /// struct pt_regs saves.
  static func kernel(
    shift: Int = 0, isBigEndian: Bool = false, leavesOut missing: String = "",
    registers: [String] = ["r15", "di"]
  ) -> TypeScript {
    var script = TypeScript(isBigEndian: isBigEndian)
    let long = script.int("long unsigned int", size: 8)
    let int = script.int("int", size: 4, signed: true)
    let unsigned = script.int("unsigned int", size: 4)
    let space = script.pointer(to: script.structure("mm_struct", size: 64, []))
    let flags = script.typedef("vm_flags_t", script.const(long))
    let either = script.structure("", size: 8, isUnion: true, [("vm_flags", flags, 0)])
    let area = script.structure(
      "vm_area_struct", size: 200,
      [
        ("vm_start", long, 0), ("vm_end", long, 64), ("vm_mm", space, 128 + shift),
        ("", either, 256 + shift), ("vm_pgoff", long, 900),
      ].filter { missing.isEmpty || $0.0 != missing })
    let areas = script.pointer(to: area)
    _ = script.structure("pt_regs", size: 168, registers.enumerated().map { ($1, long, $0 * 64) })
    if registers.contains("r15") { script.function("vmemmap_populate", [("start", long)]) }
    let fault = script.pointer(
      to: script.structure(
        "vm_fault", size: 100,
        [
          (
            "",
            script.structure(
              "", size: 40,
              [("vma", areas, 0), ("pgoff", long, 128), ("address", long, 192)].filter {
                $0.0 != missing
              }), 0
          )
        ]))
    let page = script.pointer(to: script.structure("page", size: 64, []))
    script.function("wp_page_copy", [("vmf", fault)])
    script.function("split_page", [("page", page), ("order", unsigned)])
    script.function(
      "unmap_page_range", [("tlb", long), ("vma", areas), ("addr", long), ("end", long)])
    script.function(
      "vmf_insert_pfn_prot", [("vma", areas), ("addr", long), ("pfn", long), ("pgprot", long)])
    script.function("vmf_insert_pfn_pmd", [("vmf", fault), ("pfn", long), ("write", int)])
    script.function(
      "mprotect_fixup",
      [
        ("vmi", long), ("tlb", long), ("vma", areas), ("pprev", long), ("start", long),
        ("end", long), ("newflags", long),
      ])
    script.function(
      "move_page_tables",
      [("vma", areas), ("old_addr", long), ("new_vma", areas), ("new_addr", long), ("len", long)])
    script.function(
      "internal_get_user_pages_fast", [("start", long), ("nr_pages", int), ("gup_flags", unsigned)])
    _ = script.typedef("btf_trace_mm_page_alloc", long)
    _ = script.typedef("btf_trace_mm_page_free", long)
    return script
  }
}
