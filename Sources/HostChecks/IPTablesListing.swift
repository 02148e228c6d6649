import NetfilterRules

/// What `iptables-save` or `ip6tables-save` lists.
package struct IPTablesListing: Sendable, Equatable {
    /// One rule of a chain.
    package struct Rule: Sendable, Equatable {
        /// The rule's table.
        package var table: String
        /// The rule's chain.
        package var chain: String
        /// Its place in the chain, from 1.
        package var position: Int
        /// Its words after the chain's name.
        package var words: [String]

        /// What follows `option`; nil where it is not there.
        func value(of option: String) -> String? {
            guard let index = words.firstIndex(of: option), index + 1 < words.count else { return nil }
            return words[index + 1]
        }

        /// The target, or the chain that it goes to.
        var target: String? { value(of: "-j") ?? value(of: "-g") }

        /// The queues that it feeds.
        var queues: ClosedRange<UInt16>? {
            guard target == "NFQUEUE" else { return nil }
            let balance = value(of: "--queue-balance")?.split(separator: ":").map { UInt16($0) } ?? []
            if balance.count == 2, let first = balance[0], let last = balance[1], first <= last { return first...last }
            guard let number = UInt16(value(of: "--queue-num") ?? "0") else { return nil }
            return number...number
        }

        /// Whether it can be about packets that are queued: TCP and UDP.
        var mayMatchQueued: Bool {
            guard let index = words.firstIndex(of: "-p"), index + 1 < words.count else { return true }
            let isNegated = index > 0 && words[index - 1] == "!"
            return isNegated || ["tcp", "udp", "all", "0", "6", "17"].contains(words[index + 1])
        }
    }

    /// The program that lists it: `iptables`, `ip6tables`, `iptables-legacy`, ….
    package var program: String
    /// The policies of the built-in chains, by table and chain: `filter FORWARD`, say.
    var policies: [String: String] = [:]
    /// The chains of each table that somebody made, as `TABLE CHAIN`.
    package var chains: Set<String> = []
    /// The rules, in their order.
    package var rules: [Rule] = []

    /// Reads the program's output; what it does not know it passes over.
    ///
    /// - Parameters:
    ///   - text: the output.
    ///   - program: the name of the program that reads and changes these rules.
    package init(_ text: String, program: String) {
        self.program = program
        var table = ""
        var counts: [String: Int] = [:]
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = String(line.dropFirst())
            } else if line.hasPrefix(":") {
                let words = line.dropFirst().split(separator: " ")
                guard words.count >= 2 else { continue }
                if words[1] == "-" {
                    chains.insert("\(table) \(words[0])")
                } else {
                    policies["\(table) \(words[0])"] = String(words[1])
                }
            } else {
                let words = IPTablesLine.words(of: line)
                guard words.count >= 2, words[0] == "-A", table.isEmpty == false else { continue }
                let position = (counts["\(table) \(words[1])"] ?? 0) + 1
                counts["\(table) \(words[1])"] = position
                rules.append(
                    Rule(table: table, chain: words[1], position: position, words: Array(words.dropFirst(2)))
                )
            }
        }
    }

    /// The rules of one chain, in their order.
    func rules(_ table: String, _ chain: String) -> [Rule] {
        rules.filter { $0.table == table && $0.chain == chain }
    }
}

/// A jump from a built-in chain to one of ours, as rules of ours need it.
package struct WantedJump: Sendable, Equatable {
    /// The table.
    package var table: String
    /// The built-in chain.
    package var chain: String
    /// Our chain.
    package var target: String
    /// Whether it has to stand at the beginning of the chain, else at its end.
    package var isFirst: Bool

    /// The jumps in a text for `iptables-restore` that applies rules on a host without any.
    ///
    /// - Parameters:
    ///   - text: the text.
    ///   - prefix: what the names of our chains begin with.
    /// - Returns: the jumps, in their order.
    package static func all(in text: String, prefix: String) -> [WantedJump] {
        var table = ""
        var jumps: [WantedJump] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            let words = line.split(separator: " ").map(String.init)
            guard words.count >= 4, words[0] == "-A" || words[0] == "-I", words[1].hasPrefix(prefix) == false,
                let jump = words.firstIndex(of: "-j"), jump + 1 < words.count, words[jump + 1].hasPrefix(prefix)
            else { continue }
            jumps.append(
                WantedJump(table: table, chain: words[1], target: words[jump + 1], isFirst: words[0] == "-I")
            )
        }
        return jumps
    }
}
