import FoundationEssentials
import Testing

/// The project's own sources, as text.
enum SourceTree {
    struct File {
        /// The path below `Sources`.
        let path: String

        /// The text without comment lines.
        let code: String

        /// The modules it imports.
        var imports: [String] {
            code.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let index = words.firstIndex(of: "import"), index <= 2, words.count > index + 1 else {
                    return nil
                }
                return String(words[index + 1])
            }
        }
    }

    /// The package's root, found from this file's place.
    private static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

    /// The targets that have a folder.
    static func targets() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root + "/Sources")
    }

    /// The Swift files of a target.
    static func files(of target: String) throws -> [File] {
        try FileManager.default.subpathsOfDirectory(atPath: root + "/Sources/" + target)
            .filter { $0.hasSuffix(".swift") }
            .map { file in
                let lines = try text(of: "Sources/\(target)/\(file)").split(
                    separator: "\n",
                    omittingEmptySubsequences: false
                )
                let code = lines.filter { $0.drop { $0 == " " }.hasPrefix("//") == false }.joined(separator: "\n")
                return File(path: "\(target)/\(file)", code: code)
            }
    }

    /// The names in quotes between a target's `dependencies: [` and its closing bracket in the manifest.
    static func manifestDependencies(of target: String) throws -> [String] {
        let blocks = try text(of: "Package.swift").split(separator: "arget(")
        let wanted = "name: \"\(target)\""
        guard let block = blocks.first(where: { $0.drop { $0 == " " || $0 == "\n" }.hasPrefix(wanted) }) else {
            return []
        }
        guard let list = block.split(separator: "dependencies: [", maxSplits: 1).dropFirst().first else { return [] }
        let quoted = list.prefix { $0 != "]" }.split(separator: "\"", omittingEmptySubsequences: false)
        return quoted.enumerated().filter { $0.offset % 2 == 1 }.map { String($0.element) }
    }

    /// The text of a file, by its path below the package's root.
    static func text(of path: String) throws -> String {
        String(
            decoding: try #require(FileManager.default.contents(atPath: root + "/" + path), "\(path) is missing"),
            as: UTF8.self
        )
    }
}
