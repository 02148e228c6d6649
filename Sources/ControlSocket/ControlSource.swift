package import Telemetry

/// What a running sensor offers to those who ask over its control socket.
///
/// The functions may be called from several connections at once; whoever provides `reload` lets one run at a time.
package struct ControlSource: Sendable {
    let reading: @Sendable () async -> SensorReading
    let isHealthy: @Sendable () async -> Bool
    let reload: @Sendable () async -> ReloadOutcome

    /// Collects the three functions.
    ///
    /// - Parameters:
    ///   - reading: takes a reading for `/metrics` and `/status`.
    ///   - isHealthy: tells whether the sensor does its work, for `/healthz`.
    ///   - reload: reads the lists anew and tells how it went, for `/reload`.
    package init(
        reading: @escaping @Sendable () async -> SensorReading,
        isHealthy: @escaping @Sendable () async -> Bool,
        reload: @escaping @Sendable () async -> ReloadOutcome
    ) {
        self.reading = reading
        self.isHealthy = isHealthy
        self.reload = reload
    }
}

/// How a reload went.
package enum ReloadOutcome: Sendable, Equatable {
    /// The lists are active, as the snapshot with this number.
    case reloaded(lists: [ReloadedList], generation: UInt64)
    /// The lists were refused and the ones before stay active; the reason is one line for the operator.
    case refused(reason: String)

    /// The outcome as the JSON object that `/reload` answers with.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        switch self {
        case .reloaded(let lists, let generation):
            json.write("reloaded", true)
            json.write("snapshot_generation", generation)
            json.beginArray("lists")
            for list in lists {
                json.beginObject()
                json.write("id", list.id)
                json.write("entries", list.entries)
                json.write("added", list.added)
                json.endObject()
            }
            json.endArray()
        case .refused(let reason):
            json.write("reloaded", false)
            json.write("reason", reason)
        }
        json.endObject()
        return json.text + "\n"
    }
}

/// A list that a reload made active.
package struct ReloadedList: Sendable, Equatable {
    /// The list's identifier from the configuration.
    package var id: String
    /// How many entries it has now.
    package var entries: Int
    /// How many entries it has more than before; negative when it shrank, nil when it is new or was not compared.
    package var added: Int?

    /// Collects a list's figures.
    package init(id: String, entries: Int, added: Int? = nil) {
        self.id = id
        self.entries = entries
        self.added = added
    }
}
