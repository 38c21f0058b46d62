// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableExperimentalFeature("Lifetimes"),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// A module of the product; imports run one way, as `Sources/ARCHITECTURE.md` draws them.
func module(_ name: String, uses dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of one module, or of the whole command.
func tests(_ name: String, of dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, swiftSettings: [.treatAllWarnings(as: .error)])
}

/// Style and scripts of the HTML report, compiled into the command; the order is that of `PageParts.swift`.
let pageParts = [
  "report.css", "shared.js", "search.js", "list.js", "index.js", "captures.js", "block.js",
  "holders.js", "life.js",
  "detail.js", "find.js", "page.js", "main.js",
]

/// Programs of `tools/damage` and `tools/fuzz`, which a usual build leaves alone.
let hardening: [Target] =
  Context.environment["PAGELEDGER_HARDENING"] == nil
  ? []
  : [
    .executableTarget(
      name: "damage-sweep", dependencies: ["HardeningSupport"], path: "Tests/DamageSweep"),
    .executableTarget(name: "fuzz", dependencies: ["HardeningSupport"], path: "Tests/Fuzz"),
  ]

/// The program of `tools/bench --micro` and the C code it compares with.
let micro: [Target] =
  Context.environment["PAGELEDGER_MICRO"] == nil
  ? []
  : [
    .target(name: "MicroReference", path: "Tests/MicroReference"),
    .executableTarget(
      name: "micro",
      dependencies: [
        "LedgerCapture", "LedgerCore", "LedgerInput", "LedgerReplay", "MicroReference",
      ], path: "Tests/Micro"),
  ]

let package = Package(
  name: "PageLedger",
  products: [
    .executable(name: "pageledger", targets: ["pageledger"])
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CNettle", pkgConfig: "nettle", providers: [.apt(["nettle-dev"])]),
    .systemLibrary(
      name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .target(name: "CPrefetch"),
    .target(name: "CBatch"),
    .target(name: "CRecord"),
    .target(
      name: "CElf",
      linkerSettings: [
        .linkedLibrary("dw"), .linkedLibrary("elf"), .linkedLibrary("zstd"),
      ]),
    module("LedgerCore"),
    module(
      "LedgerInput",
      uses: [
        "LedgerCore", "CArchive", "CBatch", "CElf", "CNettle", "CRecord", "CSQLite", "CZlib",
        "CZstd",
      ]),
    module("LedgerFormat", uses: ["LedgerCore", "LedgerInput"]),
    .target(
      name: "LedgerSymbols", dependencies: ["LedgerCore", "LedgerInput"],
      resources: [.embedInCode("Machinery.txt")], swiftSettings: strict),
    module(
      "LedgerCapture", uses: ["LedgerCore", "LedgerInput", "LedgerFormat", "LedgerSymbols"]),
    module("LedgerReplay", uses: ["LedgerCore", "CPrefetch"]),
    module("LedgerRules", uses: ["LedgerCore", "LedgerReplay", "LedgerSymbols"]),
    .target(
      name: "LedgerRecord", dependencies: ["LedgerCore", "LedgerInput", "LedgerRules"],
      resources: ["recorder", "whole", "flight"].map { .embedInCode("Script/\($0).sh") },
      swiftSettings: strict),
    .target(
      name: "LedgerReport", dependencies: ["LedgerCore", "LedgerInput"],
      exclude: ["JSON/SCHEMA.md", "JSON/analysis.schema.json", "JSON/batch.schema.json"],
      resources: pageParts.map { .embedInCode("HTML/Page/\($0)") }
        + [.embedInCode("SQLite/schema.sql")], swiftSettings: strict),
    module("LedgerBatch", uses: ["LedgerCore", "LedgerInput", "LedgerReport"]),
    .executableTarget(
      name: "pageledger",
      dependencies: [
        "LedgerBatch", "LedgerCore", "LedgerInput", "LedgerCapture", "LedgerRecord", "LedgerReplay",
        "LedgerRules", "LedgerReport", "LedgerSymbols",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "CommandTestSupport", path: "Tests/CommandTestSupport", swiftSettings: strict),
    .target(
      name: "HardeningSupport",
      dependencies: [
        "CommandTestSupport", "LedgerBatch", "LedgerCore", "LedgerCapture", "LedgerFormat",
        "LedgerInput", "LedgerRecord", "LedgerReport", "LedgerRules", "LedgerSymbols",
      ], path: "Tests/HardeningSupport", swiftSettings: [.treatAllWarnings(as: .error)]),
    .testTarget(
      name: "HardeningTests",
      dependencies: ["CommandTestSupport", "HardeningSupport", "pageledger"],
      exclude: ["fault.c"], swiftSettings: [.treatAllWarnings(as: .error)]),
    tests(
      "LedgerReportTests",
      of: ["CommandTestSupport", "LedgerCore", "LedgerInput", "LedgerReport"]),
    tests("GoldenTests", of: ["CommandTestSupport", "pageledger"]),
    tests(
      "CommandLineTests",
      of: ["CommandTestSupport", "pageledger", "LedgerCapture", "LedgerCore"]),
    tests("LedgerReplayTests", of: ["LedgerCore", "LedgerReplay"]),
    tests("LedgerRulesTests", of: ["LedgerRules"]),
    tests("LedgerRecordTests", of: ["LedgerCore", "LedgerInput", "LedgerRecord", "LedgerRules"]),
    tests("LedgerBatchTests", of: ["LedgerBatch", "LedgerCore"]),
    tests("BatchTests", of: ["CommandTestSupport", "pageledger"]),
    tests(
      "MutationTests",
      of: ["CommandTestSupport", "LedgerCore", "LedgerCapture", "LedgerRules"]),
    tests("FixtureTests", of: ["CommandTestSupport"]),
    tests(
      "FtraceTextTests",
      of: ["CommandTestSupport", "LedgerCore", "LedgerInput", "LedgerCapture"]),
    tests("LedgerFormatTests", of: ["LedgerFormat", "LedgerCore", "LedgerInput"]),
    tests(
      "LedgerSymbolsTests",
      of: ["CommandTestSupport", "LedgerCore", "LedgerInput", "LedgerSymbols"]),
    tests(
      "LedgerCaptureTests",
      of: [
        "CommandTestSupport", "LedgerCapture", "LedgerFormat", "LedgerInput", "LedgerCore",
        "LedgerSymbols",
      ]),
  ] + hardening + micro,
  swiftLanguageModes: [.v6]
)
