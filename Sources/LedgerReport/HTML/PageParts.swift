/// The page's style and scripts, from the files in `HTML/Page`.
enum PageParts {
  static var style: [UInt8] { PackageResources.report_css }

  /// One function around all files, so that they share names with each other and with nothing else.
  static var script: [UInt8] {
    let parts = [
      PackageResources.shared_js, PackageResources.search_js, PackageResources.list_js,
      PackageResources.index_js, PackageResources.captures_js,
      PackageResources.block_js, PackageResources.holders_js, PackageResources.life_js,
      PackageResources.detail_js, PackageResources.find_js, PackageResources.page_js,
      PackageResources.main_js,
    ]
    return Array("(() => {\n\"use strict\";\n".utf8) + parts.flatMap { $0 } + Array("})();\n".utf8)
  }
}
