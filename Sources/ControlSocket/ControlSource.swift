package import Telemetry

/// What a running sensor offers to those who ask over its control socket.
///
/// The functions may be called from several connections at once; whoever provides them lets one change run at a time.
/// Those that change something are given the user who asks, as the kernel knows him, for the audit log; only root and the
/// sensor's own user get as far.
package struct ControlSource: Sendable {
    let reading: @Sendable () async -> SensorReading
    let isHealthy: @Sendable () async -> Bool
    let reload: @Sendable (_ user: UInt32) async -> ReloadOutcome
    let rollback: (@Sendable (_ user: UInt32) async -> ReloadOutcome)?
    let setKillSwitch: (@Sendable (_ isOn: Bool, _ user: UInt32) async -> ControlOutcome)?
    let pass: (@Sendable (_ request: PassRequest, _ user: UInt32) async -> ControlOutcome)?
    let upgrade: (@Sendable (_ user: UInt32) async -> UpgradeOutcome)?

    /// Collects the functions.
    ///
    /// - Parameters:
    ///   - reading: takes a reading for `/metrics` and `/status`.
    ///   - isHealthy: tells whether the sensor does its work, for `/healthz`.
    ///   - reload: reads the lists anew and tells how it went, for `/reload`.
    ///   - rollback: makes the snapshot before the active one active again, for `/rollback`; nil in a sensor that keeps
    ///     none, where there is no such resource, as with the next two.
    ///   - setKillSwitch: switches blocking off, or on again, for `/kill-switch`.
    ///   - pass: lets a name pass for a while, or no longer, for `/pass`; its outcome never repeats the name.
    ///   - upgrade: starts the program that is installed now and leaves the queues to it, for `/upgrade`.
    package init(
        reading: @escaping @Sendable () async -> SensorReading,
        isHealthy: @escaping @Sendable () async -> Bool,
        reload: @escaping @Sendable (_ user: UInt32) async -> ReloadOutcome,
        rollback: (@Sendable (_ user: UInt32) async -> ReloadOutcome)? = nil,
        setKillSwitch: (@Sendable (_ isOn: Bool, _ user: UInt32) async -> ControlOutcome)? = nil,
        pass: (@Sendable (_ request: PassRequest, _ user: UInt32) async -> ControlOutcome)? = nil,
        upgrade: (@Sendable (_ user: UInt32) async -> UpgradeOutcome)? = nil
    ) {
        self.reading = reading
        self.isHealthy = isHealthy
        self.reload = reload
        self.rollback = rollback
        self.setKillSwitch = setKillSwitch
        self.pass = pass
        self.upgrade = upgrade
    }
}

/// How a reload or a rollback went.
package enum ReloadOutcome: Sendable, Equatable {
    /// The lists are active, as the snapshot with this number; `forRestart` are the keys of the configuration that were changed and are acted
    /// upon at the next start alone.
    case reloaded(lists: [ReloadedList], generation: UInt64, forRestart: [String] = [])
    /// The lists were refused and the ones before stay active; the reason is one line for the operator.
    case refused(reason: String)

    /// The outcome as the JSON object that `/reload` and `/rollback` answer with.
    var json: String {
        var json = JSONWriter()
        json.beginObject()
        switch self {
        case .reloaded(let lists, let generation, let forRestart):
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
            if forRestart.isEmpty == false {
                json.beginArray("restart_needed")
                for key in forRestart { json.write(nil, key) }
                json.endArray()
            }
        case .refused(let reason):
            json.write("reloaded", false)
            json.write("reason", reason)
        }
        json.endObject()
        return json.text + "\n"
    }
}

/// A list that a reload or a rollback made active.
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
