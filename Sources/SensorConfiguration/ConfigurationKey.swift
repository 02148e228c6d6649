/// What the operator is told of a key of the configuration: the errors, `config show`, the schema for editors, the example and the page of
/// the documentation are made of this.
package struct ConfigurationKey: Equatable, Sendable {
    /// What a value may be.
    package enum Kind: Equatable, Sendable {
        /// True or false.
        case flag
        /// A whole number within bounds.
        case number(ClosedRange<Int>)
        /// A list of whole numbers, each within bounds.
        case numbers(ClosedRange<Int>)
        /// A text for people on one line, of so many octets at most.
        case text(limit: Int)
        /// A text of a form of its own, which a regular expression (ECMA 262) tells, and tells no less than is accepted.
        case form(pattern: String)
        /// One of these words.
        case word([String])
        /// A list of different words among these.
        case words([String])
        /// A file or folder, relative to the folder of the configuration.
        case path
        /// A list of different files or folders.
        case paths
        /// A file, or `credential:` and the name under which systemd passes it.
        case secretPath
        /// An address that begins with one of these schemes; with `orPath`, or the absolute path of a file.
        case address(schemes: [String], orPath: Bool)
        /// An IPv4 address.
        case ipv4
        /// An IPv6 address.
        case ipv6
    }

    /// What holds where a key is left out.
    package enum Preset: Equatable, Sendable {
        /// This value.
        case value(ConfigurationValue)
        /// What the words say, as a noun: "none", "the environment's". The value shows how the key is written.
        case words(String, example: ConfigurationValue)
        /// The key must be there; the value shows how it is written.
        case required(example: ConfigurationValue)
    }

    /// A name that a key had before; it is still read, and told.
    package struct FormerName: Equatable, Sendable {
        /// The name.
        package let name: String
        /// The version from which on the key has its present name.
        package let replacedIn: String
    }

    /// When a change of a key is acted upon.
    package enum Effect: String, CaseIterable, Sendable {
        /// When the sensor reads its lists anew.
        case reload
        /// When the sensor is started again.
        case restart
        /// When the rules are applied again.
        case rules
        /// When lists are fetched the next time.
        case fetch
    }

    /// The key, without its table.
    package let name: String

    /// What a value may be.
    package let kind: Kind

    /// What it does, on one line, as it stands behind the key in the example.
    package let text: String

    /// What a number counts, in base units; nil for what is no measure.
    package internal(set) var unit: String?

    /// What holds where the key is left out.
    package internal(set) var preset: Preset

    /// What the example that is installed sets it to; nil where the example leaves it out.
    package internal(set) var initial: ConfigurationValue?

    /// The version that had the key first.
    package internal(set) var since = "0.1.0"

    /// The names that it had before.
    package internal(set) var formerNames: [FormerName] = []

    /// When a change of it is acted upon.
    package internal(set) var effect: Effect

    /// Whether the value may hold a password, and is not shown in full.
    package internal(set) var isConfidential = false

    /// The value that stands in the example behind the key, set or left out.
    package var exampleValue: ConfigurationValue {
        if let initial { return initial }
        switch preset {
        case .value(let value): return value
        case .words(_, let example), .required(let example): return example
        }
    }
}
