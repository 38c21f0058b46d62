/// Formats of events that matter, as a kernel prints them, or nearly so.
struct FormatScript {
  typealias Field = (declaration: String, size: Int, isSigned: Bool)

  let system: String
  let name: String
  let id: Int
  var fields: [Field]

  static let head: [Field] = [
    ("unsigned short common_type", 2, false), ("unsigned char common_flags", 1, false),
    ("unsigned char common_preempt_count", 1, false), ("int common_pid", 4, true),
  ]

  private static let reference: [Field] = [
    ("unsigned long pfn", 8, false), ("unsigned long flags", 8, false), ("int count", 4, true),
    ("int mapcount", 4, true), ("void * mapping", 8, false), ("int mt", 4, true),
    ("int val", 4, true), ("int ret", 4, true),
  ]

  static let all: [FormatScript] = [
    .init(
      system: "kmem", name: "mm_page_alloc", id: 10,
      fields: [
        ("unsigned long pfn", 8, false), ("unsigned int order", 4, false),
        ("unsigned long gfp_flags", 8, false), ("int migratetype", 4, true),
      ]),
    .init(
      system: "kmem", name: "mm_page_free", id: 11,
      fields: [("unsigned long pfn", 8, false), ("unsigned int order", 4, false)]),
    .init(system: "page_ref", name: "page_ref_mod", id: 12, fields: reference),
    .init(system: "page_ref", name: "page_ref_mod_and_test", id: 13, fields: reference),
    .init(system: "page_ref", name: "page_ref_mod_unless", id: 14, fields: reference),
    .init(system: "page_ref", name: "page_ref_set", id: 15, fields: reference),
    .init(
      system: "ftrace", name: "kernel_stack", id: 4,
      fields: [("int size", 4, true), ("unsigned long caller[]", 0, false)]),
    .init(
      system: "ftrace", name: "user_stack", id: 6,
      fields: [("unsigned int tgid", 4, false), ("unsigned long caller[8]", 64, false)]),
    .init(
      system: "printk", name: "console", id: 16,
      fields: [("__data_loc char[] msg", 4, false)]),
    .init(
      system: "dma", name: "dma_map_sg", id: 17,
      fields: [
        ("__data_loc char[] device", 4, false), ("__data_loc u64[] phys_addrs", 4, false),
        ("__data_loc unsigned int[] lengths", 4, false),
      ]),
    .init(
      system: "kprobes", name: "hva_to_pfn", id: 18,
      fields: [("unsigned long __probe_ip", 8, false), ("u64 addr", 8, false)]),
    .init(
      system: "kprobes", name: "hva_to_pfn_ret", id: 19,
      fields: [
        ("unsigned long __probe_func", 8, false), ("unsigned long __probe_ret_ip", 8, false),
        ("u64 ret", 8, false),
      ]),
    .init(
      system: "kvm", name: "kvm_page_fault", id: 20,
      fields: [
        ("unsigned int vcpu_id", 4, false), ("unsigned long guest_rip", 8, false),
        ("u64 fault_address", 8, false), ("u64 error_code", 8, false),
      ]),
    .init(
      system: "kvm", name: "kvm_userspace_exit", id: 21,
      fields: [("__u32 reason", 4, false), ("int errno", 4, true)]),
  ]

  /// The text of the format; now and then with a field of another place, size or kind.
  func text(_ choices: inout Choices, isOdd: Bool) -> String {
    var lines = "name: \(name)\nID: \(id)\nformat:\n"
    var place = 0
    for field in Self.head + fields {
      place = (place + max(1, field.size) - 1) / max(1, field.size) * max(1, field.size)
      var (offset, size, declaration) = (UInt64(place), UInt64(field.size), field.declaration)
      if isOdd {
        switch choices.byte() {
        case 0..<12: offset = choices.number()
        case 12..<24: size = choices.number()
        case 24..<28: declaration = "__rel_loc char[] msg"
        case 28..<32: declaration += "[" + String(choices.number()) + "]"
        case 32..<36: continue
        default: break
        }
      }
      lines += "\tfield:\(declaration);\toffset:\(Int64(bitPattern: offset));"
      lines += "\tsize:\(Int64(bitPattern: size));\tsigned:\(field.isSigned ? 1 : 0);\n"
      place += field.size
    }
    return lines + "\nprint fmt: \"x\"\n"
  }

  /// A record, without what the ring buffer puts before it.
  func record(_ choices: inout Choices, isBig: Bool) -> [UInt8] {
    var out = Image(isBig: isBig)
    out.put(UInt16(id))
    out.put(choices.byte() & 0x1c)
    out.put(UInt8(0))
    out.put(Int32(1 + choices.below(4)))
    for field in fields {
      while out.data.count % min(8, max(1, field.size)) != 0 { out.put(UInt8(0)) }
      if field.declaration.hasPrefix("__data_loc") {
        out.put(UInt32(truncatingIfNeeded: UInt64(choices.byte()) << 16 | choices.number()))
      } else if field.size == 4 {
        out.put(UInt32(truncatingIfNeeded: choices.number()))
      } else if field.size == 8 {
        out.put(choices.number())
      }
    }
    out.data += choices.take(choices.below(4) == 0 ? choices.below(64) : 0)
    return out.data
  }
}
