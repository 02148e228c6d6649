import Testing

/// The floors of DESIGN: an arrow may only point down. A new target states its floor here and in the architecture page.
private let floors: [String: Int] = [
    "CNetfilterQueue": 0, "CPcap": 0, "CIDN2": 0, "CZlib": 0, "CXXHash": 0, "CCrypto": 0, "CPrefetch": 0,
    "CHandover": 0, "CConfinement": 0,
    "Wire": 1, "Telemetry": 1, "HTMLPages": 1,
    "Blocklists": 2, "QUICProtection": 2, "Figures": 2,
    "BenchmarkRecords": 2,
    "Inspection": 3,
    "NetfilterQueue": 4, "CaptureFiles": 4, "LiveCapture": 4, "ListFiles": 4, "ListFetch": 4, "ControlSocket": 4,
    "Handover": 4, "NetfilterRules": 4, "Responses": 4, "StatusPage": 4, "OperationLog": 4,
    "SensorConfiguration": 4,
    "HostChecks": 4,
    "Confinement": 4,
    "LiveView": 4,
    "Reports": 4, "PrometheusQueries": 4,
    "CoverageProbes": 4,
    "NetworkLab": 4,
    "Statistics": 4,
    "grindvakt": 5,
]

/// Arrows between adapters that are wanted: a configuration is made of what the adapters understand, a frame has the same link header
/// in a capture file and on the interface, and a worker answers for what it drops. The socket serves the page. The checks of a host look at what
/// the other adapters leave on it, and the live view is drawn from what the client of the socket reads. Records are made of figures.
private let arrowsWithinAFloor: [String: Set<String>] = [
    "SensorConfiguration": ["NetfilterRules", "OperationLog"], "LiveCapture": ["CaptureFiles"],
    "NetfilterQueue": ["Responses"], "ControlSocket": ["StatusPage"],
    "HostChecks": [
        "NetfilterQueue", "ListFiles", "ControlSocket", "NetfilterRules", "SensorConfiguration", "Confinement",
    ],
    "LiveView": ["ControlSocket"],
    "BenchmarkRecords": ["Figures"],
    "CoverageProbes": ["ListFiles"],
]

/// What a target must never see, besides what its floor rules out.
private let forbidden: [String: Set<String>] = [
    "Telemetry": ["Wire", "Blocklists", "Inspection"],
    "ControlSocket": ["Wire", "Blocklists", "Inspection", "NetfilterQueue", "ListFiles"],
    "Handover": ["Wire", "Blocklists", "Inspection", "NetfilterQueue", "ListFiles", "ControlSocket", "Telemetry"],
    "LiveView": ["Wire", "Blocklists", "Inspection", "NetfilterQueue", "ListFiles"],
    "StatusPage": ["Wire", "Blocklists", "Inspection", "NetfilterQueue", "ListFiles", "ControlSocket"],
    "Reports": ["Wire", "Blocklists", "Inspection"], "PrometheusQueries": ["Wire", "Blocklists", "Inspection"],
    "CaptureFiles": ["NetfilterQueue", "LiveCapture"],
    "CoverageProbes": ["Blocklists", "Inspection", "NetfilterQueue"],
    "Figures": ["Wire"], "BenchmarkRecords": ["Wire", "Blocklists"],
    "Statistics": ["Wire", "Blocklists", "Inspection"], "OperationLog": ["Wire", "Blocklists", "Inspection"],
    "LiveCapture": ["NetfilterQueue", "ListFiles"],
    "NetfilterQueue": ["ListFiles", "CaptureFiles", "LiveCapture"],
]

/// Files below floor 4 that may say `unsafe`, each with its reason.
private let unsafeFiles: [String: String] = [
    "Blocklists/WordBuffer.swift": "the blocklist's flat buffer, read without a reference count",
    "Blocklists/Slots.swift": "what a look-up writes many times, without a question who else holds it",
    "Inspection/AtomicWords.swift":
        "the attempts' words, which all workers change and which take memory only where they are used",
    "Inspection/FlatArray.swift":
        "the flow table's and the assembler's storage, which takes memory only where it is used",
    "QUICProtection/Libcrypto.swift": "the contexts of libcrypto, which are made once and used for each packet",
]

/// What lies below `Tests` and is part of the program all the same, and who alone carries it along.
private let carriedAlong: [String: Set<String>] = [
    "TestSupport": ["CoverageProbes"], "EvasionCases": ["grindvakt"],
]

@Suite("Layering")
struct LayeringTests {
    @Test(arguments: floors.keys.sorted())
    func `imports point down`(target: String) throws {
        let floor = try #require(floors[target])
        for file in try SourceTree.files(of: target) {
            for module in file.imports {
                if let carriers = carriedAlong[module] {
                    #expect(carriers.contains(target), "\(file.path) imports \(module)")
                }
                guard let other = floors[module] else { continue }
                let isAllowed = other < floor || arrowsWithinAFloor[target]?.contains(module) ?? false
                #expect(isAllowed, "\(file.path) imports \(module), which lies on floor \(other)")
                #expect(forbidden[target]?.contains(module) != true, "\(file.path) must not see \(module)")
            }
        }
    }

