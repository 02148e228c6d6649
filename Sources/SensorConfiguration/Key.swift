import Blocklists
import Wire

/// A key of the configuration, declared once: what it is called, what a value may be, where in `Root` the value goes, and what the operator is
/// told of it. Whatever knows keys has them from such declarations.
struct Key<Root>: Sendable {
    /// A place in the configuration.
    typealias Place<Value> = WritableKeyPath<Root, Value> & Sendable

    /// What the operator is told; the preset is settled by ``described(by:)``.
    private(set) var description: ConfigurationKey

    /// Reads the key, which may be spelt by a former name, and leaves the root as it is where it is not there or has a fault.
    let read: @Sendable (_ section: Section, _ spelling: String, _ root: inout Root) -> Void

    /// The value that a configuration has; nil for none.
    let value: @Sendable (Root) -> ConfigurationValue?

    /// When a change is acted upon, where that is not the same for the whole table.
    private var effect: ConfigurationKey.Effect?

    /// Whether what holds without the key was stated, rather than being the value of a root of which nothing was read.
    private var hasPreset = false

    /// The key's name.
    var name: String { description.name }

    /// A key that is read and shown in ways of its own.
    init(
        _ name: String,
        _ kind: ConfigurationKey.Kind,
        _ text: String,
        read: @escaping @Sendable (Section, String, inout Root) -> Void,
        value: @escaping @Sendable (Root) -> ConfigurationValue?
    ) {
        description = ConfigurationKey(
            name: name,
            kind: kind,
            text: text,
            preset: .words("none", example: ""),
            effect: .restart
        )
        self.read = read
        self.value = value
    }

    /// What the operator is told.
    ///
    /// - Parameters:
    ///   - root: one of which nothing was read.
    ///   - effect: when changes of the table's keys are acted upon, unless a key says otherwise.
    /// - Returns: the description.
    func described(by root: Root, _ effect: ConfigurationKey.Effect) -> ConfigurationKey {
        var description = description
        description.effect = self.effect ?? effect
        if hasPreset == false, let value = value(root) { description.preset = .value(value) }
        return description
    }
}

// What else there is to say of a key.
extension Key {
    /// What a number counts.
    func unit(_ unit: String) -> Key { with { $0.description.unit = unit } }

    /// What holds where the key is left out, in words, and a value to show.
    func unset(_ words: String = "none", example: ConfigurationValue) -> Key {
        with {
            $0.description.preset = .words(words, example: example)
            $0.hasPreset = true
        }
    }

    /// What holds where the key is left out.
    func preset(_ value: ConfigurationValue) -> Key {
        with {
            $0.description.preset = .value(value)
            $0.hasPreset = true
        }
    }

    /// The key must be there.
    func required(example: ConfigurationValue) -> Key {
        with {
            $0.description.preset = .required(example: example)
            $0.hasPreset = true
        }
    }

    /// The example that is installed sets the key.
    func initially(_ value: ConfigurationValue) -> Key { with { $0.description.initial = value } }

    /// The name that the key had before `version`.
    func formerly(_ name: String, until version: String) -> Key {
        with { $0.description.formerNames.append(ConfigurationKey.FormerName(name: name, replacedIn: version)) }
    }

    /// The version that had the key first.
    func since(_ version: String) -> Key { with { $0.description.since = version } }

    /// When a change of the key is acted upon.
    func effective(_ effect: ConfigurationKey.Effect) -> Key { with { $0.effect = effect } }

    /// The value may hold a password.
    func confidential() -> Key { with { $0.description.isConfidential = true } }

    private func with(_ change: (inout Key) -> Void) -> Key {
        var key = self
        change(&key)
        return key
    }
}

// The kinds of keys.
extension Key {
    /// True or false.
    static func flag(_ name: String, _ place: any Place<Bool>, _ text: String) -> Key {
        Key(
            name,
            .flag,
            text,
            read: { section, key, root in if let flag = section.bool(key) { root[keyPath: place] = flag } },
            value: { .flag($0[keyPath: place]) }
        )
    }

    /// A whole number.
    static func number(_ name: String, _ place: any Place<Int>, in range: ClosedRange<Int>, _ text: String) -> Key {
        Key(
            name,
            .number(range),
            text,
            read: { section, key, root in
                if let number = section.integer(key, in: range) { root[keyPath: place] = number }
            },
            value: { .number($0[keyPath: place]) }
        )
    }

