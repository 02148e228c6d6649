/// A line for a shell as documents show it, taken apart as far as it takes to know its commands.
struct ShellLine {
    /// A command: its words without quotes, and without redirections and assignments.
    struct Command: Equatable {
        var words: [String] = []

        /// The words without `sudo`, `env` and what these are given.
        var program: [String] {
            var words = words[...]
            while let first = words.first {
                if first == "sudo" || first == "env" {
                    words = words.dropFirst()
                } else if first.contains("="), first.hasPrefix("-") == false,
                    first.contains("/") == false || first.hasPrefix("PATH=")
                {
                    words = words.dropFirst()
                } else {
                    break
                }
            }
            return Array(words)
        }
    }

    /// The commands, in their order; those of substitutions, too.
    private(set) var commands: [Command] = []

    /// Takes a line apart.
    init(_ text: String) {
        var rest = Array(text)[...]
        parse(&rest, until: nil)
    }

    private mutating func parse(_ rest: inout ArraySlice<Character>, until end: Character?) {
        var command = Command()
        var word: String?
        var isRedirected = false
        func closed(_ commands: inout [Command]) {
            if let word, isRedirected == false { command.words.append(word) }
            if word != nil { isRedirected = false }
            word = nil
            if command.words.isEmpty == false { commands.append(command) }
            command = Command()
        }
        func endWord() {
            if let word {
                if isRedirected { isRedirected = false } else { command.words.append(word) }
            }
            word = nil
        }
        while let character = rest.popFirst() {
            switch character {
            case end: return closed(&commands)
            case "'": word = (word ?? "") + Self.quoted(&rest, by: "'")
            case "\"": word = (word ?? "") + Self.quoted(&rest, by: "\"")
            case "\\": word = (word ?? "") + (rest.popFirst().map(String.init) ?? "")
            case "#" where word == nil: return closed(&commands)
            case "|", "&", ";":
                closed(&commands)
            case "<", ">":
                // A number before it is that of the descriptor.
                if word.map({ $0.allSatisfy(\.isNumber) }) ?? false { word = nil }
                endWord()
                while let next = rest.first, next == ">" || next == "&" || next == " " { rest.removeFirst() }
                if rest.first == "(" {
                    rest.removeFirst()
                    var inner = ShellLine("")
                    inner.parse(&rest, until: ")")
                    commands += inner.commands
                } else {
                    isRedirected = true
                }
            case "(" where word == nil:
                var inner = ShellLine("")
                inner.parse(&rest, until: ")")
                commands += inner.commands
            case "$" where rest.first == "(":
                rest.removeFirst()
                var inner = ShellLine("")
                inner.parse(&rest, until: ")")
                commands += inner.commands
                word = (word ?? "") + "$()"
            case " ", "\t": endWord()
            default: word = (word ?? "") + String(character)
            }
        }
        closed(&commands)
    }

    private static func quoted(_ rest: inout ArraySlice<Character>, by quote: Character) -> String {
        var text = ""
        while let character = rest.popFirst(), character != quote { text.append(character) }
        return text
    }
}
