package import Blocklists
package import Telemetry
package import Wire

/// Where in a protocol a name was read.
package enum NameSource: UInt8, CaseIterable, Sendable {
    /// The question of a DNS query.
    case query
    /// A target in a DNS answer.
    case answer
    /// The server name of a TLS or QUIC ClientHello.
    case hello
    /// The Host of an HTTP request.
    case host

    /// The word for replay output.
    package var label: StaticString {
        switch self {
        case .query: "query"
        case .answer: "answer"
        case .hello: "hello"
        case .host: "host"
        }
    }
}

/// One name that a packet completed, and what the lists say of it.
package struct Finding: Sendable {
    /// The protocol the name was read from.
    package fileprivate(set) var inspectedProtocol: InspectedProtocol

    /// Where in the protocol it stood.
    package fileprivate(set) var source: NameSource

    /// The lists it is on, nil where it is on none or is exempt.
    package fileprivate(set) var match: Match?

    /// Why it is left alone although lists have it; nil otherwise.
    package fileprivate(set) var exemption: Exemption?

    /// What the list's action asks for; accept where there is no match.
    package fileprivate(set) var verdict: Verdict

    /// What is said in place of the packet; nil for silence and where there is no match.
    fileprivate(set) var response: Response?

    /// Where the message that the name was read from is kept, if it is.
    fileprivate(set) var message: Range<Int>

    /// The name.
    package fileprivate(set) var name: DomainName
}

extension Finding {
    /// The name of a DNS query that no list has, or that has not been looked up.
    init(unlistedQuery name: DomainNameView? = nil) {
        inspectedProtocol = .dns
        source = .query
        match = nil
        exemption = nil
        verdict = .accept
        response = nil
        message = 0..<0
        self.name = DomainName()
        if let name { self.name.assign(name) }
    }

    fileprivate func isSameName(as other: Finding) -> Bool {
        inspectedProtocol == other.inspectedProtocol && source == other.source && name == other.name
    }

    /// Looks the name up where it lies and notes what the lists say; returns whether one of them has it as an endpoint of encrypted DNS.
    fileprivate mutating func judge(against blocklist: Blocklist) -> Bool {
        note(blocklist.lookUp(name.view, in: inspectedProtocol.listProtocols), blocklist)
    }

    /// Notes what the lists say.
    fileprivate mutating func note(_ found: Lookup, _ blocklist: Blocklist) -> Bool {
        match = found.match
        exemption = found.exemption
        verdict = .accept
        response = nil
        if let match = found.match {
            let action = blocklist.lists[match.list].action
            verdict = Policy.verdict(for: action)
            response = Policy.response(for: action, to: inspectedProtocol, source)
        }
        return found.isEncryptedDNS
    }
}

/// The names of one packet, in a buffer that is used again for the next.
struct Findings: ~Copyable, Sendable {
    private var slots: [Finding]
    private(set) var count = 0

    /// DNS messages that names were read from and that may have to be answered, one behind another.
    private var messages = MessageBuffer(capacity: messageCapacity)

    /// Which of the names decided that the packet is dropped; -1 for none.
    private var deciding = -1

    /// Octets of messages that are kept of one packet: two of the longest that come over UDP, or many over TCP. A longer one is not answered.
    private static let messageCapacity = 8_192

    /// The odd forms that the packet showed.
    var anomalies = AnomalySet()

    /// The form of encrypted DNS that the packet showed.
    var encryptedDNS: EncryptedDNS?

    /// Why a message of the packet could not be read whole, where reading goes on behind it.
    var fault: UndecidedCause?

    init() {
        slots = Array(repeating: Finding(), count: 16)
    }

    mutating func reset() {
        count = 0
        anomalies = AnomalySet()
        fault = nil
        encryptedDNS = nil
    }

    /// Forgets what was said of the packet before; left to the first name, since most packets have none.
    @inline(never)
    private mutating func begin() {
        deciding = -1
        messages.reset()
    }