    /// A whole number that need not be there.
    static func number(_ name: String, _ place: any Place<Int?>, in range: ClosedRange<Int>, _ text: String) -> Key {
        Key(
            name,
            .number(range),
            text,
            read: { section, key, root in
                if let number = section.integer(key, in: range) { root[keyPath: place] = number }
            },
            value: { $0[keyPath: place].map { .number($0) } }
        )
    }

    /// A time in seconds.
    static func seconds(_ name: String, _ place: any Place<Duration>, in range: ClosedRange<Int>, _ text: String) -> Key
    {
        Key(
            name,
            .number(range),
            text,
            read: { section, key, root in
                if let number = section.integer(key, in: range) { root[keyPath: place] = .seconds(number) }
            },
            value: { .number(Int($0[keyPath: place].components.seconds)) }
        ).unit("seconds")
    }

    /// Ports of transport protocols.
    static func ports(_ name: String, _ place: any Place<[UInt16]>, _ text: String) -> Key {
        Key(
            name,
            .numbers(1...65_535),
            text,
            read: { section, key, root in
                if let ports = section.integers(key, in: 1...65_535) { root[keyPath: place] = ports.map { UInt16($0) } }
            },
            value: { .numbers($0[keyPath: place].map { Int($0) }) }
        )
    }

    /// A text for people, of at most `limit` octets and on one line; an empty one is none.
    static func text(_ name: String, _ place: any Place<String>, limit: Int, _ text: String) -> Key {
        Key(
            name,
            .text(limit: limit),
            text,
            read: { section, key, root in
                if let text = section.text(key, limit: limit) { root[keyPath: place] = text }
            },
            value: { $0[keyPath: place].isEmpty ? nil : .text($0[keyPath: place]) }
        )
    }

    /// A text for people, of at most `limit` octets and on one line.
    static func text(_ name: String, _ place: any Place<String?>, limit: Int, _ text: String) -> Key {
        Key(
            name,
            .text(limit: limit),
            text,
            read: { section, key, root in
                if let text = section.text(key, limit: limit) { root[keyPath: place] = text }
            },
            value: { $0[keyPath: place].map { .text($0) } }
        )
    }

    /// A text of a form of its own, which `take` puts in its place, or refuses by false.
    ///
    /// - Parameters:
    ///   - name: the key.
    ///   - pattern: a regular expression (ECMA 262) for editors; it tells no less than `take` takes.
    ///   - form: what the text must be, for the error: the words behind "must be".
    ///   - text: what the operator is told.
    ///   - take: puts a text in its place; false where it has not the form.
    ///   - value: the text; nil for none.
    /// - Returns: the key.
    static func form(
        _ name: String,
        pattern: String,
        _ form: String,
        _ text: String,
        take: @escaping @Sendable (String, inout Root) -> Bool,
        value: @escaping @Sendable (Root) -> String?
    ) -> Key {
        Key(
            name,
            .form(pattern: pattern),
            text,
            read: { section, key, root in
                guard let text = section.string(key), take(text, &root) == false else { return }
                section.note(key, "\(key) must be \(form)")
            },
            value: { value($0).map { .text($0) } }
        )
    }

    /// A text of a form of its own, kept as it is.
    static func form(
        _ name: String,
        _ place: any Place<String?>,
        pattern: String,
        _ form: String,
        _ text: String,
        where isValid: @escaping @Sendable (String) -> Bool
    ) -> Key {
        Key.form(
            name,
            pattern: pattern,
            form,
            text,
            take: { text, root in
                guard isValid(text) else { return false }
                root[keyPath: place] = text
                return true
            },
            value: { $0[keyPath: place] }
        )
    }

