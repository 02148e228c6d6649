package import Blocklists
package import NetfilterRules
import TOMLKit

/// Everything an operator configures, checked.
package struct SensorConfiguration: Equatable, Sendable {
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

    /// Whose signatures lists have to have.
    package var trust = Trust()

    /// What is asked of a list before it is acted upon.
    package var gates = Gates()

    /// How it answers in place of what it drops.
    package var responses = Responses()

    /// What becomes of packets that cannot be judged, whatever the lists ask for.
    package var unjudged: UnjudgedPackets = []

    /// What the kernel does with packets for which a queue has no room; as ``failOpen`` says where nothing else is configured.
    package var onOverload = FailureAction.accept

    /// Seconds after a change of the lists by which no connection goes on as earlier lists decided; zero where each goes on to its end.
    package var decisionLifetime = 0

    /// Where the sensor keeps what has to outlast it.
    package var state = State()

    /// How lists are fetched.
    package var fetch = Fetch()

    /// A file of names that are never blocked.
    package var allow: String?

    /// The metrics socket's path.
    package var socket = Self.defaultSocket

    /// Who may use the metrics socket, and where else the counters can be had.
    package var metrics = Metrics()

    /// How the sensor logs.
    package var log = Log()

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
    /// - Throws: ``ConfigurationError`` for the fault that comes first in the file; unknown keys are faults.
    package init(text: String, path: String) throws(ConfigurationError) {
        let document = Document(path: path, text: text)
        try document.refuseNUL()
        try document.refuseHeadersWithoutName()
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(path: path, line: error.source.begin.line, error.description)
        } catch {
            throw ConfigurationError(path: path, line: nil, "not a TOML file")
        }
        var file = Section(document, table)
        if var section = file.section("sensor") { readSensor(&section) }
        if var section = file.section("inspect") { readInspect(&section) }
        if var section = file.section("rules") { readRules(&section) }
        let trustSection = file.section("trust")
        if var section = trustSection { trust.read(&section) }
        if var section = file.section("gates") { gates.read(&section) }
        if var section = file.section("responses") { responses.read(&section) }
        if var section = file.section("state") { state.read(&section) }
        if var section = file.section("fetch") { fetch.read(&section) }
        var listSections = file.sections("list")
        for index in listSections.indices { readList(&listSections[index]) }
        if var section = file.section("allow") {
            allow = section.path("path")
            if section.refuseUnknownKeys() { section.noteMissing("path", "[allow] needs a path") }
        }
        if var section = file.section("metrics") {
            socket = section.path("socket") ?? socket
            metrics.read(&section)
            section.refuseUnknownKeys()
        }
        if var section = file.section("log") { log.read(&section) }
        file.refuseUnknownKeys()
        // What contradicts something elsewhere can be told only of what was read.
        if document.firstFault == nil, let trustSection { trust.check(trustSection) }
        if document.firstFault == nil { checkLists(listSections) }
        if let fault = document.firstFault { throw fault }
        rules.queues = queues
        rules.failOpen = failOpen
        rules.dns = inspectsDNS
        rules.dnsAnswers = inspectsDNSAnswers
        rules.tls = inspectsTLS
        rules.quic = inspectsQUIC
        rules.http = inspectsHTTP
        rules.encryptedDNS = countsEncryptedDNS
    }

    private mutating func readSensor(_ section: inout Section) {
        if let text = section.string("queues") {
            if let range = Self.queueRange(text) {
                queues = range
            } else {
                section.note("queues", "queues must be \"FIRST:LAST\" with numbers from 0 to 65535, like \"0:1\"")
            }
        }
        failOpen = section.bool("fail-open") ?? failOpen
        queueLength = section.integer("queue-length", in: 16...1_000_000) ?? queueLength
        copyRange = section.integer("copy-range", in: 128...65_531) ?? copyRange
        receiveBuffer = section.integer("receive-buffer", in: 65_536...1 << 30) ?? receiveBuffer
        flows = section.integer("flows", in: 1_024...100_000_000) ?? flows
        flowMemory = section.integer("flow-memory", in: 1 << 20...1 << 36) ?? flowMemory
        if let mask = section.integer("mark-mask", in: 0...Int(UInt32.max)) {
            if let mark = FlowMark(mask: UInt32(mask)) {
                rules.mark = mark
            } else {
                section.note("mark-mask", "mark-mask needs three bits that nobody else uses, like 0x00070000")
            }
        }
        decisionLifetime = section.integer("decision-lifetime", in: 0...86_400) ?? decisionLifetime
        onOverload = section.choice("on-overload", as: FailureAction.self) ?? (failOpen ? .accept : .drop)
        unjudged = Self.readUnjudged(&section)
        section.refuseUnknownKeys()
    }

    private mutating func readInspect(_ section: inout Section) {
        inspectsDNS = section.bool("dns") ?? inspectsDNS
        inspectsDNSAnswers = section.bool("dns-answers") ?? inspectsDNSAnswers
        countsEncryptedDNS = section.bool("encrypted-dns") ?? countsEncryptedDNS
        readsTunnels = section.bool("tunnels") ?? readsTunnels
        endpoints = section.path("doh-endpoints")
        inspectsTLS = section.bool("tls") ?? inspectsTLS
        inspectsQUIC = section.bool("quic") ?? inspectsQUIC
        inspectsHTTP = section.bool("http") ?? inspectsHTTP
        section.refuseUnknownKeys()
    }

    private mutating func readRules(_ section: inout Section) {
        rules.forwarded = section.bool("forwarded") ?? rules.forwarded
        rules.received = section.bool("received") ?? rules.received
        rules.generated = section.bool("generated") ?? rules.generated
        if let ports = section.integers("dns-ports", in: 1...65_535) { rules.dnsPorts = ports.map { UInt16($0) } }
        if let ports = section.integers("tls-ports", in: 1...65_535) { rules.tlsPorts = ports.map { UInt16($0) } }
        if let ports = section.integers("quic-ports", in: 1...65_535) { rules.quicPorts = ports.map { UInt16($0) } }
        if let ports = section.integers("http-ports", in: 1...65_535) { rules.httpPorts = ports.map { UInt16($0) } }
        section.refuseUnknownKeys()
    }

    /// Reads "FIRST:LAST" or one number.
    package static func queueRange(_ text: String) -> ClosedRange<UInt16>? {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) }
        switch (numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
        case (1...2, let first?, let last?) where first <= last: return first...last
        default: return nil
        }
    }
}
