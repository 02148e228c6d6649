import Telemetry

/// How the kill switch or a pass was turned.
package enum ControlOutcome: ChangeOutcome, Sendable, Equatable {
    /// It was done; this holds now: whether blocking is switched off, how many names are let pass, and when the pass that
    /// was asked for ends, in seconds since 1970-01-01 UTC.
    case done(killSwitch: Bool, passes: Int, endsAt: Double? = nil)
    /// Nothing has changed; the reason is one line for the operator, which never repeats the name that was asked for.
    case refused(reason: String)

    var isDone: Bool { if case .done = self { true } else { false } }

    /// The outcome as the JSON object that `/kill-switch` and `/pass` answer with.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        switch self {
        case .done(let killSwitch, let passes, let endsAt):
            json.write("done", true)
            json.write("kill_switch", killSwitch)
            json.write("passes", passes)
            if let endsAt { json.write("ends_at", seconds: endsAt) }
        case .refused(let reason):
            json.write("done", false)
            json.write("reason", reason)
        }
        json.endObject()
        return json.text + "\n"
    }
}

/// The answer of `POST /kill-switch` and `POST /pass`, as a client reads it.
package struct ControlDocument: AnswerDocument, Sendable, Equatable {
    /// Whether it was done.
    package var done: Bool
    /// Why it was not.
    package var reason: String?
    /// Whether blocking is switched off now.
    package var killSwitch: Bool?
    /// How many names are let pass now.
    package var passes: Int?
    /// When the pass that was asked for ends, in seconds since 1970-01-01 UTC.
    package var endsAt: Double?
}
