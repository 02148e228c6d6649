import Telemetry

/// How it went to leave the queues to the program that is installed now.
package enum UpgradeOutcome: ChangeOutcome, Sendable, Equatable {
    /// The process with this number has them.
    case done(process: Int32)
    /// The sensor goes on as before; the reason is one line for the operator.
    case refused(reason: String)

    var isDone: Bool { if case .done = self { true } else { false } }

    /// The outcome as the JSON object that `/upgrade` answers with.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        switch self {
        case .done(let process):
            json.write("upgraded", true)
            json.write("process", Int(process))
        case .refused(let reason):
            json.write("upgraded", false)
            json.write("reason", reason)
        }
        json.endObject()
        return json.text + "\n"
    }
}

/// The answer of `POST /upgrade`, as a client reads it.
package struct UpgradeDocument: AnswerDocument, Sendable, Equatable {
    /// Whether another process has the queues now.
    package var upgraded: Bool
    /// That process.
    package var process: Int?
    /// Why there is none.
    package var reason: String?
}
