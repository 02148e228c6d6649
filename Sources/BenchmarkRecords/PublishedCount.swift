import Figures

/// How much of a count leaves the operator.
///
/// Counts that stand for people are published in these four forms alone. Which one it is follows from the count itself, or, where it is a
/// total, from the forms of what it adds up: never from the value of a cell that is under the threshold.
package enum PublishedCount: Equatable, Sendable {
    /// None; this is no secret, and is told apart from ``few``.
    case none
    /// One to nine.
    case few
    /// Ten or more, to the nearest multiple of five.
    case about(UInt64)
    /// A total that would tell of a cell under the threshold. It may be anything that the cells allow.
    case withheld

    /// Counts below this one are ``few``, unless there are none.
    package static let threshold: UInt64 = 10

    /// What counts are rounded to.
    package static let base: UInt64 = 5

    /// The largest number of a record: the last multiple of ``base`` that every reader of JSON holds exactly (RFC 8259 §6).
    package static let largest: UInt64 = 9_007_199_254_740_990

    /// How ``few`` is written.
    static let fewText = "<10"

    /// How ``withheld`` is written.
    static let withheldText = "withheld"

    /// What is published of a count that nothing else tells of.
    package init(_ count: UInt64) {
        switch count {
        case 0: self = .none
        case 1..<Self.threshold: self = .few
        default: self = .about((min(count, Self.largest - 2) + Self.base / 2) / Self.base * Self.base)
        }
    }

    /// What the count may have been; nil of ``withheld``, which says nothing by itself.
    package var range: CountRange? {
        switch self {
        case .none: CountRange(least: 0, most: 0)
        case .few: CountRange(least: 1, most: Self.threshold - 1)
        case .about(let value):
            CountRange(least: max(Self.threshold, value - min(value, Self.base / 2)), most: value + Self.base / 2)
        case .withheld: nil
        }
    }

    /// The value in JSON.
    var json: JSONTree {
        switch self {
        case .none: .integer(0)
        case .few: .string(Self.fewText)
        case .about(let value): .integer(value)
        case .withheld: .string(Self.withheldText)
        }
    }
}

/// What a count may be: no less than one number and no more than another.
package struct CountRange: Equatable, Sendable {
    /// It is no less.
    package var least: UInt64
    /// It is no more.
    package var most: UInt64

    /// The range between two numbers.
    package init(least: UInt64, most: UInt64) {
        self.least = least
        self.most = most
    }

    /// The only value of the sum of nothing.
    package static let zero = CountRange(least: 0, most: 0)

    /// What the sum of two counts may be, up to the largest number there is.
    package static func + (left: CountRange, right: CountRange) -> CountRange {
        CountRange(least: left.least.adding(right.least), most: left.most.adding(right.most))
    }
}
