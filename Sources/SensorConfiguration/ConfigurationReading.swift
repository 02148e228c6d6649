import TOMLKit

/// A configuration, read from a file and its drop-ins: what holds in the end, where each value stands, and every fault.
///
/// A later file wins key by key. A table `[[list]]` with the id of an earlier file's list changes that list, any other adds one. What is a
/// list of values is replaced as a whole. Relative paths begin at the first file's folder, in whichever file they stand, so that a line means
/// the same wherever it is put.
package struct ConfigurationReading {
    /// What names a key of a configuration that was read.
    private struct Name: Hashable {
        let table: String
        let list: String?
        let key: String
    }

    /// Where a value stands.
    private struct Place {
        let section: Section
        let spelling: String
    }

    /// What was read; of no use while there are faults.
    package private(set) var configuration = SensorConfiguration()

    /// The faults: file by file, in the order of their lines.
    package private(set) var faults: [ConfigurationError] = []

    /// What is read all the same, but should be written in another way.
    package private(set) var remarks: [ConfigurationError] = []

    private var places: [Name: Place] = [:]
    private var tables: [String: Layers] = [:]
    private var lists: [Layers] = []
    private var hasUnknownKeys: Set<String> = []

    /// Reads a configuration.
    ///
    /// - Parameter files: the file, then its drop-ins in their order.
    package init(_ files: [ConfigurationFileText]) {
        let documents = files.map { Document(path: $0.path, text: $0.text, base: files.first?.path ?? $0.path) }
        for (document, file) in zip(documents, files) {
            do throws(ConfigurationError) {
                read(document, try Self.parse(document, file.text))
            } catch {
                document.note(error)
            }
        }
        // What is missing, or contradicts something elsewhere, can be told only of what was read.
        checkTables()
        if documents.allSatisfy(\.faults.isEmpty) {
            tables["trust"].map(configuration.trust.check)
            configuration.checkLists(lists)
        }
        faults = documents.flatMap(\.faults)
        configuration.completeRules()
        configuration.remarks = remarks
    }

    /// The configuration.
    ///
    /// - Throws: the first of the faults.
    package func get() throws(ConfigurationError) -> SensorConfiguration {
        if let fault = faults.first { throw fault }
        return configuration
    }

    private static func parse(_ document: Document, _ text: String) throws(ConfigurationError) -> TOMLTable {
        try document.refuseNUL()
        try document.refuseHeadersWithoutName()
        try document.refuseBracesForValues()
        do {
            return try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw ConfigurationError(path: document.path, line: error.source.begin.line, error.description)
        } catch {
            throw ConfigurationError(path: document.path, line: nil, "not a TOML file")
        }
    }

    private mutating func read(_ document: Document, _ table: TOMLTable) {
        let file = Section(document, table)
        var ids: Set<String> = []
        for declaration in SensorConfiguration.declarations {
            switch declaration {
            case .table(let name, _, _, let keys):
                guard let section = file.section(name) else { continue }
                tables[name, default: Layers()].sections.append(section)
                var changed = configuration
                read(section, keys, &changed, Name(table: name, list: nil, key: ""))
                configuration = changed
            case .lists(let name, _, _, let keys):
                for section in file.sections(name) { read(list: section, keys, name, &ids) }
            }
        }
        file.refuseUnknownKeys(SensorConfiguration.declarations.map(\.name))
    }

    /// Reads a `[[list]]`.
    private mutating func read(
        list section: Section,
        _ keys: [Key<SensorConfiguration.List>],
        _ table: String,
        _ ids: inout Set<String>
    ) {
        let id = section.string("id")
        let index = configuration.lists.firstIndex { $0.id == id } ?? configuration.lists.count
        let isNew = index == configuration.lists.count
        var list = isNew ? SensorConfiguration.List(id: id ?? "", path: "") : configuration.lists[index]
        // A key that is misspelt is told as such, rather than as one that is missing.
        guard read(section, keys, &list, Name(table: table, list: id, key: "")) else { return }
        guard let id else { return section.noteMissing("id", "[[list]] needs an id") }
        if let fault = SensorConfiguration.fault(ofListID: id) { return section.note("id", fault) }
        guard ids.insert(id).inserted else {
            return section.note("id", "id \"\(id)\" is used twice; each list needs its own")
        }
        if isNew {
            configuration.lists.append(list)
            lists.append(Layers(sections: [section]))
        } else {
            configuration.lists[index] = list
            lists[index].sections.append(section)
        }
    }

    /// Reads the keys of a table.
    ///
    /// - Returns: whether all that are there are known.
    @discardableResult
    private mutating func read<Root>(_ section: Section, _ keys: [Key<Root>], _ root: inout Root, _ table: Name) -> Bool
    {
        for key in keys {
            var isRead = section.contains(key.name)
            if isRead { read(section, key, key.name, &root, table) }
            for former in key.description.formerNames where section.contains(former.name) {
                guard isRead == false else {
                    section.note(
                        former.name,
                        "\(former.name) is now called \(key.name), which is there too; leave \(former.name) out"
                    )
                    continue
                }
                isRead = true
                read(section, key, former.name, &root, table)
                remarks.append(
                    section.remark(
                        former.name,
                        "\(former.name) is now called \(key.name) (since \(former.replacedIn)); it is read, but write \(key.name)"
                    )
                )
            }
        }
        let former = keys.flatMap { $0.description.formerNames.map(\.name) }
        let isKnown = section.refuseUnknownKeys(keys.map(\.name), former: former)
        if isKnown == false { hasUnknownKeys.insert(table.table) }
        return isKnown
    }

    private mutating func read<Root>(
        _ section: Section,
        _ key: Key<Root>,
        _ spelling: String,
        _ root: inout Root,
        _ table: Name
    ) {
        key.read(section, spelling, &root)
        places[Name(table: table.table, list: table.list, key: key.name)] = Place(section: section, spelling: spelling)
    }

    /// Notes keys that are missing, and values of one table that contradict each other.
    private func checkTables() {
        if let allow = tables["allow"], configuration.allow == nil, hasUnknownKeys.contains("allow") == false {
            allow.noteMissing("path", "[allow] needs a path")
        }
        if let responses = tables["responses"], hasUnknownKeys.contains("responses") == false,
            configuration.responses.http == .redirect, configuration.responses.redirect == nil
        {
            responses.noteMissing(
                "redirect",
                "http = \"redirect\" needs a redirect: the address of the page it leads to"
            )
        }
        let statistics = configuration.statistics
        if statistics.hourRetention > statistics.dayRetention {
            tables["statistics"]?.note(
                "retention-hours",
                "retention-hours is longer than retention-days; both are days"
            )
        }
        for (section, list) in zip(lists, configuration.lists) where list.path.isEmpty {
            section.noteMissing(
                "path",
                list.url == nil ? "[[list]] needs a path" : "[[list]] needs a path, where the fetched list is kept"
            )
        }
    }
}

