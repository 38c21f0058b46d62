import Foundation
import LedgerInput
import Testing

@testable import LedgerRecord

struct BTFTests {
  private func place(_ member: String, of structure: String, _ types: BTF) -> BTFPlace? {
    types.structure(named: structure).flatMap { types.member(member, of: $0) }
  }

  @Test(arguments: [false, true]) func findsMembersInEitherByteOrder(isBigEndian: Bool) throws {
    let types = try BTF(TypeScript.kernel(shift: 64, isBigEndian: isBigEndian).bytes)
    #expect(place("vm_start", of: "vm_area_struct", types)?.offset == 0)
    #expect(place("vm_mm", of: "vm_area_struct", types)?.offset == 24)
    #expect(place("vm_mm", of: "vm_area_struct", types)?.isPointer == true)
    // Inside of a union without a name, behind a typedef and a qualifier.
    #expect(place("vm_flags", of: "vm_area_struct", types)?.offset == 40)
    #expect(place("vm_flags", of: "vm_area_struct", types)?.size == 8)
    #expect(place("address", of: "vm_fault", types)?.offset == 24)
    #expect(place("nothing", of: "vm_area_struct", types) == nil)
    #expect(types.structure(named: "nothing") == nil)
  }

  @Test func namesParametersAndTracepoints() throws {
    let types = try BTF(TypeScript.kernel().bytes)
    #expect(types.parameters(of: "split_page")?.map(\.name) == ["page", "order"])
    #expect(types.parameters(of: "vm_area_struct") == nil)
    #expect(types.hasTypedef("btf_trace_mm_page_alloc"))
    #expect(!types.hasTypedef("btf_trace_page_ref_set"))
  }

  @Test func followsModulesIntoTheKernelsTypes() throws {
    let kernel = TypeScript.kernel()
    var module = TypeScript(after: kernel)
    let announced = module.pointer(to: module.forward("vm_area_struct"))
    let own = module.structure("kvm_thing", size: 16, [("area", announced, 64)])
    module.function("kvm_do", [("thing", module.pointer(to: own))])
    let types = try BTF(module.bytes, base: BTF(kernel.bytes))
    let thing = try #require(types.parameters(of: "kvm_do")?.first)
    let structure = try #require(types.pointee(of: thing.type))
    #expect(types.name(of: structure) == "kvm_thing")
    let area = try #require(types.member("area", of: structure))
    #expect(area.offset == 8)
    let target = try #require(types.pointee(of: area.type))
    #expect(types.member("vm_flags", of: target)?.offset == 32)
    #expect(types.parameters(of: "split_page") != nil)
  }

  @Test func fieldsOfBitsAreNotToBeHad() throws {
    var script = TypeScript()
    let int = script.int("int", size: 4, signed: true)
    _ = script.structure(
      "flags", size: 8, [("a", int, 0), ("b", int, 3), ("c", int, 32)], widths: [3, 5, 0])
    let types = try BTF(script.bytes)
    #expect(place("a", of: "flags", types) == nil)
    #expect(place("b", of: "flags", types) == nil)
    #expect(place("c", of: "flags", types)?.offset == 4)
  }

  @Test func functionsOfOneNameThatDifferAreUnknown() throws {
    var script = TypeScript()
    let int = script.int("int", size: 4)
    script.function("twice", [("a", int)])
    script.function("twice", [("b", int)])
    #expect(try BTF(script.bytes).parameters(of: "twice") == nil)
  }

  @Test func circlesEnd() throws {
    var script = TypeScript()
    _ = script.typedef("circle", 1)
    _ = script.structure("inner", size: 8, [("", 2, 0)])
    let types = try BTF(script.bytes)
    #expect(types.bare(1) == nil)
    #expect(place("x", of: "inner", types) == nil)
  }

  /// Each byte changed, each length cut: an answer or an error, never a trap.
  @Test func damageIsSurvived() {
    let bytes = TypeScript.kernel().bytes
    for at in bytes.indices {
      for value in [0, 0x7f, 0xff] as [UInt8] {
        var damaged = bytes
        damaged[at] = value
        ask(damaged)
      }
      ask(Array(bytes[..<at]))
    }
  }

  private func ask(_ bytes: [UInt8]) {
    guard let types = try? BTF(bytes) else { return }
    for name in ["vm_area_struct", "vm_fault"] {
      for member in ["vm_flags", "vma", "address"] { _ = place(member, of: name, types) }
    }
    for parameter in types.parameters(of: "unmap_page_range") ?? [] {
      _ = types.pointee(of: parameter.type).map(types.name(of:))
    }
  }

  /// The structs that probes read, in this machine's kernel, where pahole can be asked.
  @Test func agreesWithPahole() throws {
    let path = "/sys/kernel/btf/vmlinux"
    guard let bytes = HostFile.bytes(path), let pahole = HostFile.program("pahole") else {
      print("skipped: needs \(path) and pahole")
      return
    }
    let types = try BTF(bytes)
    var compared = 0
    for (structure, members) in [
      ("vm_area_struct", ["vm_start", "vm_end", "vm_mm", "vm_flags"]),
      ("vm_fault", ["vma", "address"]), ("file", ["private_data"]),
      ("mmu_notifier_range", ["mm", "start", "end", "event"]),
    ] {
      let text = String(decoding: try Peer.output(pahole, ["-C", structure, path]), as: UTF8.self)
      for member in members {
        guard let expected = Self.offset(of: member, in: text) else { continue }
        #expect(place(member, of: structure, types)?.offset == expected, "\(structure).\(member)")
        compared += 1
      }
    }
    #expect(compared > 0)
  }

  /// `unsigned long vm_end; /* 8 8 */`
  private static func offset(of member: String, in text: String) -> Int? {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "/*", maxSplits: 1)
      guard parts.count == 2, let name = parts[0].split(separator: ";").first else { continue }
      let last = name.split { " \t*".contains($0) }.last
      guard last.map(String.init) == member else { continue }
      return parts[1].split { " \t".contains($0) }.first.flatMap { Int($0) }
    }
    return nil
  }
}