    /// A word for a value of an enumeration.
    static func word<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String,
        _ place: any Place<Choice>,
        _ text: String
    ) -> Key where Choice.RawValue == String {
        Key(
            name,
            .word(Choice.allCases.map(\.rawValue)),
            text,
            read: { section, key, root in
                if let choice = section.choice(key, as: Choice.self) { root[keyPath: place] = choice }
            },
            value: { .text($0[keyPath: place].rawValue) }
        )
    }

    /// A word for a value of an enumeration that need not be there.
    static func word<Choice: RawRepresentable & CaseIterable & Sendable>(
        _ name: String,
        _ place: any Place<Choice?>,
        _ text: String
    ) -> Key where Choice.RawValue == String {
        Key(
            name,
            .word(Choice.allCases.map(\.rawValue)),
            text,
            read: { section, key, root in
                if let choice = section.choice(key, as: Choice.self) { root[keyPath: place] = choice }
            },
            value: { $0[keyPath: place].map { .text($0.rawValue) } }
        )
    }

    /// What becomes of packets that cannot be judged, for one cause.
    static func unjudged(
        _ name: String,
        _ place: any Place<UnjudgedPackets>,
        _ drop: UnjudgedPackets,
        _ text: String
    ) -> Key {
        Key(
            name,
            .word(SensorConfiguration.FailureAction.allCases.map(\.rawValue)),
            text,
            read: { section, key, root in
                switch section.choice(key, as: SensorConfiguration.FailureAction.self) {
                case .drop: root[keyPath: place].insert(drop)
                case .accept: root[keyPath: place].remove(drop)
                case nil: break
                }
            },
            value: { .text($0[keyPath: place].contains(drop) ? "drop" : "accept") }
        )
    }

    /// A file or folder.
    static func path(_ name: String, _ place: any Place<String?>, _ text: String) -> Key {
        Key(
            name,
            .path,
            text,
            read: { section, key, root in if let path = section.path(key) { root[keyPath: place] = path } },
            value: { $0[keyPath: place].map { .text($0) } }
        )
    }

    /// A file or folder; an empty text is none.
    static func path(_ name: String, _ place: any Place<String>, _ text: String) -> Key {
        Key(
            name,
            .path,
            text,
            read: { section, key, root in if let path = section.path(key) { root[keyPath: place] = path } },
            value: { $0[keyPath: place].isEmpty ? nil : .text($0[keyPath: place]) }
        )
    }

    /// Files or folders, so many at most.
    static func paths(
        _ name: String,
        _ place: any Place<[String]>,
        most: Int = .max,
        _ text: String
    ) -> Key {
        Key(
            name,
            .paths,
            text,
            read: { section, key, root in
                if let paths = section.paths(key, most: most) { root[keyPath: place] = paths }
            },
            value: { $0[keyPath: place].isEmpty ? nil : .texts($0[keyPath: place]) }
        )
    }

    /// Files or folders, so many at most; none is something else than an empty list.
    static func paths(
        _ name: String,
        _ place: any Place<[String]?>,
        most: Int = .max,
        _ text: String
    ) -> Key {
        Key(
            name,
            .paths,
            text,
            read: { section, key, root in
                if let paths = section.paths(key, most: most) { root[keyPath: place] = paths }
            },
            value: { $0[keyPath: place].map { .texts($0) } }
        )
    }

    /// The file of a secret, or a credential.
    static func secretPath(_ name: String, _ place: any Place<String?>, _ text: String) -> Key {
        Key(
            name,
            .secretPath,
            text,
            read: { section, key, root in if let path = section.secretPath(key) { root[keyPath: place] = path } },
            value: { $0[keyPath: place].map { .text($0) } }
        )
    }

    /// An address with a host.
    static func address(
        _ name: String,
        _ place: any Place<String?>,
        schemes: [String],
        mend: String,
        _ text: String
    ) -> Key {
        Key(
            name,
            .address(schemes: schemes, orPath: false),
            text,
            read: { section, key, root in
                if let address = section.address(key, schemes: schemes, mend: mend) { root[keyPath: place] = address }
            },
            value: { $0[keyPath: place].map { .text($0) } }
        )
    }

    /// An IP address of a version.
    static func ipAddress(
        _ name: String,
        _ place: any Place<IPAddress?>,
        _ version: IPAddress.Version,
        _ text: String
    ) -> Key {
        Key(
            name,
            version == .v4 ? .ipv4 : .ipv6,
            text,
            read: { section, key, root in
                if let address = section.ipAddress(key, version) { root[keyPath: place] = address }
            },
            value: { $0[keyPath: place].map { .text(Section.text(of: $0)) } }
        )
    }
}
