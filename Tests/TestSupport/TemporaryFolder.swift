import FoundationEssentials

/// A folder of its own for one test, removed with everything in it when the test is done with it.
package final class TemporaryFolder: Sendable {
    /// Where it is.
    package let path: String

    /// Makes the folder.
    package init() throws {
        path = FileManager.default.temporaryDirectory.path + "/grindvakt-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file in the folder.
    package subscript(name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, making the folders above it, and returns its path.
    @discardableResult
    package func write(_ content: [UInt8], to name: String = "list.txt") throws -> String {
        let file = URL(filePath: self[name])
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: file)
        return self[name]
    }

    /// A file's content; nil where there is none.
    package func content(_ name: String) -> [UInt8]? {
        (try? Data(contentsOf: URL(filePath: self[name]))).map { Array($0) }
    }

    /// The names of everything in the folder, hidden files included.
    package var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    /// Writes a file of text and returns its path.
    @discardableResult
    package func write(_ content: String, to name: String = "list.txt") throws -> String {
        try write(Array(content.utf8), to: name)
    }
}
