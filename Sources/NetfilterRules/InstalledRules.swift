import Glibc

/// The rules of a network namespace: shows, applies and removes ours.
///
/// Marks stay on the connections that were decided while the rules were there, until the connections end. Without our
/// rules nobody reads them.
package struct InstalledRules: Sendable {
    /// The front end that applies rules.
    package let backend: RuleBackend

    private let nft: Program
    private let families: [IPTablesFamily]

    /// One text for one program, as it would be fed to it.
    package struct Text: Sendable, Hashable {
        /// The program and its arguments: `iptables-restore -w --noflush`, say.
        package var command: String
        /// What the program reads from standard input.
        package var input: String
    }

    /// The rules as `backend` sees them.
    ///
    /// - Parameters:
    ///   - backend: the front end that applies rules.
    ///   - namespace: the network namespace, by its name in `ip netns`; nil is the one of this process.
    package init(backend: RuleBackend, namespace: String? = nil) {
        self.backend = backend
        nft = Program(name: "nft", namespace: namespace)
        // SAFETY: the path is a literal that lives through the call.
        let hasIPv6 = unsafe access("/proc/net/if_inet6", F_OK) == 0
        families = (hasIPv6 ? IPTablesProgram.allCases : [.iptables]).map { IPTablesFamily($0, namespace) }
    }

    /// The front end to use where nobody chose: nft where it is installed and this kernel knows its queue statement,
    /// else iptables.
    package static func defaultBackend() async -> RuleBackend {
        let probe = try? await Program(name: "nft").run(["--check", "-f", "-"], input: NFTRules.probe)
        return probe?.isSuccess == true ? .nft : .iptables
    }

    /// The texts that `apply` would feed now; where the present rules cannot be read, those for a host without any.
    ///
    /// - Throws: `RulesError.invalid` for a rule set that cannot be written as rules.
    package func texts(applying rules: RuleSet) async throws -> [Text] {
        try rules.validate()
        switch backend {
        case .nft:
            return [Text(command: "nft -f -", input: NFTRules.applying(rules))]
        case .iptables:
            var texts: [Text] = []
            for family in families {
                let existing = (try? await family.save.output([])) ?? ""
                let input = IPTablesRules.applying(rules, for: family.program, existing: existing)
                texts.append(Text(command: "\(family.restore.name) -w --noflush", input: input))
            }
            return texts
        }
    }

    /// Checks that the rules can be applied, and changes nothing.
    ///
    /// - Throws: `RulesError` as `apply` does.
    package func check(_ rules: RuleSet) async throws {
        try rules.validate()
        try await refuseMarkConflicts(rules.mark)
        switch backend {
        case .nft:
            let result = try await nft.run(["--check", "-f", "-"], input: NFTRules.applying(rules))
            guard !result.isSuccess else { return }
            let error = nft.error(result)
            let probe = try await nft.run(["--check", "-f", "-"], input: NFTRules.probe)
            if case .refused = error, !probe.isSuccess {
                throw RulesError.missingQueueStatement
            }
            throw error
        case .iptables:
            for family in families {
                let existing = try await family.save.output([])
                let text = IPTablesRules.applying(rules, for: family.program, existing: existing)
                try await family.restore.output(["-w", "--noflush", "--test"], input: text)
            }
        }
    }

    /// Puts the rules in place of earlier ones of ours; applying the same rules again changes nothing.
    ///
    /// Rules that the other front end applied earlier are removed, lest a packet be queued twice.
    /// - Throws: `RulesError`: an unsound rule set, a mark conflict with somebody else's rules, a missing program or
    ///   privilege, or a kernel that refuses the rules. In all of these cases the present rules stay as they were.
    package func apply(_ rules: RuleSet) async throws {
        try await check(rules)
        switch backend {
        case .nft:
            try await nft.output(["-f", "-"], input: NFTRules.applying(rules))
            if await families[0].save.isInstalled() {
                try await remove([.iptables])
            }
        case .iptables:
            var undo: [(IPTablesFamily, before: String)] = []
            for family in families {
                let before = try await family.save.output([])
                let text = IPTablesRules.applying(rules, for: family.program, existing: before)
                do {
                    try await family.restore.output(["-w", "--noflush"], input: text)
                    undo.append((family, before))
                } catch {
                    for (family, before) in undo where !IPTablesRules.areInstalled(in: before) {
                        try await family.removeRules()
                    }
                    throw error
                }
            }
            if await nft.isInstalled() {
                try await remove([.nft])
            }
        }
    }

    /// The texts that `remove` would feed now; none where no rules of ours are installed.
    ///
    /// - Parameter backends: the front ends to look at.
    /// - Returns: one text per program that has something to remove.
    /// - Throws: `RulesError` where a program refuses, or no front end is installed.
    package func texts(removing backends: [RuleBackend] = RuleBackend.allCases) async throws -> [Text] {
        let hasNFT = await nft.isInstalled()
        let hasIPTables = await families[0].save.isInstalled()
        if backends == [.nft], !hasNFT {
            throw RulesError.missingProgram(nft.name)
        }
        if backends == [.iptables], !hasIPTables {
            throw RulesError.missingProgram(families[0].save.name)
        }
        guard hasNFT || hasIPTables else { throw RulesError.missingProgram(families[0].save.name) }
        var texts: [Text] = []
        if backends.contains(.nft), hasNFT, try await hasNFTTable() {
            texts.append(Text(command: "nft -f -", input: NFTRules.removing))
        }
        if backends.contains(.iptables) {
            for family in families where await family.save.isInstalled() {
                let input = IPTablesRules.removing(existing: try await existingRules(family))
                if !input.isEmpty {
                    texts.append(Text(command: "\(family.restore.name) -w --noflush", input: input))
                }
            }
        }
        return texts
    }

    /// Removes our rules, whichever front end applied them; other rules stay untouched.
    ///
    /// Where nothing of ours is installed nothing is fed: it would wake everybody who watches the rules. A built-in table
    /// of iptables that was first used by our rules stays, empty: iptables has no way to remove it.
    /// - Parameter backends: the front ends to look at.
    /// - Throws: `RulesError` where a program refuses, or no front end is installed.
    package func remove(_ backends: [RuleBackend] = RuleBackend.allCases) async throws {
        for text in try await texts(removing: backends) {
            let words = text.command.split(separator: " ").map(String.init)
            let program = Program(name: words[0], namespace: nft.namespace)
            try await program.output(Array(words.dropFirst()), input: text.input)
        }
    }

    private func hasNFTTable() async throws -> Bool {
        let list = try await nft.run(["list", "tables", "inet"])
        guard list.isSuccess else {
            // A kernel without nf_tables holds no table of ours.
            if case .refused = nft.error(list) { return false }
            throw nft.error(list)
        }
        return list.output.split(separator: "\n").contains("table inet \(NFTRules.table)")
    }

    /// The rules of one family; none where the kernel has no ip_tables.
    private func existingRules(_ family: IPTablesFamily) async throws -> String {
        let list = try await family.save.run([])
        if !list.isSuccess, case .refused = family.save.error(list) {
            return ""
        }
        guard list.isSuccess else { throw family.save.error(list) }
        return list.output
    }

    private func refuseMarkConflicts(_ mark: FlowMark) async throws {
        var uses: [MarkUse] = []
        for family in families {
            if backend == .iptables {
                uses += MarkScan.uses(iptables: try await family.save.output([]), origin: family.origin)
            } else if let text = try? await family.save.output([]) {
                uses += MarkScan.uses(iptables: text, origin: family.origin)
            }
        }
        if backend == .nft {
            uses += MarkScan.uses(nft: try await nft.output(["-n", "list", "ruleset"]))
        } else if let text = try? await nft.output(["-n", "list", "ruleset"]) {
            uses += MarkScan.uses(nft: text)
        }
        if let use = MarkScan.conflict(in: uses, mask: mark.mask) {
            throw RulesError.markConflict(use, mask: mark.mask, freeMask: MarkScan.freeMask(beside: uses))
        }
    }
}

/// The programs of iptables for one address family.
private struct IPTablesFamily: Sendable {
    let program: IPTablesProgram
    let save: Program
    let restore: Program

    var origin: String { program.rawValue }

    init(_ program: IPTablesProgram, _ namespace: String?) {
        self.program = program
        save = Program(name: "\(program.rawValue)-save", namespace: namespace)
        restore = Program(name: "\(program.rawValue)-restore", namespace: namespace)
    }

    func removeRules() async throws {
        let text = IPTablesRules.removing(existing: try await save.output([]))
        if !text.isEmpty {
            try await restore.output(["-w", "--noflush"], input: text)
        }
    }
}
