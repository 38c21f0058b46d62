import LedgerCore

/// Writes what looks wrong and is legal: pattern, count, reason, first place.
struct ExplainedText {
  let style: TextStyle

  func render(_ analysis: Analysis, on page: inout TextPage) {
    page.line()
    page.line(style.paint("What looks wrong and is legal", .strong))
    if analysis.explained.isEmpty { page.line("  nothing of that kind was seen") }
    for row in analysis.explained {
      let time = NumberText.time(row.firstTime, nanoseconds: analysis.capture.timeIsNanoseconds)
      let place = row.pfn == Event.noFrame ? "" : " on page \(hex(row.pfn))"
      page.paragraph(
        "\(NumberText.counted(row.count, "time")), first at \(time)\(place)",
        label: "  " + row.name, indent: 30)
      page.paragraph(row.reason, indent: 30)
    }
  }
}
