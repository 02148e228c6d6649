import Telemetry

/// How a reload or a rollback went.
package enum ReloadOutcome: ChangeOutcome, Sendable, Equatable {
    /// The lists are active, as the snapshot with this number; `forRestart` are the keys of the configuration that were changed and are acted
    /// upon at the next start alone.
    case reloaded(lists: [ReloadedList], generation: UInt64, forRestart: [String] = [])
    /// The lists were refused and the ones before stay active; the reason is one line for the operator.
    case refused(reason: String)

    var isDone: Bool { if case .reloaded = self { true } else { false } }

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

/// The answer of `POST /reload` and of `POST /rollback`, as a client reads it.
package struct ReloadDocument: AnswerDocument, Sendable, Equatable {
    /// One list that is in use now.
    package struct List: Decodable, Sendable, Equatable {
        /// The list's name.
        package var id: String
        /// How many entries it has.
        package var entries: Int
    }

    /// Whether the lists were put in place.
    package var reloaded: Bool

    /// Why they were not.
    package var reason: String?

    /// The lists in use.
    package var lists: [List]?

    /// Which generation of lists is in use.
    package var snapshotGeneration: UInt64?

    /// The keys of the configuration that were changed and are acted upon at the next start alone; nil where there are none.
    package var restartNeeded: [String]?
}
