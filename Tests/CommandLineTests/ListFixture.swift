import Testing

/// A folder with keys and lists, and the `list` commands on them.
struct ListFixture {
    let folder: Folder

    /// Makes the folder, runs `body` and removes it.
    static func with(_ body: (ListFixture) async throws -> Void) async throws {
        try await Folder.with { folder in try await body(ListFixture(folder: folder)) }
    }

    /// The path of a file in the folder.
    subscript(name: String) -> String { "\(folder.path)/\(name)" }

    /// Runs `grindvakt list` with these arguments.
    func list(_ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(["list"] + arguments)
    }

    /// Makes a key pair `NAME.key` and `NAME.pub`.
    func makeKey(_ name: String) async throws {
        let made = try await list("keygen", "-o", self[name])
        try #require(made.status == 0, "\(made)")
    }

    /// Makes a seal key `NAME.seal`.
    func makeSeal(_ name: String) async throws {
        let made = try await list("keygen", "--seal", "-o", self[name])
        try #require(made.status == 0, "\(made)")
    }

    /// Writes a list of `count` names and returns its path.
    @discardableResult
    func writeNames(_ range: Range<Int>, to name: String) async throws -> String {
        try await folder.write(range.map { "secret\($0).example\n" }.joined(), to: name)
    }

    /// The SHA-256 of a file, nil where there is none.
    func digest(_ name: String) async throws -> String? {
        let sum = try await Program.run("sha256sum", [self[name]])
        return sum.status == 0 ? String(sum.output.prefix(64)) : nil
    }

    /// The names of the files in the folder.
    func files() async throws -> [String] {
        try await Program.run("ls", ["-A", folder.path]).output.split(separator: "\n").map(String.init)
    }

    /// A file's permissions in octal digits.
    func mode(_ name: String) async throws -> String {
        try await Program.run("stat", ["-c", "%a", self[name]]).output.filter { $0 != "\n" }
    }
}

extension Program.Outcome {
    /// Whether the command refused with this status and one line that has all of these words.
    func isRefusal(_ status: Int32, _ words: String...) -> Bool {
        self.status == status && errorLines.count == 1 && errors.hasPrefix("grindvakt: ")
            && words.allSatisfy { errors.contains($0) }
    }
}
