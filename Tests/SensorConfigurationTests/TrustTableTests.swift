import SensorConfiguration
import Testing

@Suite("Table [trust]")
struct TrustTableTests {
    private func read(_ keys: String, path: String = "/etc/grindvakt/test.toml") throws -> SensorConfiguration.Trust {
        try SensorConfiguration(text: "[trust]\n\(keys)\n", path: path).trust
    }

    @Test func `every key is read`() throws {
        let trust = try read(
            """
            publishers = ["keys/a.pem", "/srv/b.pem"]
            threshold = 2
            operator = "keys/o.pem"
            approvers = ["keys/1.pem", "keys/2.pem"]
            seal-key = "seal.key"
            expired = "observe"
            """
        )
        #expect(trust.publishers == ["/etc/grindvakt/keys/a.pem", "/srv/b.pem"])
        #expect(trust.threshold == 2)
        #expect(trust.operatorKey == "/etc/grindvakt/keys/o.pem")
        #expect(trust.approvers == ["/etc/grindvakt/keys/1.pem", "/etc/grindvakt/keys/2.pem"])
        #expect(trust.sealKey == "/etc/grindvakt/seal.key")
        #expect(trust.expired == .observe)
    }

    @Test func `by default nothing need be signed and an expired list keeps blocking`() throws {
        for trust in [try read(""), SensorConfiguration().trust] {
            #expect(trust.publishers == [])
            #expect(trust.threshold == 1)
            #expect(trust.operatorKey == nil)
            #expect(trust.approvers == [])
            #expect(trust.sealKey == nil)
            #expect(trust.expired == .keep)
        }
        #expect(try read("threshold = 1") == SensorConfiguration.Trust())
        #expect(try read("expired = \"keep\"") == SensorConfiguration.Trust())
    }

    @Test func `a credential is no path`() throws {
        #expect(try read("seal-key = \"credential:seal\"").sealKey == "credential:seal")
        #expect(try read("seal-key = \"./credential:seal\"").sealKey == "/etc/grindvakt/./credential:seal")
        #expect(try read("seal-key = \"a\"", path: "test.toml").sealKey == "a")
    }

    @Test(arguments: [
        ("threshold = 0", ["threshold", "from 1 to 16"]), ("threshold = 17", ["from 1 to 16"]),
        ("threshold = \"2\"", ["number"]), ("threshold = 2", ["threshold = 2", "(0, one key"]),
        ("publishers = \"a\"", ["publishers", "list of paths"]), ("publishers = [1]", ["list of paths"]),
        ("publishers = [\"\"]", ["list of paths"]), ("publishers = [\"a\", \"a\"]", ["twice"]),
        ("operator = [\"a\"]", ["operator", "text"]), ("operator = \"\"", ["operator", "path"]),
        ("approvers = [\"a\"]", ["approvers", "two keys"]), ("approvers = \"a\"", ["list of paths"]),
        ("approvers = [\"a\", \"a\"]", ["twice"]), ("seal-key = true", ["seal-key", "text"]),
        ("seal-key = \"credential:\"", ["credential:NAME"]), ("expired = \"drop\"", ["\"keep\", \"observe\""]),
        ("expired = false", ["expired", "text"]),
    ])
    func `a fault is told with its line`(keys: String, says: [String]) throws {
        try SectionTests.expect("# keys\n[trust]\n\(keys)\n", line: 3, says: says)
    }

    @Test func `a threshold reaches as far as there are publishers`() throws {
        let publishers = { (count: Int) in
            "publishers = [" + (0..<count).map { "\"\($0)\"" }.joined(separator: ", ") + "]"
        }
        #expect(try read("\(publishers(3))\nthreshold = 3").threshold == 3)
        #expect(try read("\(publishers(16))\nthreshold = 16").threshold == 16)
        try SectionTests.expect("[trust]\n\(publishers(3))\nthreshold = 4\n", line: 3, says: ["threshold = 4", "(3,"])
        try SectionTests.expect("[trust]\n\(publishers(17))\n", line: 2, says: ["publishers", "16"])
    }
}
