package import Figures

/// The records of some days, as files.
package struct RecordExport: Sendable {
    /// A file to be written.
    package struct File: Equatable, Sendable {
        /// What it is called.
        package let name: String
        /// What is in it.
        package let octets: [UInt8]
    }

    /// What is to be done about a file.
    package enum Step: Equatable, Sendable {
        /// It is to be written: there is none, or another one that may be replaced.
        case write
        /// It is there already, octet for octet.
        case keep
        /// Another one is there, which may not be replaced.
        case refuse
    }

    /// The files, in the order of days and markets.
    package let files: [File]

    /// The days that were asked for and that no figures are of.
    package let emptyDays: [CalendarDate]

    /// Makes the records of days.
    ///
    /// - Parameters:
    ///   - figures: the figures by the day.
    ///   - days: the days that were asked for, as days since 1970-01-01.
    ///   - member: who says it.
    ///   - sensors: how many sensors the figures of each market are of.
    ///   - now: seconds since 1970-01-01 UTC.
    /// - Throws: ``RecordRefusal`` where one of them cannot be made; none is then.
    package init(
        _ figures: [PeriodFigures],
        days: ClosedRange<Int64>,
        member: String,
        sensors: UInt64,
        now: Int64
    ) throws(RecordRefusal) {
        guard BenchmarkRecord.isValid(member: member) else { throw .member(member) }
        var files: [File] = []
        var seen: Set<[String]> = []
        for figures in figures {
            let record = try BenchmarkRecord(figures, member: member, sensors: sensors, now: now)
            guard seen.insert([record.day.label, record.market]).inserted else {
                throw .twoWindows(day: record.day.label, market: record.market)
            }
            let octets = record.encoded
            do throws(RecordFault) {
                // Nothing leaves that a reader would refuse.
                _ = try BenchmarkRecord(parsing: octets)
            } catch {
                throw .fault(day: record.day.label, error)
            }
            files.append(File(name: record.fileName, octets: octets))
        }
        self.files = files
        let full = Set(figures.map { CalendarDate.day(of: $0.period.start) })
        emptyDays = days.filter { full.contains($0) == false }.map { CalendarDate(day: $0) }
    }

    /// What is to be done about a file where `present` is what is there under its name, or nil where nothing is.
    package static func step(_ file: File, present: [UInt8]?, replaces: Bool) -> Step {
        if present == file.octets { return .keep }
        return present == nil || replaces ? .write : .refuse
    }
}
