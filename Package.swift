// swift-tools-version: 6.3

import PackageDescription

/// The product's targets, floor by floor; an arrow may only point down.
///
/// `Tests/LayeringTests` reads this manifest and the import lines and fails on an arrow that points up.
let package = Package(
    name: "grindvakt",
    products: [
        .executable(name: "grindvakt", targets: ["grindvakt"])
    ],
    traits: [],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        // Signatures and digests of lists; the evasion cases seal their own QUIC Initials with it.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        // PEM and DER of signing keys.
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        // SQLite, in which figures outlast the process.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Runs ip, iptables, nft and the demo's clients; Foundation.Process would bring all of Foundation in.
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
    ],
    targets: [
        // Floor 5: command line, configuration, signals.
        .executableTarget(
            name: "grindvakt",
            dependencies: [
                "Wire", "Telemetry", "Blocklists", "Inspection", "NetfilterQueue", "CaptureFiles", "LiveCapture",
                "ListFiles", "ListFetch", "Figures", "Statistics",
                "Responses", "ControlSocket", "Handover", "LiveView", "OperationLog", "NetfilterRules",
                "SensorConfiguration", "HostChecks", "Confinement",
                "Reports", "PrometheusQueries", "BenchmarkRecords", "CoverageProbes",
                "NetworkLab", "EvasionCases",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            // A program that starts a sixth faster: nothing is exported from it, since nobody links against it, and lld lays it out
            // in fewer pages that the start writes to. Relative relocations are packed (glibc 2.36 and later).
            linkerSettings: [
                .unsafeFlags(
                    [
                        "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "-z", "-Xlinker",
                        "pack-relative-relocs",
                    ],
                    .when(configuration: .release)
                )
            ]
        ),

        // Floor 4: adapters; the only targets with syscalls.
        .target(
            name: "NetfilterQueue",
            dependencies: ["CNetfilterQueue", "Wire", "Blocklists", "Inspection", "Telemetry", "Responses"]
        ),
        .target(name: "Handover", dependencies: ["CHandover"]),
        .target(name: "Responses", dependencies: ["Wire", "Blocklists", "Inspection", "Telemetry", "HTMLPages"]),
        .target(name: "Confinement", dependencies: ["CConfinement"]),
        .target(name: "CaptureFiles", dependencies: ["CPcap", "Wire", "Blocklists", "Inspection", "Telemetry"]),
        .target(
            name: "LiveCapture",
            dependencies: ["CPcap", "CaptureFiles", "Blocklists", "Inspection", "Telemetry"]
        ),
        .target(
            name: "ListFiles",
            dependencies: [
                "CIDN2", "CZlib", "CXXHash", "Wire", "Telemetry", "Blocklists",
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
            ]
        ),
        .target(
            name: "ListFetch",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(
            name: "StatusPage",
            // The digests by which the page's own script and style are let through.
            dependencies: ["HTMLPages", "Telemetry", .product(name: "Crypto", package: "swift-crypto")],
            resources: [
                .embedInCode("Page/page.html"), .embedInCode("Page/page.css"), .embedInCode("Page/page.js"),
            ]
        ),
        .target(
            name: "ControlSocket",
            dependencies: [
                "CZlib", "Telemetry", "StatusPage",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .target(
            name: "OperationLog",
            dependencies: ["Telemetry", .product(name: "Logging", package: "swift-log")]
        ),
        .target(name: "NetfilterRules", dependencies: [.product(name: "Subprocess", package: "swift-subprocess")]),
        .target(
            name: "SensorConfiguration",
            dependencies: [
                "Wire", "Telemetry", "Figures", "Blocklists", "NetfilterRules", "OperationLog",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "TOMLKit", package: "TOMLKit"),
            ]
        ),
        .target(
            name: "HostChecks",
            dependencies: [
                "Telemetry", "Blocklists", "NetfilterQueue", "ListFiles", "ControlSocket", "NetfilterRules",
                "Confinement",
                "SensorConfiguration", .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(name: "LiveView", dependencies: ["ControlSocket", "Figures", "Telemetry"]),
        .target(
            name: "Reports",
            // The digest by which a page's own style is let through.
            dependencies: ["Figures", "HTMLPages", "Telemetry", .product(name: "Crypto", package: "swift-crypto")],
            resources: [.embedInCode("Page/report.html"), .embedInCode("Page/report.css")]
        ),
        .target(
            name: "PrometheusQueries",
            dependencies: [
                "Figures", "Telemetry", .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),
        .target(
            name: "Statistics",
            dependencies: ["Telemetry", "Figures", .product(name: "GRDB", package: "GRDB.swift")]
        ),
        // TestSupport makes the hellos and Initials that probes send.
        .target(name: "CoverageProbes", dependencies: ["Wire", "Telemetry", "Figures", "ListFiles", "TestSupport"]),
        .target(
            name: "NetworkLab",
            dependencies: [
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "SystemPackage", package: "swift-system"),
            ]
        ),

        // Floor 3: the engine; a packet and a time go in, a decision comes out.
        .target(name: "Inspection", dependencies: ["Blocklists", "CPrefetch", "QUICProtection", "Telemetry", "Wire"]),

        // Floor 2: lists and matching; the keys of QUIC Initials.
        .target(name: "Blocklists", dependencies: ["CPrefetch", "Wire"]),
        .target(name: "QUICProtection", dependencies: ["CCrypto", "Wire"]),
        // Figures of a period, which stores keep and reports are made of: values, and the calendar.
        .target(name: "Figures", dependencies: ["Telemetry"]),
        // Benchmark records: what leaves an operator of a day's figures, and members side by side.
        .target(
            name: "BenchmarkRecords",
            dependencies: ["Figures", "Telemetry"],
            resources: [.embedInCode("Schema/benchmark-record-v1.schema.json")]
        ),

        // Floor 1: pure formats; pure counters and exposition.
        .target(name: "Wire"),
        .target(name: "Telemetry"),
        // What the pages have in common: text as HTML, and how they look.
        .target(name: "HTMLPages", resources: [.embedInCode("Page/base.css")]),

        // Floor 0: system libraries.
        // No library: the one instruction that Swift cannot say, for lookups that wait for memory side by side.
        .systemLibrary(name: "CPrefetch"),
        .systemLibrary(name: "CHandover"),
        .systemLibrary(
            name: "CNetfilterQueue",
            pkgConfig: "libnetfilter_queue",
            providers: [.apt(["libnetfilter-queue-dev", "libmnl-dev"])]
        ),
        // swift-crypto makes objects anew for each key, which a packet would pay for: OpenSSL's contexts are made once.
        .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CPcap", pkgConfig: "libpcap", providers: [.apt(["libpcap-dev"])]),
        .systemLibrary(name: "CIDN2", pkgConfig: "libidn2", providers: [.apt(["libidn2-dev"])]),
        .systemLibrary(name: "CConfinement", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),

        // Tests: most targets have their own; CommandLineTests and LiveTests try the program, LayeringTests the rules of the house.
        .target(
            name: "TestSupport",
            dependencies: [
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            path: "Tests/TestSupport"
        ),
        // What `grindvakt selftest evasion` tries: test support that the program carries along.
        .target(
            name: "EvasionCases",
            dependencies: [
                "CaptureFiles", "Inspection", "Blocklists", "Telemetry", "Wire", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ],
            path: "Tests/EvasionCases"
        ),
        .testTarget(
            name: "EvasionCasesTests",
            dependencies: ["EvasionCases", "CaptureFiles", "Inspection", "Blocklists", "TestSupport"]
        ),
        .testTarget(
            name: "ResponsesTests",
            dependencies: [
                "Responses", "Inspection", "Blocklists", "Telemetry", "Wire", "TestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(name: "WireTests", dependencies: ["Wire", "TestSupport"]),
        .testTarget(name: "TelemetryTests", dependencies: ["Telemetry", "NetworkLab", "TestSupport"]),
        .testTarget(name: "FiguresTests", dependencies: ["Figures"]),
        .testTarget(
            name: "StatisticsTests",
            dependencies: [
                "Statistics", "Figures", "Telemetry", "TestSupport", .product(name: "GRDB", package: "GRDB.swift"),
            ]
        ),
        .testTarget(
            name: "ReportsTests",
            dependencies: ["Reports", "Figures", "Telemetry", "NetworkLab", "TestSupport"],
            exclude: ["Golden"]
        ),
        .testTarget(
            name: "PrometheusQueriesTests",
            dependencies: ["PrometheusQueries", "Figures", "Telemetry", "NetworkLab", "TestSupport"]
        ),
        .testTarget(
            name: "BenchmarkRecordsTests",
            dependencies: [
                "BenchmarkRecords", "Figures", "Telemetry", "TestSupport",
                .product(name: "Subprocess", package: "swift-subprocess"),
            ],
            exclude: ["Golden"]
        ),
        .testTarget(name: "BlocklistsTests", dependencies: ["Blocklists", "Wire", "TestSupport"]),
        .testTarget(
            name: "QUICProtectionTests",
            dependencies: [
                "QUICProtection", "Wire", "TestSupport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]
        ),
        .testTarget(
            name: "InspectionTests",
            dependencies: ["Inspection", "Blocklists", "Telemetry", "Wire", "TestSupport", "QUICProtection"]
        ),
        .testTarget(
            name: "NetfilterQueueTests",
            dependencies: ["NetfilterQueue", "Responses", "Inspection", "Blocklists", "Wire", "TestSupport"]
        ),
        .testTarget(
            name: "CaptureFilesTests",
            dependencies: ["CaptureFiles", "Inspection", "Blocklists", "Wire", "TestSupport"]
        ),
        .testTarget(
            name: "LiveCaptureTests",
            dependencies: [
                "LiveCapture", "CaptureFiles", "Inspection", "Blocklists", "Telemetry", "Wire", "TestSupport",
            ]
        ),
        .testTarget(
            name: "ListFilesTests",
            dependencies: [
                "ListFiles", "Blocklists", "Telemetry", "Wire", "TestSupport", "CZlib",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Subprocess", package: "swift-subprocess"),
            ]
        ),
        .testTarget(
            name: "ListFetchTests",
            dependencies: ["ListFetch", "TestSupport", .product(name: "Subprocess", package: "swift-subprocess")]
        ),
        .testTarget(name: "HandoverTests", dependencies: ["Handover", "TestSupport"]),
        .testTarget(
            name: "ControlSocketTests",
            dependencies: [
                "ControlSocket", "Telemetry", "NetworkLab", "TestSupport",
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        .testTarget(
            name: "CoverageProbesTests",
            dependencies: ["CoverageProbes", "Wire", "Telemetry", "Figures", "ListFiles", "TestSupport"]
        ),
        .testTarget(name: "LiveViewTests", dependencies: ["LiveView", "ControlSocket", "TestSupport"]),
        .testTarget(
            name: "StatusPageTests",
            dependencies: [
                "HTMLPages", "StatusPage", "Telemetry", .product(name: "Crypto", package: "swift-crypto"),
            ]
        ),
        .testTarget(
            name: "OperationLogTests",
            dependencies: ["OperationLog", .product(name: "Logging", package: "swift-log")]
        ),
        .testTarget(name: "NetfilterRulesTests", dependencies: ["NetfilterRules", "NetworkLab"]),
        .testTarget(
            name: "SensorConfigurationTests",
            dependencies: ["SensorConfiguration", "Figures", "NetfilterRules", "Blocklists", "Wire", "TestSupport"]
        ),
        .testTarget(
            name: "HostChecksTests",
            dependencies: [
                "HostChecks", "Confinement", "ControlSocket", "NetfilterQueue", "NetfilterRules", "SensorConfiguration",
                "Telemetry", "TestSupport",
            ]
        ),
        .testTarget(
            name: "CommandLineTests",
            dependencies: [
                "grindvakt", "Figures", "BenchmarkRecords", "Telemetry",
                .product(name: "Subprocess", package: "swift-subprocess"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        .testTarget(
            name: "LiveTests",
            dependencies: [
                "TestSupport", "NetworkLab", "grindvakt", "EvasionCases", "Inspection", "Blocklists", "ListFiles",
                "Telemetry", "Figures", "Statistics",
            ]
        ),
        .testTarget(name: "ConfinementTests", dependencies: ["Confinement"]),
        .testTarget(name: "LayeringTests"),
    ],
    swiftLanguageModes: [.v6]
)

// What `make bench`, `bench-lists` and `bench-statistics` measure; the product needs none of it.
if Context.environment["GRINDVAKT_BENCHMARKS"] != nil {
    package.targets += [
        .target(
            name: "Workloads",
            dependencies: [
                "Wire", "Blocklists", "QUICProtection", "Inspection", "Telemetry", "Responses", "ListFiles",
                "TestSupport",
            ],
            path: "Benchmarks/Workloads"
        ),
        .executableTarget(name: "Cost", dependencies: ["Workloads"], path: "Benchmarks/Cost"),
        .executableTarget(
            name: "ListCost",
            dependencies: ["Wire", "Blocklists", "ListFiles"],
            path: "Benchmarks/ListCost"
        ),
        .executableTarget(
            name: "StatisticsCost",
            dependencies: ["Statistics", "Figures", "Telemetry", .product(name: "GRDB", package: "GRDB.swift")],
            path: "Benchmarks/StatisticsCost"
        ),
    ]
}

// `make bench` alone measures time: its harness is fetched and built for nothing else.
if Context.environment["GRINDVAKT_BENCHMARKS"] == "timed" {
    package.dependencies.append(
        // Without its traits, which put libraries of their own before malloc and the runtime.
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: [])
    )
    package.targets.append(
        .executableTarget(
            name: "FloorBenchmarks",
            dependencies: ["Workloads", .product(name: "Benchmark", package: "benchmark")],
            path: "Benchmarks/FloorBenchmarks",
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]
        )
    )
}

for target in package.targets where target.type != .system {
    target.swiftSettings = [
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableExperimentalFeature("Lifetimes"),
    ]
}

// libFuzzer targets, one for each way in; `make fuzz` builds and runs them.
if Context.environment["GRINDVAKT_FUZZING"] != nil {
    let instrumented = [
        "Wire", "Telemetry", "Blocklists", "QUICProtection", "Inspection", "NetfilterQueue", "CaptureFiles",
        "ListFiles", "Responses", "SensorConfiguration", "Figures", "BenchmarkRecords", "Handover", "CoverageProbes",
    ]
    for target in package.targets where instrumented.contains(target.name) {
        target.swiftSettings?.append(.unsafeFlags(["-sanitize=fuzzer,address", "-enable-testing"]))
    }
    package.targets.append(.target(name: "FuzzingDriver", path: "Tests/Fuzzing/Driver"))
    for name in [
        "IPPacket", "UDPDatagram", "TCPSegment", "DNSMessage", "TLSRecord", "TLSClientHello", "DomainNameText",
        "DomainsFormat", "NetlinkMessages", "Inspector", "QUICInitialPacket", "QUICFrame", "QUICProtection",
        "HTTPRequestHead", "HTTP2Frame", "HPACK", "Encapsulations", "StreamAssembler", "FragmentAssembler",
        "CaptureFile", "ListFormats", "ListName", "SignedStatement", "Snapshot", "PacketComposer", "FieldRange",
        "ListenAddress", "BenchmarkRecord", "HandoverMessage", "PoolRecord", "Configuration",
        "StateFiles", "ProbeReply",
    ] {
        package.targets.append(
            .executableTarget(
                name: "Fuzz\(name)",
                dependencies: [
                    "FuzzingDriver", "Wire", "Blocklists", "QUICProtection", "Inspection", "NetfilterQueue",
                    "CaptureFiles", "ListFiles", "Responses", "Telemetry", "SensorConfiguration", "BenchmarkRecords",
                    "Handover", "CoverageProbes",
                ],
                path: "Tests/Fuzzing/\(name)",
                exclude: ["Seeds"],
                swiftSettings: [.unsafeFlags(["-parse-as-library"])],
                // SwiftPM names the entry with a --defsym that the default linker does not get along with here.
                linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]
            )
        )
    }
}
