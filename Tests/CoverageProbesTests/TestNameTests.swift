import CoverageProbes
import Testing

@Suite("Test names")
struct TestNameTests {
    @Test(arguments: [
        "test", "www.Blocked.TEST", "a.example", "x.invalid", "example.org", "sub.example.com.", "_x.y.example.net",
    ])
    func `names in reserved domains are taken, in lower case`(text: String) throws {
        let name = try TestName(undeclared: text)
        #expect(name.description == text.lowercased().split(separator: ".").joined(separator: "."))
    }

    @Test(arguments: ["www.se", "mytest", "example", "latest.example.se", "test.se", "example.com.se", "invalid-."])
    func `other names are refused unless a configuration declares them`(text: String) {
        if text == "example" {
            #expect((try? TestName(undeclared: text)) != nil)
        } else {
            #expect(throws: ProbeError.self) { _ = try TestName(undeclared: text) }
        }
    }

    @Test func `a declared name may lie anywhere`() throws {
        #expect(try TestName(declared: "Filter-Test.se").description == "filter-test.se")
    }

    @Test(arguments: ["", ".", "a..b", String(repeating: "a", count: 64), "a b.test", "ä.test", "a/b.test"])
    func `what is no name is refused`(text: String) {
        #expect(throws: ProbeError.notAName) { _ = try TestName(declared: text) }
    }

    @Test func `controls differ, and are reserved`() throws {
        let names = (0..<100).map { _ in TestName.control() }
        #expect(Set(names).count == 100)
        for name in names { #expect(try TestName(undeclared: name.description) == name) }
    }

    @Test func `a list has each name once, and at most a hundred`() throws {
        let names = try (0..<101).map { try TestName(undeclared: "\($0).test") }
        #expect(try TestNames(list: "a", names: Array(names[..<100]) + names[..<100]).names.count == 100)
        #expect(throws: ProbeError.tooManyNames) { _ = try TestNames(list: "a", names: names) }
    }
}
