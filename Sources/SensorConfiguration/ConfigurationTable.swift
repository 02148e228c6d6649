/// A table of the configuration, as the operator is told of it.
package struct ConfigurationTable: Equatable, Sendable {
    /// Its name.
    package let name: String

    /// Whether there may be several of them: `[[list]]`.
    package let isArray: Bool

    /// What it is about, on one line; empty where its name says so.
    package let text: String

    /// Its keys, in the order in which they are told.
    package let keys: [ConfigurationKey]

    /// The line that begins it.
    package var header: String { isArray ? "[[\(name)]]" : "[\(name)]" }

    /// The key of a present or former name.
    package func key(_ name: String) -> ConfigurationKey? {
        keys.first { $0.name == name || $0.formerNames.contains { $0.name == name } }
    }
}

extension SensorConfiguration {
    /// A table and the declarations of its keys: of the sensor, or of each list.
    enum Declaration: Sendable {
        case table(_ name: String, _ text: String, ConfigurationKey.Effect, [Key<SensorConfiguration>])
        case lists(_ name: String, _ text: String, ConfigurationKey.Effect, [Key<List>])

        var name: String {
            switch self {
            case .table(let name, _, _, _), .lists(let name, _, _, _): name
            }
        }
    }

    /// Every table there is, with every key there is, in the order in which they are told.
    ///
    /// This is the one place: reading, checking, showing, the schema for editors, the example and the page of the documentation follow.
    static let declarations: [Declaration] = [
        .table("sensor", "", .restart, sensorKeys),
        .table("inspect", "each mechanism has its own switch", .restart, inspectKeys),
        .table("rules", "which packets the netfilter rules bring to the queues", .rules, ruleKeys),
        .lists("list", "as many as wanted, told apart by their id", .reload, listKeys),
        .table("allow", "names that are never blocked", .reload, allowKeys),
        .table("trust", "whose signatures lists must have; nothing need be signed by default", .reload, trustKeys),
        .table(
            "gates",
            "what a list has to pass before it is acted upon; a refused one leaves the last good one in place",
            .reload,
            gateKeys
        ),
        .table("state", "what outlasts the sensor", .restart, stateKeys),
        .table("fetch", "for `grindvakt list fetch`, which is a unit of its own", .fetch, fetchKeys),
        .table(
            "responses",
            "what a client gets in place of what is dropped, where a list's action is more than \"drop\"",
            .restart,
            responseKeys
        ),
        .table("metrics", "where the counters are had", .restart, metricsKeys),
        .table(
            "statistics",
            "figures by hour and day, for reports: numbers alone, kept once a market is named",
            .restart,
            statisticsKeys
        ),
        .table("log", "what the journal gets: neither names nor addresses", .restart, logKeys),
    ]

    /// The keys whose values differ from those of a configuration that a sensor was started with, and that are acted upon at a start alone.
    ///
    /// - Parameter started: the configuration of the sensor that runs.
    /// - Returns: tables and keys, as `sensor.queues`, in the order in which they are told; a key of any `[[list]]` that both have as `list.KEY`.
    ///   No value.
    package func keysForRestart(since started: SensorConfiguration) -> [String] {
        func names<Root>(
            _ table: String,
            _ keys: [Key<Root>],
            _ preset: Root,
            _ effect: ConfigurationKey.Effect,
            _ pairs: [(Root, Root)]
        ) -> [String] {
            keys.filter { key in
                let told = key.described(by: preset, effect)
                guard told.effect == .restart else { return false }
                // To write what holds anyway is no change.
                var usual: ConfigurationValue?
                if case .value(let value) = told.preset { usual = value }
                return pairs.contains { (key.value($0) ?? usual) != (key.value($1) ?? usual) }
            }.map { "\(table).\($0.name)" }
        }
        return Self.declarations.flatMap { declaration in
            switch declaration {
            case .table(let name, _, let effect, let keys):
                names(name, keys, SensorConfiguration(), effect, [(started, self)])
            case .lists(let name, _, let effect, let keys):
                names(
                    name,
                    keys,
                    List(id: "", path: ""),
                    effect,
                    lists.compactMap { list in
                        started.lists.first { $0.id == list.id }.map { ($0, list) }
                    }
                )
            }
        }
    }

    /// Every table and key, as the operator is told of them.
    package static let tables: [ConfigurationTable] = declarations.map { declaration in
        switch declaration {
        case .table(let name, let text, let effect, let keys):
            ConfigurationTable(
                name: name,
                isArray: false,
                text: text,
                keys: keys.map { $0.described(by: SensorConfiguration(), effect) }
            )
        case .lists(let name, let text, let effect, let keys):
            ConfigurationTable(
                name: name,
                isArray: true,
                text: text,
                keys: keys.map { $0.described(by: List(id: "", path: ""), effect) }
            )
        }
    }
}
