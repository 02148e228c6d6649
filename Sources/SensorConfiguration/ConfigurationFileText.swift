/// A file of a configuration, and what it holds.
package struct ConfigurationFileText: Equatable, Sendable {
    /// The file, as it is told in errors.
    package let path: String

    /// What it holds (TOML 1.0).
    package let text: String

    /// A file with its text.
    package init(path: String, text: String) {
        self.path = path
        self.text = text
    }
}
