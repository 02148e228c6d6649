package import Blocklists
package import NetfilterRules

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

    /// Whether workers go before all other threads of their processors while they have little to do, where the system lets them.
    package var isRealTime = true

    /// Whether the sensor takes from itself what it needs no more once its sockets are open.
    package var isConfined = true

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

    /// What the kernel does with packets for which a queue has no room, where that is configured.
    var overload: FailureAction?

    /// What the kernel does with packets for which a queue has no room; as ``failOpen`` says where nothing else is configured.
    package var onOverload: FailureAction { overload ?? (failOpen ? .accept : .drop) }

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

    /// Which figures are kept over time, and where.
    package var statistics = Statistics()

    /// How the sensor logs.
    package var log = Log()

    /// The netfilter rules that feed the queues.
    package var rules = RuleSet()

    /// What of its files is read all the same, but should be written in another way: keys by former names.
    package internal(set) var remarks: [ConfigurationError] = []

    /// Where the metrics socket is unless configured otherwise.
    package static let defaultSocket = "/run/grindvakt/metrics.sock"

    /// What the list of endpoints is called in counters; no other list may have the name.
    package static let endpointsID = "doh-endpoints"

    /// The defaults.
    package init() {}

    /// Reads a configuration of one file.
    ///
    /// - Parameters:
    ///   - text: the file's text (TOML 1.0).
    ///   - path: the file's path; other files are relative to its folder.
    /// - Throws: ``ConfigurationError`` for the fault that comes first in the file; unknown keys are faults.
    package init(text: String, path: String) throws(ConfigurationError) {
        self = try ConfigurationReading([ConfigurationFileText(path: path, text: text)]).get()
    }

    /// Puts into the rules what other tables say of them.
    mutating func completeRules() {
        rules.queues = queues
        rules.failOpen = failOpen
        rules.dns = inspectsDNS
        rules.dnsAnswers = inspectsDNSAnswers
        rules.tls = inspectsTLS
        rules.quic = inspectsQUIC
        rules.http = inspectsHTTP
        rules.encryptedDNS = countsEncryptedDNS
    }

    /// Reads "FIRST:LAST" or one number.
    package static func queueRange(_ text: String) -> ClosedRange<UInt16>? {
        // Of signs and of other digits UInt16 knows as well.
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x3A }) else { return nil }
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt16($0) }
        switch (numbers.count, numbers.first ?? nil, numbers.last ?? nil) {
        case (1...2, let first?, let last?) where first <= last: return first...last
        default: return nil
        }
    }

    /// Queues as ``queueRange(_:)`` reads them: one number, or "FIRST:LAST".
    package static func text(of queues: ClosedRange<UInt16>) -> String {
        queues.count == 1 ? "\(queues.lowerBound)" : "\(queues.lowerBound):\(queues.upperBound)"
    }
}
