import Foundation
import LedgerInput
import Testing

@testable import LedgerRecord

/// All structs and functions of a kernel, where bpftool can be asked: this machine's, or that of the file in PAGELEDGER_BTF.
struct BTFPeerTests {
  private struct Dump {
    /// Members of the first struct or union of each name, with their bits; fields of bits have none.
    var structures: [String: [(name: String, bits: Int?)]] = [:]
    /// Parameters of functions whose name is borne once.
    var functions: [String: [String]] = [:]
    var typedefs: Set<String> = []
  }

  @Test func agreesWithBpftool() throws {
    let environment = ProcessInfo.processInfo.environment
    let path = environment["PAGELEDGER_BTF"] ?? "/sys/kernel/btf/vmlinux"
    let program = environment["PAGELEDGER_BPFTOOL"] ?? HostFile.program("bpftool")
    guard let bytes = HostFile.bytes(path), let program else {
      print("skipped: needs \(path) and bpftool")
      return
    }
    let types = try BTF(bytes)
    let dump = Self.dump(try Peer.output(program, ["btf", "dump", "file", path]))
    #expect(dump.structures.count > 1000 && dump.functions.count > 1000)
    for (name, members) in dump.structures {
      guard let found = types.structure(named: name) else {
        Issue.record("no struct \(name)")
        continue
      }
      for member in members {
        let place = types.member(member.name, of: found)
        guard place?.offset != member.bits.map({ $0 / 8 }) else { continue }
        Issue.record("\(name).\(member.name): \(place?.offset ?? -1), bpftool \(member.bits ?? -1)")
      }
    }
    for (name, parameters) in dump.functions
    where types.parameters(of: name)?.map(\.name) != parameters { Issue.record("function \(name)") }
    for name in dump.typedefs where !types.hasTypedef(name) { Issue.record("typedef \(name)") }
  }

  /// `[450] STRUCT 'vm_fault' size=112 vlen=10`, and its members in lines that begin with a tab.
  private static func dump(_ text: [UInt8]) -> Dump {
    var dump = Dump()
    var prototypes: [Int: [String]] = [:]
    var calls: [String: [Int]] = [:]
    var structure = ""
    var prototype: Int?
    for line in text.split(separator: 0x0a) {
      let name = name(line)
      guard line.first == UInt8(ascii: "[") else {
        if !structure.isEmpty, name != "(anon)" {
          let bits = number(line, " bits_offset=")
          let isField =
            line.firstRange(of: Array(" bitfield_size=".utf8)) != nil || (bits ?? 0) % 8 != 0
          dump.structures[structure]?.append((name, isField ? nil : bits))
        }
        if let prototype { prototypes[prototype]?.append(name == "(anon)" ? "" : name) }
        continue
      }
      (structure, prototype) = ("", nil)
      let kind = line.drop { $0 != 0x20 }.dropFirst().prefix { $0 != 0x20 }
      switch String(decoding: kind, as: UTF8.self) {
      case "STRUCT", "UNION":
        guard name != "(anon)", dump.structures[name] == nil else { continue }
        structure = name
        dump.structures[name] = []
      case "FUNC": calls[name, default: []].append(number(line, " type_id=") ?? 0)
      case "FUNC_PROTO":
        prototype = number(line, "[")
        prototypes[prototype ?? 0] = []
      case "TYPEDEF": dump.typedefs.insert(name)
      default: break
      }
    }
    for (name, numbers) in calls where numbers.count == 1 {
      dump.functions[name] = prototypes[numbers[0]]
    }
    return dump
  }

  private static func name(_ line: ArraySlice<UInt8>) -> String {
    let quote = UInt8(ascii: "'")
    guard let start = line.firstIndex(of: quote) else { return "" }
    return String(decoding: line[(start + 1)...].prefix { $0 != quote }, as: UTF8.self)
  }

  private static func number(_ line: ArraySlice<UInt8>, _ key: String) -> Int? {
    guard let found = line.firstRange(of: Array(key.utf8)) else { return nil }
    let digits = line[found.upperBound...].prefix { $0 >= 0x30 && $0 <= 0x39 }
    return Int(String(decoding: digits, as: UTF8.self))
  }
}
