import SensorConfiguration
import Testing

@Suite("Metrics in the configuration")
struct MetricsSectionTests {
    private func read(_ text: String) throws -> SensorConfiguration.Metrics {
        try SensorConfiguration(text: "[metrics]\n\(text)\n", path: "/etc/grindvakt/test.toml").metrics
    }

    @Test func `nothing is opened to others unless it is asked for`() throws {
        let metrics = try read("")
        #expect(metrics.mode == 0o660 && metrics.group == nil && metrics.listen == nil)
    }

    @Test func `every key is read`() throws {
        let metrics = try read("mode = \"0666\"\ngroup = \"prometheus\"\nlisten = \"[2001:db8::1]:9469\"")
        #expect(metrics.mode == 0o666)
        #expect(metrics.group == "prometheus")
        #expect(metrics.listen?.address == "2001:db8::1" && metrics.listen?.port == 9469)
    }

    @Test(arguments: ["600", "0600", "660", "640", "0606", "666"])
    func `a mode that the owner can use is taken`(mode: String) throws {
        #expect(try read("mode = \"\(mode)\"").mode == UInt32(mode, radix: 8))
    }

    @Test(arguments: ["", "rw", "0o660", "0060", "0440", "0770", "1660", "66", "00660", "0680", "-660", " 660"])
    func `any other mode is refused`(mode: String) throws {
        try SectionTests.expect("[metrics]\nmode = \"\(mode)\"\n", line: 2, says: ["mode must be", "0660"])
    }

    @Test(arguments: ["", "a b", "adm\u{E4}", "-/etc", String(repeating: "x", count: 33), "a:b"])
    func `what can be no group is refused`(group: String) throws {
        try SectionTests.expect("[metrics]\ngroup = \"\(group)\"\n", line: 2, says: ["group must be"])
    }

    @Test(arguments: [
        ("127.0.0.1:9469", "127.0.0.1", 9469), ("[::1]:1", "::1", 1), ("0.0.0.0:65535", "0.0.0.0", 65_535),
        ("192.0.2.7:80", "192.0.2.7", 80), ("[2001:db8::1]:09469", "2001:db8::1", 9469),
    ])
    func `an address and a port in digits are taken`(text: String, address: String, port: Int) throws {
        let listen = try #require(ListenAddress(text))
        #expect(listen.address == address && listen.port == port)
    }

    @Test(arguments: [
        "", ":", ":9469", "9469", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x",
        "localhost:9469",
        "::1:9469", "[::1]", "[127.0.0.1]:9469", "[fe80::1%eth0]:9469", "*:9469", "127.1:9469", "127.0.0.1:+9", "[]:1",
        "[:1",
        "127.0.0.1:9469 ", " 127.0.0.1:9469", "127.0.0.1\u{0}:9469",
    ])
    func `everything else is refused with its line and an example`(text: String) throws {
        #expect(ListenAddress(text) == nil)
        guard text.contains("\u{0}") == false else { return }
        try SectionTests.expect(
            "[metrics]\nlisten = \"\(text)\"\n",
            line: 2,
            says: ["listen must be", "127.0.0.1:9469"]
        )
    }
}
