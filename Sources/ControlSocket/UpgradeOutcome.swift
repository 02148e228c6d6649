import FoundationEssentials
import Telemetry

/// How it went to leave the queues to the program that is installed now.
package enum UpgradeOutcome: Sendable, Equatable {
    /// The process with this number has them.
    case done(process: Int32)
    /// The sensor goes on as before; the reason is one line for the operator.
    case refused(reason: String)

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
package struct UpgradeDocument: Decodable, Sendable, Equatable {
    /// Whether another process has the queues now.
    package var upgraded: Bool
    /// That process.
    package var process: Int?
    /// Why there is none.
    package var reason: String?

    /// Reads the document.
    ///
    /// - Throws: a `DecodingError` where it is not one.
    package init(json: [UInt8]) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(json))
    }
}