    /// The message that the deciding name was read from; empty where it was not kept.
    var decidingMessage: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let range = deciding >= 0 && deciding < count ? slots[deciding].message : 0..<0
            return messages.bytes.extracting(range)
        }
    }

    /// Keeps the message that the names from `first` on were read from, where there is room for it.
    mutating func keep(_ message: Span<UInt8>, from first: Int) {
        let start = messages.count
        guard messages.append(message) else { return }
        for index in first..<count { slots[index].message = start..<messages.count }
    }

    /// Forgets the names from `count` on.
    mutating func truncate(to count: Int) {
        self.count = min(self.count, count)
    }

    /// Forgets the names behind `known` that are among them, read from the same protocol.
    mutating func removeRepeats(of known: Range<Int>) {
        var kept = known.upperBound
        for index in known.upperBound..<count {
            let isRepeat = known.contains { slots[$0].isSameName(as: slots[index]) }
            guard isRepeat == false else { continue }
            if kept < index { slots.swapAt(kept, index) }
            kept += 1
        }
        count = kept
    }

    /// Whether a list has one of the names.
    var areMatched: Bool {
        for index in 0..<count where slots[index].match != nil { return true }
        return false
    }

    /// The names where they lie: an element of the array would be copied.
    var all: Span<Finding> {
        @_lifetime(borrow self)
        get { slots.span.extracting(..<count) }
    }

    subscript(index: Int) -> Finding {
        precondition(index < count)
        return slots[index]
    }

    /// What is counted of a finding: all but its name, which is long to copy.
    func summary(at index: Int) -> (inspectedProtocol: InspectedProtocol, match: Match?, exemption: Exemption?) {
        precondition(index < count)
        return (slots[index].inspectedProtocol, slots[index].match, slots[index].exemption)
    }

    /// Adds the name that `read` fills in. Nothing is added where it throws or leaves the root.
    ///
    /// The buffer grows when a packet holds more names than any before it, and stays grown.
    @inline(__always)
    mutating func add(
        _ inspectedProtocol: InspectedProtocol,
        _ source: NameSource,
        _ read: (inout DomainName) throws(WireError) -> Void
    ) throws(WireError) {
        if count == 0 { begin() }
        if count == slots.count { slots.append(contentsOf: slots) }
        try read(&slots[count].name)
        guard slots[count].name.length > 0 else { return }
        slots[count].inspectedProtocol = inspectedProtocol
        slots[count].source = source
        slots[count].message = 0..<0
        count &+= 1
    }

    /// Adds the name of a query that is on no list.
    mutating func addUnlistedQuery(_ name: DomainNameView) {
        if count == 0 { begin() }
        slots[count].name.assign(name)
        slots[count].inspectedProtocol = .dns
        slots[count].source = .query
        slots[count].match = nil
        slots[count].exemption = nil
        slots[count].verdict = .accept
        slots[count].response = nil
        slots[count].message = 0..<0
        count &+= 1
    }

    /// Takes out those names from `index` on that stand between `first` and `index` already.
    mutating func removeRepeated(from index: Int, since first: Int) {
        var kept = index
        for candidate in index..<count {
            var isRepeated = false
            for earlier in first..<kept
            where slots[earlier].name == slots[candidate].name && slots[earlier].source == slots[candidate].source {
                isRepeated = true
            }
            guard isRepeated == false else { continue }
            if kept != candidate { slots[kept] = slots[candidate] }
            kept += 1
        }
        count = kept
    }

    /// Whether one of the names from `index` on is on a list.
    func isMatched(from index: Int, against blocklist: Blocklist) -> Bool {
        let names = slots.span
        for position in index..<count
        where blocklist.lookUp(names[position].name.view, in: names[position].inspectedProtocol.listProtocols).match
            != nil
        {
            return true
        }
        return false
    }

    /// Looks up the names from `first` on and returns the strictest verdict among them.
    mutating func judge(from first: Int, against blocklist: Blocklist) -> Verdict {
        var verdict = Verdict.accept
        for index in first..<count {
            let isEncryptedDNS = slots[index].judge(against: blocklist)
            if isEncryptedDNS, slots[index].source == .hello { encryptedDNS = encryptedDNS ?? .doh }
            guard slots[index].verdict == .drop else { continue }
            verdict = .drop
            if deciding < 0 { deciding = index }
        }
        return verdict
    }

    /// Notes what the lists say of the one name that there is, which was looked up before, and returns the verdict.
    mutating func judge(_ lookup: Lookup, against blocklist: Blocklist) -> Verdict {
        guard count == 1 else { return judge(from: 0, against: blocklist) }
        _ = slots[0].note(lookup, blocklist)
        guard slots[0].verdict == .drop else { return .accept }
        deciding = 0
        return .drop
    }

    /// What follows from the name that decided that the packet is dropped.
    func decision(flowMark: FlowMark?) -> Decision {
        guard deciding >= 0, deciding < count, let match = slots[deciding].match else {
            return Decision(.drop, flowMark: flowMark)
        }
        return Decision(
            .drop,
            flowMark: flowMark,
            response: slots[deciding].response,
            list: UInt8(truncatingIfNeeded: match.list)
        )
    }
}

extension InspectedProtocol {
    /// The same protocol, as lists name it.
    var listProtocols: ListProtocols {
        switch self {
        case .dns: .dns
        case .tls: .tls
        case .quic: .quic
        case .http: .http
        }
    }
}
