/// Why octets are no snapshot that can be used.
package enum SnapshotError: Error, Equatable, Sendable {
    /// They begin with something else.
    case foreign
    /// They were written by a later version, which this one cannot read.
    case laterVersion(Int)
    /// They were written by an earlier version, whose filter was another.
    case earlierVersion(Int)
    /// They end early.
    case cut
    /// They are not what was written.
    case damaged
    /// The fingerprints were made under another key than the one given.
    case wrongKey
    /// The snapshot is sealed, and no key was given.
    case keyMissing
    /// A list asks for an action that this version does not know.
    case unknownAction

    /// The cause for people.
    package var description: String {
        switch self {
        case .foreign: "not a snapshot; make one with grindvakt list build"
        case .laterVersion(let version):
            "written in format \(version); this version reads format \(SnapshotHeader.version); update grindvakt, or build it anew"
        case .earlierVersion(let version):
            "written in format \(version); this version reads format \(SnapshotHeader.version); build it anew"
        case .cut: "cut short; fetch or build it again"
        case .damaged: "damaged: its checksum or structure is wrong; fetch or build it again"
        case .wrongKey: "sealed with another key than the one given; name the right one"
        case .keyMissing: "sealed; name its key (seal-key in the configuration, --seal on the command line)"
        case .unknownAction: "asks for an action that this version does not know; update grindvakt, or build it anew"
        }
    }
}