    @Test(arguments: floors.keys.sorted())
    func `the manifest's arrows point down`(target: String) throws {
        let floor = try #require(floors[target])
        for dependency in try SourceTree.manifestDependencies(of: target) {
            if let carriers = carriedAlong[dependency] {
                #expect(carriers.contains(target), "\(target) depends on \(dependency)")
            }
            guard let other = floors[dependency] else { continue }
            let isAllowed = other < floor || arrowsWithinAFloor[target]?.contains(dependency) ?? false
            #expect(isAllowed, "\(target) depends on \(dependency), which lies on floor \(other)")
        }
    }

    @Test func `every target has a floor`() throws {
        #expect(try Set(SourceTree.targets()) == Set(floors.keys))
    }

    @Test func `the manifest is read`() throws {
        #expect(
            try SourceTree.manifestDependencies(of: "Inspection") == [
                "Blocklists", "CPrefetch", "QUICProtection", "Telemetry", "Wire",
            ]
        )
        #expect(try SourceTree.manifestDependencies(of: "grindvakt").contains("NetfilterQueue"))
    }

    @Test(arguments: floors.keys.filter { (1...3).contains(floors[$0] ?? 0) }.sorted())
    func `floors one to three see neither Foundation nor a library of the adapters`(target: String) throws {
        // Cryptography below the adapters has this one place.
        let elsewhere: Set<String> = target == "QUICProtection" ? [] : ["CCrypto"]
        let allowed = Set(floors.keys).union(["Synchronization", "Glibc"]).subtracting(elsewhere)
        for file in try SourceTree.files(of: target) {
            #expect(Set(file.imports).subtracting(allowed).isEmpty, "\(file.path) imports \(file.imports)")
            let usesSystem = file.imports.contains("Glibc")
            #expect(usesSystem == false || unsafeFiles[file.path] != nil, "\(file.path) makes system calls")
        }
    }

    @Test(arguments: floors.keys.filter { (1...3).contains(floors[$0] ?? 0) }.sorted())
    func `unsafe code below floor four lies in the named files`(target: String) throws {
        for file in try SourceTree.files(of: target) where unsafeFiles[file.path] == nil {
            #expect(file.code.contains("unsafe") == false, "\(file.path) says unsafe")
            #expect(file.code.contains("@safe") == false, "\(file.path) says @safe")
        }
    }

    @Test(arguments: floors.keys.sorted())
    func `no file ends the process on its own or hides an error`(target: String) throws {
        for file in try SourceTree.files(of: target) {
            for word in ["fatalError(", "try!", "as!", "import Foundation\n"] {
                #expect(file.code.contains(word) == false, "\(file.path) says \(word)")
            }
        }
    }

    @Test func `the named files exist and are needed`() throws {
        for path in unsafeFiles.keys {
            let target = String(path.prefix { $0 != "/" })
            let file = try #require(try SourceTree.files(of: target).first { $0.path == path })
            #expect(file.code.contains("unsafe"))
        }
    }

    @Test(arguments: floors.keys.filter { floors[$0] != 0 }.sorted())
    func `every target has a page that says what it is for`(target: String) throws {
        let isProgram = target == "grindvakt"
        let path = isProgram ? "Grindvakt.docc/Grindvakt.md" : "\(target).docc/\(target).md"
        let title = isProgram ? "# Grindvakt" : "# ``\(target)``"
        let page = try SourceTree.text(of: "Sources/\(target)/\(path)")
        #expect(page.hasPrefix(title + "\n"), "Sources/\(target)/\(path) does not begin with \(title)")
    }

    @Test(arguments: floors.keys.filter { floors[$0] == 0 }.sorted())
    func `a header for Swift says at its top what it is for, and who alone imports it`(library: String) throws {
        let path = "Sources/\(library)/shim.h"
        let header = try SourceTree.text(of: path)
        #expect(header.hasPrefix("/*"), "\(path) does not begin with a comment")
        let comment = String(header.prefix { $0 != "#" })
        for target in floors.keys.sorted() {
            guard try SourceTree.manifestDependencies(of: target).contains(library) else { continue }
            #expect(comment.contains(target), "\(path) does not say that \(target) imports it")
        }
    }

    @Test func `the architecture page names every target`() throws {
        let page = try SourceTree.text(of: "Sources/grindvakt/Grindvakt.docc/Architecture.md")
        for target in Set(floors.keys).union(carriedAlong.keys).sorted() {
            #expect(page.contains("`\(target)`"), "Architecture.md does not name \(target)")
        }
    }
}
