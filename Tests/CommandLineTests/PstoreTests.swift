import CommandTestSupport
import Foundation
import Testing

/// What the kernel keeps over a crash: parts of one log, the newest first, packed or not.
@Suite struct PstoreTests {
  static let older =
    "Panic#1 Part2\n<4>[    1.500000] Linux version 6.1.0-test\n"
    + "<1>[    2.500000] BUG: Bad page state in process sh  pfn:1234\n"
  static let newer =
    "Panic#1 Part1\n<1>[    2.500001] page:0000000012345678 refcount:-1 mapcount:0 "
    + "mapping:0000000000000000 index:0x0 pfn:0x1234\n"
    + "<1>[    2.500002] page dumped because: nonzero _refcount\n"

  /// `older` as the kernel packs it since 6.6, without a header.
  static let deflated =
    "C0jMy0xWNlQISCwqMeKyMbGLVgACQz1TAxCIVfDJzCutUChLLSrOzM9TMNMz1DPQLUktLuGyMYQoNYIr"
    + "dQp1t1JwSkxRKEhMT1UoLkksSVXIzFMoKMpPTi0uVijOUFAoSMuzMjQyNuECAA=="

  /// `older` as kernels before pack it, with zlib's header and a window of 4 KiB.
  static let zlib =
    "SMcLSMzLTFY2VAhILCox4rIxsYtWAAJDPVMDEIhV8MnMK61QKEstKs7Mz1Mw0zPUM9AtSS0u4bIxhCg1"
    + "git1CnW3UnBKTFEoSExPVSguSSxJVcjMUygoyk9OLS5WKM5QUChIy7MyNDI24QIAolIhZQ=="

  /// The one finding of a folder of records, of an archive of it, and of all of them in one text.
  private func findings(_ files: [(name: String, bytes: Data)]) throws -> [String] {
    try Repository.withFolder { folder in
      let records = folder.appendingPathComponent("pstore")
      try FileManager.default.createDirectory(at: records, withIntermediateDirectories: true)
      for file in files { try file.bytes.write(to: records.appendingPathComponent(file.name)) }
      let run = "\"$PAGELEDGER\" --format ndjson"
      return try ["\(run) pstore", "tar -c pstore | gzip | \(run) -", "cat pstore/* | \(run) -"].map
      {
        let rows = try Invocation.shell($0, in: folder).output.split(separator: "\n")
        return rows.filter { $0.contains("\"kind\":\"finding\"") }.joined(separator: "\n")
      }
    }
  }

  @Test func partsAreJoined() throws {
    let outputs = try findings([
      ("dmesg-efi-163000000001001", Data(Self.newer.utf8)),
      ("dmesg-efi-163000000002001", Data(Self.older.utf8)),
    ])
    for output in outputs {
      #expect(output.split(separator: "\n").count == 1, "\(output)")
      #expect(output.contains("\"rule\":\"PL101\"") && output.contains("refcount:-1"))
      #expect(output.contains("nonzero _refcount"))
    }
  }

  @Test(arguments: [deflated, zlib])
  func packedRecords(_ packed: String) throws {
    let packed = try #require(Data(base64Encoded: packed))
    let outputs = try findings([
      ("dmesg-ramoops-0", Data(Self.newer.utf8)),
      // Bytes for error correction may follow.
      ("dmesg-ramoops-1.enc.z", packed + Data([1, 2, 3])),
    ])
    for output in outputs.dropLast() {
      #expect(output.split(separator: "\n").count == 1, "\(output)")
      #expect(output.contains("\"rule\":\"PL101\"") && output.contains("refcount:-1"))
    }
  }

  @Test func aMissingPartIsSaid() throws {
    let oldest = Self.older.replacing("Part2", with: "Part3")
    let outputs = try findings([
      ("dmesg-efi-1", Data(Self.newer.utf8)), ("dmesg-efi-2", Data(oldest.utf8)),
    ])
    #expect(outputs.allSatisfy { $0.contains("PL101") || $0.contains("PL112") })
  }
}
