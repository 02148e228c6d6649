/// A client's attempt at a connection: the keys of its Initials and how far its ClientHello was read.
struct QUICAttempt: ZeroValid {
    private var octets: InlineArray<20, UInt8>
    private var length: UInt8
    private var flags: UInt8

    /// Initials that brought data of the hello, up to 255.
    private(set) var initials: UInt8

    private static let used: UInt8 = 1
    private static let disordered: UInt8 = 2
    private static let read: UInt8 = 4
    private static let blocked: UInt8 = 8

    /// An attempt whose first Initial has this Destination Connection ID.
    init(connectionID: Span<UInt8>) {
        octets = InlineArray(repeating: 0)
        length = UInt8(min(connectionID.count, octets.count))
        for index in 0..<Int(length) { octets[index] = connectionID[index] }
        flags = Self.used
        initials = 0
    }

    /// Whether this is an attempt at all.
    var isUsed: Bool { flags & Self.used != 0 }

    /// Whether a hello was read to its end, or what stands in its place is none.
    var isRead: Bool { flags & Self.read != 0 }

    /// Whether it was for a listed name: none of its Initials passes any more, whatever becomes of the flow.
    var isBlocked: Bool { flags & Self.blocked != 0 }

    /// Whether its hello was read and its name is not listed.
    var isDone: Bool { isRead && isBlocked == false }

    /// Whether its hello is still waited for.
    var isAwaited: Bool { isUsed && isRead == false && isBlocked == false }

    /// Whether data of the hello came in another order than they are numbered in.
    var isOutOfOrder: Bool { flags & Self.disordered != 0 }

    /// The Destination Connection ID that the keys follow from.
    var connectionID: Span<UInt8> {
        @_lifetime(borrow self)
        get { octets.span.extracting(0..<min(Int(length), octets.count)) }
    }

    /// Whether the keys follow from this connection ID.
    func hasKeys(of connectionID: Span<UInt8>) -> Bool {
        guard isUsed, connectionID.count == Int(length) else { return false }
        for index in connectionID.indices where connectionID[index] != octets[index] { return false }
        return true
    }

    /// Forgets all but the connection ID, for a hello that begins from its first octet.
    mutating func beginAnew() {
        flags = Self.used
        initials = 0
    }

    mutating func noteRead() { flags |= Self.read }

    mutating func noteBlocked() { flags |= Self.blocked }

    mutating func noteOutOfOrder() { flags |= Self.disordered }

    mutating func noteInitial() {
        if initials < .max { initials += 1 }
    }
}

/// What is known of a UDP flow of QUIC, besides its entry in the flow table; it has the same index there.
///
/// Two attempts are remembered, in the places of a TCP flow's two directions: a client that was told to retry, one that puts a decoy before its
/// hello, and one that begins anew between the same endpoints each have two. Server's packets leave nothing here.
struct QUICFlow: ZeroValid {
    private var attempts: InlineArray<2, QUICAttempt>
    private var rawNewest: UInt8
    private var rawCounted: UInt8

    /// Packets from behind the hello that came while the hello was not read, up to 255.
    private(set) var laterPackets: UInt8

    /// One of the two attempts.
    subscript(isSecond: Bool) -> QUICAttempt {
        get { attempts[isSecond ? 1 : 0] }
        _modify { yield &attempts[isSecond ? 1 : 0] }
    }

    /// The attempt that took in data last.
    var newest: Bool {
        get { rawNewest != 0 }
        set { rawNewest = newValue ? 1 : 0 }
    }

    /// Whether a packet of an unknown version was counted.
    var hasCountedVersion: Bool {
        get { rawCounted != 0 }
        set { rawCounted = newValue ? 1 : 0 }
    }

    /// Whether a hello was read and there is nothing that is still waited for.
    var isRead: Bool {
        guard attempts[0].isRead || attempts[1].isRead else { return false }
        return attempts[0].isAwaited == false && attempts[1].isAwaited == false
    }

    /// Whether one of the attempts was for a listed name.
    var hasBlocked: Bool { attempts[0].isBlocked || attempts[1].isBlocked }

    /// The place for another attempt: a free one, else that of an attempt that was read, the older one first, else that of one which is still waited
    /// for; nil where both are blocked.
    var placeForNext: Bool? {
        if attempts[0].isUsed == false { return false }
        if attempts[1].isUsed == false { return true }
        let older = newest == false
        if self[older].isDone { return older }
        if self[newest].isDone { return newest }
        if self[older].isBlocked == false { return older }
        return self[newest].isBlocked ? nil : newest
    }

    /// Makes room for another connection between the same endpoints. What was blocked stays known: the rest of its hello, sent once more, must
    /// not pass for that of a new one.
    ///
    /// - Parameter blank: a flow of which nothing is known.
    mutating func restart(from blank: QUICFlow) {
        let (first, second) = (attempts[0], attempts[1])
        self = blank
        if first.isBlocked { attempts[0] = first }
        if second.isBlocked { attempts[1] = second }
    }

    mutating func noteLaterPacket() {
        if laterPackets < .max { laterPackets += 1 }
    }
}
