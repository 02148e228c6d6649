import FoundationEssentials

/// A folder of its own for one test, removed with everything in it when the test is done with it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/grindvakt-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The path of a file in the folder.
    subscript(name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ content: [UInt8], to name: String = "list.txt") throws -> String {
        try Data(content).write(to: URL(filePath: self[name]))
        return self[name]
    }

    /// Writes a file of text and returns its path.
    @discardableResult
    func write(_ content: String, to name: String = "list.txt") throws -> String {
        try write(Array(content.utf8), to: name)
    }
}
