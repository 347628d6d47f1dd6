// swift-tools-version: 6.2
import PackageDescription

/// What every Swift target is held to: Swift 6 concurrency, explicit `any`, explicit import visibility, strict memory
/// safety, and no warning left standing.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "chromasnap",
  platforms: [.macOS(.v26)],
  products: [
    .executable(name: "chromasnap", targets: ["chromasnap"]),
    .library(name: "ChromaSnap", targets: ["ChromaSnap"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
  ],
  targets: [
    // The program: a few lines over a library of commands.
    // It carries Swift's own libraries with it: it runs where no toolchain is, and starts in half the time.
    .executableTarget(
      name: "chromasnap", dependencies: ["ChromaSnapCommands"], swiftSettings: strict,
      linkerSettings: [
        .unsafeFlags(
          ["-static-stdlib"]
            + [
              "CoreFoundation", "_FoundationCollections", "_FoundationCShims", "FoundationInternationalization",
              "_FoundationICU", "stdc++",
            ].map { "-l\($0)" },
          .when(platforms: [.linux], configuration: .release))
      ]),
    .target(
      name: "ChromaSnapCommands",
      dependencies: [
        "ChromaSnap", "TOML",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),

    // The public library.
    .target(
      name: "ChromaSnap",
      dependencies: [
        "ChromaDB", "SnapshotRepository", "SnapshotFormat", "ObjectStorage", "SystemIO", "ZipArchive",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),

    // The layers below it; arrows point down only.
    .target(
      name: "SnapshotRepository",
      dependencies: [
        "CSQLite", "SnapshotFormat", "ObjectStorage", "SystemIO",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "ChromaDB",
      dependencies: [
        "CPlatform", "CSQLite", "SystemIO",
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "ObjectStorage",
      dependencies: ["SystemIO", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    .target(
      name: "SnapshotFormat",
      dependencies: [
        "CKernels", "CZstd", "SystemIO",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .target(
      name: "ZipArchive",
      dependencies: ["CZlib", "SystemIO", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    .target(
      name: "SystemIO",
      dependencies: ["CKernels", "CPlatform", "CZlib", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    .target(name: "TOML", swiftSettings: strict),
    .target(name: "CPlatform", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CSQLite", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "CKernels"),

    // Tests. Those of the whole program are in Tests/EndToEnd.
    .target(name: "SeededNumbers", path: "Tests/SeededNumbers", swiftSettings: strict),
    .target(name: "KernelForms", dependencies: ["CKernels"], path: "Tests/KernelForms"),
    .testTarget(
      name: "SnapshotFormatTests",
      dependencies: [
        "CKernels", "CZlib", "KernelForms", "SeededNumbers", "SnapshotFormat", "SystemIO",
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ObjectStorageTests",
      dependencies: ["ObjectStorage", "SystemIO", .product(name: "SystemPackage", package: "swift-system")],
      swiftSettings: strict),
    .testTarget(
      name: "ChromaSnapTests",
      dependencies: [
        "ChromaSnap", "ChromaDB", "CPlatform", "SeededNumbers", "SnapshotRepository", "SnapshotFormat", "ObjectStorage",
        "SystemIO",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "ChromaSnapCommandsTests",
      dependencies: [
        "ChromaSnapCommands", "SnapshotRepository", "SystemIO", .product(name: "Logging", package: "swift-log"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "ChromaDBTestSupport",
      dependencies: ["ChromaDB", "SystemIO", .product(name: "SystemPackage", package: "swift-system")],
      path: "Tests/ChromaDBTestSupport", swiftSettings: strict),
    .executableTarget(
      name: "capture-folder",
      dependencies: [
        "ChromaDB", "ChromaDBTestSupport", "SystemIO", .product(name: "SystemPackage", package: "swift-system"),
      ],
      path: "Tests/Live/capture-folder", swiftSettings: strict),
    .testTarget(
      name: "ChromaDBTests",
      dependencies: [
        "ChromaDB", "ChromaDBTestSupport", "SystemIO", .product(name: "SystemPackage", package: "swift-system"),
      ],
      exclude: ["Fixtures"],
      swiftSettings: strict),
    .testTarget(
      name: "ZipArchiveTests",
      dependencies: [
        "SeededNumbers", "SystemIO", "ZipArchive", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .testTarget(name: "TOMLTests", dependencies: ["TOML"], swiftSettings: strict),

    // Libraries of the system.
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
  ]
)
