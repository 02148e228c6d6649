package import Wire

/// Names that no list may touch unless two people say so: an operator's own, authorities', large platforms', those of the network's
/// infrastructure.
///
/// Each stands for itself and for everything under it: a list of exact names would miss the one host that nobody thought of. A platform
/// whose customers own the names below it is no protected name but a public suffix.
package struct ProtectedNames: Sendable {
    /// How many names were given.
    package var count: Int { names.count }

    let table: NameTable

    /// The numbers of labels of the names.
    let depths: Depths

    /// The numbers of labels of the names and of those that they lie under.
    let depthsOnPath: Depths

    private let names: FlatNames

    /// These names and all under them.
    ///
    /// - Parameter protected: host names, as ``HostName`` reads them.
    package init(_ protected: [DomainName]) {
        var names = FlatNames()
        var marks = NameTable.Marks()
        var depths: Depths = 0
        var depthsOnPath: Depths = 0
        for name in protected where name.length > 0 {
            names.append(Array(name.presentation().utf8).span)
            marks.add(Mark.name, to: name, above: Mark.above)
            depths |= Depths(depth: name.labelCount)
            for depth in 1...name.labelCount { depthsOnPath |= Depths(depth: depth) }
        }
        table = NameTable(marks)
        self.depths = depths
        self.depthsOnPath = depthsOnPath
        self.names = names
    }

    /// Whether `name` is protected or lies under a protected name.
    package func contains(_ name: borrowing DomainName) -> Bool {
        var found: UInt8 = 0
        name.forEachSuffix(atDepths: depths, table.key) { _, hash in found |= table.marks(of: hash) & Mark.name }
        return found != 0
    }

    /// Calls `body` for every name that was given.
    package func forEach(_ body: (borrowing DomainName) -> Void) {
        var name = DomainName()
        for index in 0..<names.count where names.read(index, into: &name) { body(name) }
    }

    /// Calls `body` for every name that was given: with the name and with one below it that stands for all.
    func forEachProbe(_ body: (_ index: Int, borrowing DomainName) -> Void) {
        var name = DomainName()
        for index in 0..<names.count {
            if names.read(index, into: &name) { body(index, name) }
            if names.read(index, isBelow: true, into: &name) { body(index, name) }
        }
    }

    /// The numbers of labels for which a hash is wanted of a name with `depth` labels.
    @inline(__always)
    func wantedDepths(of depth: Int) -> Depths { depths | Depths(depth: depth) & depthsOnPath }

    /// Whether a name with these marks was given.
    @inline(__always)
    static func isName(_ marks: UInt8) -> Bool { marks & Mark.name != 0 }

    /// Whether a name that was given lies below one with these marks.
    @inline(__always)
    static func isAboveName(_ marks: UInt8) -> Bool { marks & Mark.above != 0 }

    private enum Mark {
        static let name: UInt8 = 1
        static let above: UInt8 = 2
    }
}
