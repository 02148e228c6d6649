import Wire

/// A name that blocking may be tried with.
///
/// A prober that takes any name is an oracle: it says of each whether it is listed. So a name is taken in two cases alone. Either the sensor's own
/// configuration declares it, in a file of `test-names`: then the sensor counts its matches apart, and whoever may write that configuration could
/// read the list itself. Or it lies where nobody can have a site: `.test`, `.example` and `.invalid` (RFC 6761) and the domains for documentation
/// (RFC 2606).
package struct TestName: Hashable, Sendable, CustomStringConvertible {
    /// The name: lower case, ASCII, without a dot at its end.
    package let description: String

    /// Domains in which nobody can have a site.
    package static let reserved = ["test", "example", "invalid", "example.com", "example.net", "example.org"]

    /// A name that the configuration declares.
    ///
    /// - Throws: ``ProbeError/notAName`` where it cannot be asked for.
    package init(declared text: String) throws(ProbeError) {
        let octets = Array(text.utf8)
        var name = DomainName()
        do throws(WireError) { try name.assign(text: octets.span) } catch { throw .notAName }
        let spelling = name.presentation()
        let isPlain = spelling.utf8.allSatisfy {
            (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E
        }
        guard name.length > 0, isPlain else { throw .notAName }
        description = spelling
    }

    /// A name that nothing declares.
    ///
    /// - Throws: ``ProbeError/notReserved`` unless it lies in one of ``reserved``.
    package init(undeclared text: String) throws(ProbeError) {
        try self.init(declared: text)
        let name = description
        guard Self.reserved.contains(where: { name == $0 || name.hasSuffix("." + $0) }) else { throw .notReserved }
    }

    /// A name that no list has, new each time, so that no cache knows it.
    package static func control() -> TestName {
        TestName(checked: "gv-\(String(UInt64.random(in: .min ... .max), radix: 36)).example")
    }

    private init(checked description: String) {
        self.description = description
    }
}

/// The names by which one list is tried.
package struct TestNames: Equatable, Sendable {
    /// The list's id.
    package let list: String

    /// The names, each once.
    package let names: [TestName]

    /// Names that a list may have: enough to try it by, too few to copy a list.
    package static let maximumCount = 100

    /// The names of a list.
    ///
    /// - Throws: ``ProbeError/tooManyNames`` for more than ``maximumCount``.
    package init(list: String, names: [TestName]) throws(ProbeError) {
        var seen: Set<TestName> = []
        let names = names.filter { seen.insert($0).inserted }
        guard names.count <= Self.maximumCount else { throw .tooManyNames }
        self.list = list
        self.names = names
    }
}
