import FoundationEssentials

/// A command that a document shows.
struct ShownCommand: Sendable, CustomStringConvertible {
    /// The document, below the package's root.
    let document: String

    /// Its line there.
    let number: Int

    /// What is shown, lines that go on joined.
    let text: String

    /// Whether it stands in a line of text, rather than in a block of its own.
    let isInline: Bool

    var description: String { "\(document):\(number): \(text)" }
}

/// The documents, and what they show.
enum Documents {
    private static let root = Program.packageRoot()

    /// The documents whose commands are tried: all there are but the benchmarks' own.
    static let paths: [String] = {
        let folder = "Sources/grindvakt/Grindvakt.docc"
        let pages = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"]
            + pages.filter { $0.hasSuffix(".md") }.sorted().map { "\(folder)/\($0)" }
    }()

    /// A document's text.
    static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data(), as: UTF8.self)
    }

    /// The languages of blocks that hold no commands.
    static let otherLanguages: Set<String> = ["toml", "text", "json", "yaml", "haproxy", "promql", "swift", "ini"]

    /// Blocks in no language, or in one that is not known: their first lines.
    static func unknownBlocks(in path: String) -> [Int] {
        blocks(of: path).compactMap { block in
            block.language == "sh" || block.language == "console" || otherLanguages.contains(block.language)
                ? nil : block.number
        }
    }

    /// The commands of a document, in their order.
    static func commands(in path: String) -> [ShownCommand] {
        var commands: [ShownCommand] = []
        for block in blocks(of: path) where block.language == "sh" || block.language == "console" {
            var pending: (number: Int, text: String)?
            for (offset, line) in block.lines.enumerated() {
                var text = line
                if block.language == "console", pending == nil {
                    guard let prompt = ["$ ", "# "].first(where: text.hasPrefix) else { continue }
                    text = String(text.dropFirst(prompt.count))
                }
                let joined = (pending?.text ?? "") + text.drop { $0 == " " }
                let number = pending?.number ?? block.number + 1 + offset
                if joined.hasSuffix("\\") {
                    pending = (number, String(joined.dropLast()))
                } else {
                    pending = nil
                    if joined.isEmpty == false, joined.hasPrefix("#") == false {
                        commands.append(ShownCommand(document: path, number: number, text: joined, isInline: false))
                    }
                }
            }
        }
        return commands + inlineCommands(in: path)
    }

    /// What stands in a line of text between backticks and begins like a command of the project.
    private static func inlineCommands(in path: String) -> [ShownCommand] {
        var commands: [ShownCommand] = []
        var isBlock = false
        for (index, line) in text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isBlock.toggle() }
            guard isBlock == false else { continue }
            for (place, part) in line.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
                guard place % 2 == 1, part.hasPrefix("grindvakt ") || part.hasPrefix("make ") || part.hasPrefix("sudo ")
                else { continue }
                commands.append(ShownCommand(document: path, number: index + 1, text: String(part), isInline: true))
            }
        }
        return commands
    }

    private struct Block {
        var language: String
        var number: Int
        var lines: [String] = []
    }

    /// The fenced blocks of a document, and those that four blanks make, which are commands.
    private static func blocks(of path: String) -> [Block] {
        var blocks: [Block] = []
        var open: Block?
        var indent = 0
        var isBlank = true
        var isIndented = false
        for (index, line) in text(path).split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " }
            if content.hasPrefix("```") {
                if let block = open {
                    blocks.append(block)
                    open = nil
                } else {
                    indent = line.count - content.count
                    open = Block(language: String(content.dropFirst(3)), number: index + 1)
                }
            } else if open != nil {
                open?.lines.append(String(line.dropFirst(min(indent, line.count - content.count))))
            } else if line.hasPrefix("    "), content.isEmpty == false, isBlank || isIndented {
                // A line each, as one that goes on ends in a backslash.
                if isBlank { blocks.append(Block(language: "sh", number: index)) }
                blocks[blocks.count - 1].lines.append(String(line.dropFirst(4)))
            }
            isIndented = line.hasPrefix("    ") && open == nil && (isBlank || isIndented)
            isBlank = content.isEmpty
        }
        return blocks
    }
}
