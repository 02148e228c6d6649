import ArgumentParser
import ListFiles

/// A time as it is given on the command line: a day, a time with its zone, or so much later than now.
struct TimeArgument: ExpressibleByArgument {
    /// What is written for one in a help text.
    static let valueName = "date"
    static let forms = "2027-03-01, 2027-03-01T12:00:00Z, or +30d for 30 days from now (h, d and w are known)"

    let time: Timestamp

    init?(argument: String) {
        guard let time = Timestamp.parse(argument: argument, now: .now) else { return nil }
        self.time = time
    }
}