/// The tables of one name in several files, or of one list: later ones win.
struct Layers {
    /// The tables, file by file.
    var sections: [Section] = []

    /// Notes a fault at `key` in the last file that has it, or of the first table as a whole.
    func note(_ key: String?, _ problem: String) {
        (sections.last { section in key.map(section.contains) ?? false } ?? sections.first)?.note(key, problem)
    }

    /// Notes that a key is missing, unless it is there with a fault of its own.
    func noteMissing(_ key: String, _ problem: String) {
        guard sections.contains(where: { $0.contains(key) }) == false else { return }
        sections.first?.noteMissing(key, problem)
    }
}

// What holds in the end.
extension ConfigurationReading {
    /// Where the value of a key comes from.
    package enum Origin: Equatable, Sendable, CustomStringConvertible {
        /// Nobody has set it.
        case preset
        /// A file; the line is nil where it is not found.
        case file(path: String, line: Int?)
        /// An option of the command line, with its dashes.
        case commandLine(option: String)

        package var description: String {
            switch self {
            case .preset: "default"
            case .file(let path, let line?): "\(path):\(line)"
            case .file(let path, nil): path
            case .commandLine(let option): option
            }
        }
    }

    /// A key and what it is set to.
    package struct Setting: Equatable, Sendable {
        /// The table.
        package let table: String
        /// The list's id; nil in other tables.
        package let list: String?
        /// The key.
        package let key: ConfigurationKey
        /// Its value, without what may be secret in it; nil where there is none.
        package let value: ConfigurationValue?
        /// Where the value comes from.
        package let origin: Origin
    }

    /// Every key of a configuration, in the order of the tables.
    ///
    /// - Parameters:
    ///   - configuration: what was read, perhaps changed by the command line.
    ///   - options: the options that have set a key, as "table.key", and "list.ID.key" for lists.
    /// - Returns: each key with its value and where that comes from.
    package func settings(
        of configuration: SensorConfiguration,
        options: [String: String] = [:]
    ) -> [Setting] {
        zip(SensorConfiguration.declarations, SensorConfiguration.tables).flatMap { declaration, table in
            switch declaration {
            case .table(_, _, _, let keys):
                return zip(keys, table.keys).map { key, described in
                    setting(table.name, nil, described, key.value(configuration), options)
                }
            case .lists(_, _, _, let keys):
                return configuration.lists.flatMap { list in
                    zip(keys, table.keys).map { key, described in
                        setting(table.name, list.id, described, key.value(list), options)
                    }
                }
            }
        }
    }

    private func setting(
        _ table: String,
        _ list: String?,
        _ key: ConfigurationKey,
        _ value: ConfigurationValue?,
        _ options: [String: String]
    ) -> Setting {
        let origin: Origin
        if let option = options[[table, list, key.name].compactMap(\.self).joined(separator: ".")] {
            origin = .commandLine(option: option)
        } else if let place = places[Name(table: table, list: list, key: key.name)] {
            origin = .file(path: place.section.path, line: place.section.line(of: place.spelling))
        } else {
            origin = .preset
        }
        // Where nothing is set, what a list does not say of itself has the preset too.
        var shown = value
        if shown == nil, case .value(let preset) = key.preset { shown = preset }
        return Setting(
            table: table,
            list: list,
            key: key,
            value: key.isConfidential ? shown?.withoutSecrets : shown,
            origin: origin
        )
    }
}
