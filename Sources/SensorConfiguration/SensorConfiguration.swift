package import Blocklists
package import NetfilterRules
import TOMLKit

/// Everything an operator configures, checked.
package struct SensorConfiguration: Equatable, Sendable {
    /// A list as configured.
    package struct List: Equatable, Sendable {
        /// Its name in counters and output.
        package var id: String
        /// The file, absolute or relative to the working directory.
        package var path: String
        /// Its syntax.
        package var format: ListFormat
        /// Which names an entry stands for where it does not say.
        package var match: MatchKind
        /// What a match asks for.
        package var action: Action

        /// A list as configured.
        package init(id: String, path: String, format: ListFormat, match: MatchKind, action: Action) {
            self.id = id
            self.path = path
            self.format = format
            self.match = match
            self.action = action
        }
    }

    /// The queues, first to last, one worker each.
    package var queues: ClosedRange<UInt16> = 0...0

    /// Whether the kernel is to accept packets when a queue is full or nobody listens.
    package var failOpen = true

    /// The most packets that may wait in a queue.
    package var queueLength = 131_072

    /// Octets of each packet that the kernel copies to the sensor.
    package var copyRange = 65_531

    /// Octets of receive buffer asked for, for each queue.
    package var receiveBuffer = 32 << 20

    /// The most flows that are remembered, in all workers together.
    package var flows = 131_072

    /// Octets of memory for messages that are not complete yet, in all workers together.
    package var flowMemory = 64 << 20

    /// Whether names are read from DNS.
    package var inspectsDNS = true

    /// Whether names are read from DNS answers, where they are read from DNS.
    package var inspectsDNSAnswers = true

    /// Whether flows of encrypted DNS are counted.
    package var countsEncryptedDNS = true

    /// Whether `run` reads the packets inside tunnels. Their connections are never decided, so all of their packets stay in user space; a
    /// replay and a tap read them in any case.
    package var readsTunnels = false

    /// A file of endpoints of DNS over HTTPS, to which flows are counted.
    package var endpoints: String?

    /// Whether names are read from TLS.
    package var inspectsTLS = true

    /// Whether names are read from QUIC.
    package var inspectsQUIC = true

    /// Whether names are read from HTTP.
    package var inspectsHTTP = true

    /// The lists, in the order in which they apply.
    package var lists: [List] = []

    /// A file of names that are never blocked.
    package var allow: String?

    /// The metrics socket's path.
    package var socket = Self.defaultSocket

    /// The netfilter rules that feed the queues.
    package var rules = RuleSet()

    /// Where the metrics socket is unless configured otherwise.
    package static let defaultSocket = "/run/grindvakt/metrics.sock"

    /// What the list of endpoints is called in counters; no other list may have the name.
    package static let endpointsID = "doh-endpoints"

    /// The defaults.
    package init() {}

    /// Reads a configuration.
    ///
    /// - Parameters:
    ///   - text: the file's text (TOML 1.0).
    ///   - path: the file's path; other files are relative to its folder.
    /// - Throws: ``ConfigurationError`` for the first fault; unknown keys are faults.
    package init(text: String, path: String) throws(ConfigurationError) {
        let document = Document(path: path, text: text)
        try document.refuseHeadersWithoutName()
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(path: path, line: error.source.begin.line, error.description)
        } catch {
            throw ConfigurationError(path: path, line: nil, "not a TOML file")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var file = Section(document, table)
        if var section = try file.section("sensor") { try readSensor(&section) }
        if var section = try file.section("inspect") { try readInspect(&section, folder) }
        if var section = try file.section("rules") { try readRules(&section) }
        for var section in try file.sections("list") { try readList(&section, folder) }
        if var section = try file.section("allow") {
            allow = try section.string("path").map { Self.resolve($0, folder) }
            try section.refuseUnknownKeys()
            guard allow != nil else { throw section.error(nil, "[allow] needs a path") }
        }
        if var section = try file.section("metrics") {
            if let path = try section.string("socket") { socket = Self.resolve(path, folder) }
            try section.refuseUnknownKeys()
        }
        try file.refuseUnknownKeys()
        rules.queues = queues
        rules.failOpen = failOpen
        rules.dns = inspectsDNS
        rules.dnsAnswers = inspectsDNSAnswers
        rules.tls = inspectsTLS
        rules.quic = inspectsQUIC
        rules.http = inspectsHTTP
        rules.encryptedDNS = countsEncryptedDNS
    }

    private mutating func readSensor(_ section: inout Section) throws(ConfigurationError) {
        if let text = try section.string("queues") {
            guard let range = Self.queueRange(text) else {
                throw section.error(
                    "queues",
                    "queues must be \"FIRST:LAST\" with numbers from 0 to 65535, like \"0:1\""
                )
            }
            queues = range
        }
        failOpen = try section.bool("fail-open") ?? failOpen
        queueLength = try section.integer("queue-length", in: 16...1_000_000) ?? queueLength
        copyRange = try section.integer("copy-range", in: 128...65_531) ?? copyRange
        receiveBuffer = try section.integer("receive-buffer", in: 65_536...1 << 30) ?? receiveBuffer
        flows = try section.integer("flows", in: 1_024...100_000_000) ?? flows
        flowMemory = try section.integer("flow-memory", in: 1 << 20...1 << 36) ?? flowMemory
        if let mask = try section.integer("mark-mask", in: 0...Int(UInt32.max)) {
            guard let mark = FlowMark(mask: UInt32(mask)) else {
                throw section.error("mark-mask", "mark-mask needs two bits that nobody else uses, like 0x00030000")
            }
            rules.mark = mark
        }
        try section.refuseUnknownKeys()
    }

    private mutating func readInspect(_ section: inout Section, _ folder: String) throws(ConfigurationError) {
        inspectsDNS = try section.bool("dns") ?? inspectsDNS
        inspectsDNSAnswers = try section.bool("dns-answers") ?? inspectsDNSAnswers
        countsEncryptedDNS = try section.bool("encrypted-dns") ?? countsEncryptedDNS
        readsTunnels = try section.bool("tunnels") ?? readsTunnels
        endpoints = try section.string("doh-endpoints").map { Self.resolve($0, folder) }
        inspectsTLS = try section.bool("tls") ?? inspectsTLS
        inspectsQUIC = try section.bool("quic") ?? inspectsQUIC
        inspectsHTTP = try section.bool("http") ?? inspectsHTTP
        try section.refuseUnknownKeys()
    }

    private mutating func readRules(_ section: inout Section) throws(ConfigurationError) {
        rules.forwarded = try section.bool("forwarded") ?? rules.forwarded
        rules.received = try section.bool("received") ?? rules.received
        rules.generated = try section.bool("generated") ?? rules.generated
        if let ports = try section.integers("dns-ports", in: 1...65_535) { rules.dnsPorts = ports.map { UInt16($0) } }
        if let ports = try section.integers("tls-ports", in: 1...65_535) { rules.tlsPorts = ports.map { UInt16($0) } }
        if let ports = try section.integers("quic-ports", in: 1...65_535) { rules.quicPorts = ports.map { UInt16($0) } }
        if let ports = try section.integers("http-ports", in: 1...65_535) { rules.httpPorts = ports.map { UInt16($0) } }
        try section.refuseUnknownKeys()
    }

    private mutating func readList(_ section: inout Section, _ folder: String) throws(ConfigurationError) {
        let id = try section.string("id")
        let path = try section.string("path")
        let format = try section.choice("format", as: ListFormat.self) ?? .domains
        let match = try section.choice("match", as: MatchKind.self) ?? .subdomains
        let action = try section.choice("action", as: Action.self) ?? .drop
        // A key that is misspelt is told as such, rather than as one that is missing.
        try section.refuseUnknownKeys()
        guard let id else { throw section.error(nil, "[[list]] needs an id") }
        guard ListDescriptor.isValid(id: id) else {
            throw section.error("id", "id may hold only a-z, 0-9 and -, at most 64 of them")
        }
        guard id != Self.endpointsID else {
            throw section.error("id", "id \"\(id)\" stands for the endpoints of [inspect]; choose another")
        }
        guard lists.contains(where: { $0.id == id }) == false else {
            throw section.error("id", "id \"\(id)\" is used twice; each list needs its own")
        }
        guard let path else { throw section.error(nil, "[[list]] needs a path") }
        lists.append(
            List(id: id, path: Self.resolve(path, folder), format: format, match: match, action: action)
        )
    }

    /// Reads "FIRST:LAST" or one number.
    package static func queueRange(_ text: String) -> ClosedRange<UInt16>? {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) }
        switch (numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
        case (1...2, let first?, let last?) where first <= last: return first...last
        default: return nil
        }
    }

    private static func resolve(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : folder + path
    }
}
