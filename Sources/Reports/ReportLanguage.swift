/// A language that reports are written in.
package enum ReportLanguage: String, CaseIterable, Sendable {
    /// Swedish.
    case sv
    /// English.
    case en
}
