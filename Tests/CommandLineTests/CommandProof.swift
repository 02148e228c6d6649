/// How it is made sure that a command of the program, shown in a block of a document, does what the document says.
enum CommandProof: Sendable {
    /// It is run here, line by line as the document has it, in a folder with what it needs; it must end with one of these statuses.
    case run(statuses: Set<Int32>)
    /// It needs a live sensor, a privilege or a network: this file tests it, and holds this text.
    case elsewhere(file: String, text: String)

    /// The longest beginning of a command that is known says how it is proved.
    static let all: [(words: String, proof: CommandProof)] = [
        ("run", .elsewhere(file: "Tests/LiveTests/Site.swift", text: "\"run\"")),
        ("tap", .elsewhere(file: "Tests/LiveTests/TapTests.swift", text: "\"tap\"")),
        ("demo", .elsewhere(file: "Tests/CommandLineTests/CommandLineTests.swift", text: "\"demo\"")),
        ("status", .elsewhere(file: "Tests/LiveTests/CounterTests.swift", text: "\"status\"")),
        ("top", .elsewhere(file: "Tests/CommandLineTests/TopCommandTests.swift", text: "\"top\"")),
        ("metrics", .elsewhere(file: "Tests/LiveTests/CounterTests.swift", text: "\"metrics\"")),
        ("reload", .elsewhere(file: "Tests/LiveTests/FaultTests.swift", text: "\"reload\"")),
        ("rollback", .elsewhere(file: "Tests/LiveTests/SwitchTests.swift", text: "\"rollback\"")),
        ("upgrade", .elsewhere(file: "Tests/LiveTests/RestartTests.swift", text: "\"upgrade\"")),
        ("kill-switch", .elsewhere(file: "Tests/LiveTests/StatusPageTests.swift", text: "\"kill-switch\"")),
        ("pass", .elsewhere(file: "Tests/LiveTests/SwitchTests.swift", text: "\"pass\"")),
        ("rules apply", .elsewhere(file: "Tests/LiveTests/Site.swift", text: "\"apply\"")),
        ("rules remove", .elsewhere(file: "Tests/LiveTests/ClientTests.swift", text: "\"remove\"")),
        ("rules show", .run(statuses: [0])),
        ("replay", .run(statuses: [0])),
        ("doctor", .elsewhere(file: "Tests/LiveTests/DoctorTests.swift", text: "\"doctor\"")),
        ("config check", .run(statuses: [0])),
        ("config show", .run(statuses: [0])),
        ("config schema", .run(statuses: [0])),
        ("list keygen", .run(statuses: [0])),
        ("list build", .run(statuses: [0])),
        ("list check", .run(statuses: [0])),
        ("list info", .run(statuses: [0])),
        ("list diff", .run(statuses: [0, 1])),
        ("list sign", .run(statuses: [0])),
        ("list verify", .run(statuses: [0])),
        ("list fetch", .elsewhere(file: "Tests/CommandLineTests/ListFetchCommandTests.swift", text: "\"fetch\"")),
        ("list approve", .elsewhere(file: "Tests/CommandLineTests/ListTrustCommandTests.swift", text: "\"approve\"")),
        ("list receipt", .elsewhere(file: "Tests/CommandLineTests/SelfCertificationTests.swift", text: "\"receipt\"")),
        ("selftest evasion", .run(statuses: [0])),
        ("selftest coverage", .elsewhere(file: "Tests/LiveTests/CoverageTests.swift", text: "\"coverage\"")),
        (
            "selftest certify",
            .elsewhere(file: "Tests/CommandLineTests/SelfCertificationTests.swift", text: "\"certify\"")
        ),
        (
            "selftest verify",
            .elsewhere(file: "Tests/CommandLineTests/SelfCertificationTests.swift", text: "\"verify\"")
        ),
        ("report export --schema", .run(statuses: [0])),
        ("report export", .elsewhere(file: "Tests/CommandLineTests/ReportExportTests.swift", text: "\"export\"")),
        ("report compare", .elsewhere(file: "Tests/CommandLineTests/ReportCompareTests.swift", text: "\"compare\"")),
        ("report", .elsewhere(file: "Tests/CommandLineTests/ReportCommandTests.swift", text: "\"report\"")),
        ("--version", .run(statuses: [0])),
        ("--generate-completion-script", .run(statuses: [0])),
    ]

    /// Lines of other programs that need what the commands before them leave, and the file that tries them.
    static let lines: [(text: String, file: String, proof: String)] = [
        // Without jq, which not every host has.
        ("jq -cj 'del(.signatures)'", "Tests/CommandLineTests/SelfCertificationTests.swift", "pop(\"signatures\")"),
        ("jq -r '.signatures[0].ed25519'", "Tests/CommandLineTests/SelfCertificationTests.swift", "[0][\"ed25519\"]"),
        ("openssl pkeyutl -verify", "Tests/CommandLineTests/SelfCertificationTests.swift", "openssl pkeyutl -verify"),
    ]

    /// What begins like a command between backticks, and is none.
    static let phrases: Set<String> = ["grindvakt signed receipt", "grindvakt signed certificate"]

    /// The proof of a command of the program, given the words behind the program's name.
    static func of(_ words: [String]) -> CommandProof? {
        let text = words.joined(separator: " ") + " "
        return all.filter { text.hasPrefix($0.words + " ") || text.hasPrefix($0.words + "=") }
            .max { $0.words.count < $1.words.count }?.proof
    }
}

/// Programs that documents show besides the project's own, and what of them is looked at.
enum ForeignProgram {
    /// Programs of the system whose work nobody here can break: they are looked at no further than for paths of the package.
    static let known: Set<String> = [
        "apt", "apt-get", "base64", "cat", "chgrp", "chmod", "chown", "cp", "curl", "debootstrap", "dig", "dpkg",
        "echo",
        "git",
        "gpg", "head", "install", "ip", "iptables", "journalctl", "jq", "kill", "less", "ls", "man", "mkdir", "mktemp",
        "mv",
        "nft", "openssl", "printf", "promtool", "ps", "rsync", "rm", "sed", "sha256sum", "sysctl", "systemd-analyze",
        "systemd-creds", "tail", "taplo", "tcpdump", "tee", "usermod", "cd", "sh", "for", "do", "done", "while", "if",
        "then",
        "fi", "read", "sleep", "conntrack", "docc", "valgrind", "tar", "touch", "diff", "grep", "awk", "sort",
    ]

    /// Where the package puts things, or the units make them: paths below the host's folders begin with one of these.
    static let paths: [String] = [
        "/etc/grindvakt", "/etc/default/grindvakt-fetch", "/etc/default/grindvakt-coverage", "/run/grindvakt",
        "/var/lib/grindvakt",
        "/usr/share/grindvakt",
        "/usr/share/doc/grindvakt", "/usr/local/share/grindvakt", "/var/lib/prometheus/node-exporter/grindvakt.prom",
        "/var/lib/grindvakt-fetch",
    ]
}
