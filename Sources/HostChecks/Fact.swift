/// What is known of one thing on the host; or why it is not known.
package enum Fact<Value: Sendable>: Sendable {
    /// This is how it is.
    case known(Value)
    /// It cannot be told here, for the reason given in one line; no privilege would help.
    case unknown(String)
    /// It can be told only with a privilege, which is named.
    case denied(privilege: String)

    /// The value.
    ///
    /// - Throws: ``Unexamined`` where it is not known.
    package func known() throws(Unexamined) -> Value {
        switch self {
        case .known(let value): return value
        case .unknown(let reason): throw .unknown(reason)
        case .denied(let privilege): throw .denied(privilege: privilege)
        }
    }

    /// The value; nil where it is not known.
    package var value: Value? {
        if case .known(let value) = self { value } else { nil }
    }

    /// The same knowledge of something that follows from the value.
    func map<Other: Sendable>(_ transform: (Value) -> Other) -> Fact<Other> {
        switch self {
        case .known(let value): .known(transform(value))
        case .unknown(let reason): .unknown(reason)
        case .denied(let privilege): .denied(privilege: privilege)
        }
    }
}

extension Fact {
    /// The same knowledge where there is a value, and else that it is unknown for this reason.
    func required<Wrapped: Sendable>(_ reason: String) -> Fact<Wrapped> where Value == Wrapped? {
        switch self {
        case .known(let value): value.map { .known($0) } ?? .unknown(reason)
        case .unknown(let reason): .unknown(reason)
        case .denied(let privilege): .denied(privilege: privilege)
        }
    }
}

extension Fact: Equatable where Value: Equatable {}

/// Why a check says neither yes nor no.
package enum Unexamined: Error, Sendable, Equatable {
    /// What it asks cannot be told here, for this reason.
    case unknown(String)
    /// What it asks can be told only with this privilege.
    case denied(privilege: String)
}
