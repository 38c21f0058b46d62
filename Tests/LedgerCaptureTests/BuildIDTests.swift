import Foundation
import LedgerCore
import LedgerInput
import Testing

@testable import LedgerCapture

/// Build ids of the kernel and its modules, wherever a capture has them.
@Suite struct BuildIDTests {
  static let kernel = (1...20).map { UInt8($0) }
  static let module = (101...120).map { UInt8($0) }

  /// The record of a build id; `size` is told by newer recorders only.
  private static func entry(
    _ builder: PerfDataBuilder, _ id: [UInt8], _ name: String, mode: UInt16 = 1, size: UInt8? = nil
  ) -> [UInt8] {
    builder.record(
      67, misc: mode | (size == nil ? 0 : 1 << 15),
      builder.bytes {
        $0.put(UInt32.max)
        $0.data += id + [UInt8](repeating: 0, count: 20 - id.count)
        $0.data += [size ?? 0, 0, 0, 0] + Self.padded(name)
      })
  }

  private static func padded(_ name: String) -> [UInt8] {
    let text = Array(name.utf8) + [0]
    return text + [UInt8](repeating: 0, count: (8 - text.count % 8) % 8)
  }

  private static func mapping(_ builder: PerfDataBuilder, _ id: [UInt8], _ name: String) -> [UInt8]
  {
    builder.record(
      10, misc: 1 | 1 << 14,
      builder.bytes {
        $0.put(UInt32.max)
        $0.put(UInt32(0))
        for word in [0xffff_ffff_8100_0000, 0x100_0000, 0xffff_ffff_8100_0000] as [UInt64] {
          $0.put(word)
        }
        $0.data += [UInt8(id.count), 0, 0, 0] + id + [UInt8](repeating: 0, count: 20 - id.count)
        $0.put(UInt64(0))
        $0.data += Self.padded(name)
      } + builder.trailer(time: 0, cpu: 0))
  }

  private static func clues(_ builder: PerfDataBuilder) throws -> KernelClues {
    try Repository.clues(of: builder.data)
  }

  static let names = [
    ("[kernel.kallsyms]_text", "[kvm]"), ("/boot/vmlinux-6.1.0", "/lib/modules/6.1.0/kvm.ko.xz"),
    ("/usr/lib/debug/lib/modules/6.1.0/vmlinux", "/x/kvm.ko"),
  ]

  @Test(arguments: names, [false, true])
  func recordsOfStreams(names: (kernel: String, module: String), big: Bool) throws {
    var builder = PerfDataBuilder()
    builder.big = big
    builder.container = .pipe
    // The guest's kernel and a program of users are none of the host's.
    builder.body += Self.entry(builder, Self.module, "[guest.kernel.kallsyms]", mode: 4)
    builder.body += Self.entry(builder, Self.module, "/home/x/vmlinux", mode: 2)
    builder.body += Self.entry(builder, Self.kernel, names.kernel)
    builder.body += Self.entry(builder, Array(Self.module.prefix(16)), names.module, size: 16)
    builder.body += builder.sample(pfn: 7, time: 100) + builder.round
    let clues = try Self.clues(builder)
    #expect(clues.buildID == Self.kernel)
    #expect(clues.moduleIDs == ["kvm": Array(Self.module.prefix(16))])
  }

  @Test(arguments: PerfDataBuilder.Container.allCases, [false, true])
  func mappingsWithBuildIDs(container: PerfDataBuilder.Container, big: Bool) throws {
    var builder = PerfDataBuilder()
    builder.big = big
    builder.container = container
    builder.body += Self.mapping(builder, Self.kernel, "[kernel.kallsyms]_text")
    builder.body += Self.mapping(builder, Self.module, "[kvm]")
    builder.body += builder.sample(pfn: 7, time: 100) + builder.round
    let clues = try Self.clues(builder)
    #expect(clues.buildID == Self.kernel)
    #expect(clues.text == 0xffff_ffff_8100_0000)
    #expect(clues.moduleIDs == ["kvm": Self.module])
  }

  /// `/sys/kernel/notes` beside the sub-buffers, in any of the usual places.
  @Test(arguments: ["sys/kernel/notes", "notes", "a/kernel_notes"])
  func notesOfASnapshot(path: String) throws {
    var snapshot = SnapshotBuilder.whole(root: "t/")
    snapshot.files.append((path, Self.note(Self.kernel)))
    snapshot.files.append(
      ("sys/module/kvm/notes/.note.gnu.build-id", Self.note(Self.module)))
    let clues = try Repository.clues(of: snapshot.tar)
    #expect(clues.buildID == Self.kernel)
    #expect(clues.moduleIDs == ["kvm": Self.module])
  }

  /// A file of this name that holds something else is a file like any other.
  @Test func notesOfPeople() throws {
    var snapshot = SnapshotBuilder.whole(root: "t/")
    snapshot.files.append(("notes", Array("started the guest at nine\n".utf8)))
    #expect(try Repository.clues(of: snapshot.tar).buildID.isEmpty)
  }

  private static func note(_ id: [UInt8]) -> [UInt8] {
    [4, 0, 0, 0, UInt8(id.count), 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4e, 0x55, 0] + id
  }

  private enum Repository {
    /// What a capture knows when it was read to its end.
    static func clues(of bytes: [UInt8]) throws -> KernelClues {
      let url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
      try Data(bytes).write(to: url)
      defer { try? FileManager.default.removeItem(at: url) }
      let reader = try openCapture(path: url.path, detail: .replay)
      var batch = EventBatch()
      while try reader.next(&batch) {}
      return reader.clues
    }
  }
}
