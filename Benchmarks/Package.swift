// swift-tools-version: 6.2
import PackageDescription

/// The modules below the public library are closed to other packages. This one measures them, so it is compiled as a part
/// of theirs instead of its own (`packageAccess`): a package goes by the name of its folder.
let measured = String(Context.packageDirectory.split(separator: "/").dropLast().last ?? "chromasnap").lowercased()
let name = String(measured.map { $0.isLetter || $0.isNumber ? $0 : "_" })

let package = Package(
  name: "Benchmarks",
  platforms: [.macOS(.v26)],
  dependencies: [
    .package(name: "chromasnap", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
  ],
  targets: [
    .executableTarget(
      name: "chromasnap-benchmark",
      dependencies: [
        "CMeasurement", "launcher",
        .product(name: "ChromaSnap", package: "chromasnap"),
        .product(name: "chromasnap", package: "chromasnap"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      packageAccess: false,
      swiftSettings: [
        .swiftLanguageMode(.v6),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .treatAllWarnings(as: .error),
        .unsafeFlags(["-package-name", name]),
      ]),
    .executableTarget(name: "launcher"),
    .target(
      name: "CMeasurement", cSettings: [.define("_GNU_SOURCE")],
      linkerSettings: [.linkedLibrary("zstd"), .linkedLibrary("z"), .linkedLibrary("sqlite3")]),
  ]
)
