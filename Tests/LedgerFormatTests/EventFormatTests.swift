import LedgerCore
import LedgerInput
import Testing

@testable import LedgerFormat

let common = """
  \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
  \tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;
  \tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;
  \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

  """

func makeFormat(_ system: String, _ name: String, id: Int, _ fields: String, print: String = "\"\"")
  -> EventFormat?
{
  let text = "name: \(name)\nID: \(id)\nformat:\n\(common)\n\(fields)\n\nprint fmt: \(print)\n"
  return EventFormat(text: Array(text.utf8), system: system)
}

@Suite struct EventFormatTests {
  @Test(arguments: [
    ("unsigned long pfn", 8, "pfn", FormatField.Shape.scalar),
    ("void * mapping", 8, "mapping", .pointer),
    ("struct page *page", 8, "page", .pointer), ("unsigned long caller[8]", 64, "caller", .array),
    ("char comm[TASK_COMM_LEN]", 16, "comm", .array), ("char buf", 0, "buf", .array),
    ("__data_loc char[] name", 4, "name", .located),
    ("__rel_loc char name[]", 4, "name", .relative),
    ("__attribute__((user)) const char * u", 8, "u", .pointer),
  ])
  func takesDeclarationsApart(text: String, size: Int, name: String, shape: FormatField.Shape)
    throws
  {
    let format = try #require(
      makeFormat("s", "e", id: 1, "\tfield:\(text);\toffset:8;\tsize:\(size);\tsigned:0;"))
    let field = try #require(format.ownFields.first)
    #expect(field.name == name)
    #expect(field.shape == shape)
    #expect(field.size == size)
  }

  @Test(arguments: [
    "", "name: x\n", "ID: 7\n", "name: x\nID: 70000\n", "name: x\nID: 7\n\tfield:int;\toffset:x;\n",
    "name: x\nID: 7\n\tfield:int a;\toffset:99999999999999999999;\tsize:4;\n",
  ])
  func refusesWhatIsNoFormat(text: String) {
    #expect(EventFormat(text: Array(text.utf8), system: "s") == nil)
  }

  @Test func readsHeaderPage() throws {
    let text = """
      \tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
      \tfield: local_t commit;\toffset:8;\tsize:4;\tsigned:1;
      \tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
      \tfield: char data;\toffset:16;\tsize:65520;\tsigned:0;

      """
    let header = try #require(PageHeader(text: Array(text.utf8)))
    #expect(header.long == 4)
    #expect(header.data == 16)
    #expect(header.size == 65536)
    #expect(PageHeader(text: []) == nil)
  }

  @Test func knowsWhichFieldsPrintAsHex() throws {
    let format = try #require(
      makeFormat(
        "s", "e", id: 1, "",
        print: "\"(%lx) a=0x%Lx n=%u p=%s\", REC->__probe_ip, REC->a, REC->n, f(REC->x)"))
    #expect(format.hexFields == ["__probe_ip", "a"])
  }
}
