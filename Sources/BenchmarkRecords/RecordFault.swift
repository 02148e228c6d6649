/// What keeps octets from being a record: where, and what. The text quotes words of a record's own kind alone, so that a file can put neither a
/// name nor a terminal's escapes into it.
package struct RecordFault: Error, Equatable, CustomStringConvertible {
    /// The place, like `attempts.cells[2].events.dns_udp`; empty of the whole.
    package let place: String

    /// What is wrong there.
    package let problem: Problem

    /// What can be wrong.
    package enum Problem: Error, Equatable {
        /// More octets than a record has.
        case tooLong(most: UInt64)
        /// No JSON from this octet on, or what no record has: a name twice, a fraction, a number below zero.
        case notJSON(octet: Int)
        /// Something of another kind.
        case notAn(StaticText)
        /// A member is missing.
        case missing(String)
        /// A member that the version does not have; nil where its name is not to be repeated.
        case unknown(String?)
        /// Not a benchmark record.
        case otherSchema
        /// A record of another version.
        case otherVersion(UInt64)
        /// Attempts that are counted in another way.
        case otherMode
        /// A number outside its range.
        case outOfRange(least: UInt64, most: UInt64)
        /// No word where a word belongs, or none of those that may stand there.
        case notAWord
        /// No date.
        case notADate
        /// A count under the threshold, which should not have left.
        case underThreshold
        /// A count that was not rounded.
        case notRounded
        /// The same thing twice.
        case twice
        /// More elements than a record has.
        case tooMany
        /// Figures that cannot both be true.
        case contradicts(StaticText)
        /// A total that tells of a cell under the threshold.
        case tells
    }

    /// A text of the program's own.
    package struct StaticText: Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// The text.
        package let description: String

        /// The text of a literal: what was read from a file is none.
        package init(stringLiteral value: StaticString) { description = value.description }
    }

    init(_ place: String, _ problem: Problem) {
        self.place = place
        self.problem = problem
    }

    package var description: String { place.isEmpty ? reason : "\(place): \(reason)" }

    private var reason: String {
        switch problem {
        case .tooLong(let most): "longer than \(most) octets; this is no benchmark record"
        case .notJSON(let octet):
            "octet \(octet) is not as JSON of a record has it; get the file from the member anew"
        case .notAn(let kind): "not \(kind); get the record from the member anew"
        case .missing(let name): "\(name) is missing; get the record from the member anew"
        case .unknown(let name):
            "\(name ?? "a member") is not known to version \(BenchmarkRecord.version); a record holds nothing besides what its schema has"
        case .otherSchema: "this is no \(BenchmarkRecord.schemaName); give files of report export"
        case .otherVersion(let version):
            "schema version \(version); this release knows version \(BenchmarkRecord.version): compare records of one version, with a release that knows it"
        case .otherMode:
            "attempts are counted by another mode than entry; records of two modes are not compared: put it into a comparison of its own kind"
        case .outOfRange(let least, let most): "outside \(least) to \(most); get the record from the member anew"
        case .notAWord: "not one of the words that may stand here; get the record from the member anew"
        case .notADate: "not a date like 2026-11-22; get the record from the member anew"
        case .underThreshold:
            "a count of 1 to \(PublishedCount.threshold - 1), which must not leave an operator; delete the file, tell the member, and have it exported anew"
        case .notRounded: "no multiple of \(PublishedCount.base); the member has to export it anew, with rounding"
        case .twice: "there is another one of the same; get the record from the member anew"
        case .tooMany: "more than \(BenchmarkRecord.mostElements) elements; get the record from the member anew"
        case .contradicts(let what): "\(what); get the record from the member anew"
        case .tells:
            "this total tells of a cell under the threshold; delete the file, tell the member, and have it exported anew"
        }
    }
}
