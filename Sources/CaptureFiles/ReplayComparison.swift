package import Blocklists
package import Inspection

/// What other lists would change: the same captures through the pipeline twice.
///
/// A flow is told by its addresses and ports and by the protocol that its names were read from; its verdict is `drop` where any name of it is
/// stopped.
package struct ReplayComparison: Sendable {
    /// The flows of all captures whose verdict would change.
    package struct Changes: Equatable, Sendable {
        /// Flows in which names were read.
        package fileprivate(set) var flows = 0
        /// Flows that only the new lists stop.
        package fileprivate(set) var blocked = 0
        /// Flows that only the old lists stop.
        package fileprivate(set) var freed = 0
        /// The names for which the new lists alone stop a flow, in order, each once.
        package fileprivate(set) var blockedNames: [String] = []
        /// The names for which the old lists alone stopped a flow, in order, each once.
        package fileprivate(set) var freedNames: [String] = []
    }

    /// A capture that could not be read to its end, and why, in one line.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package let description: String
    }

    private let configuration: InspectorConfiguration
    private let old: BlocklistSource
    private let new: BlocklistSource

    /// A comparison of two sets of lists.
    package init(_ configuration: InspectorConfiguration, old: Blocklist, new: Blocklist) {
        self.configuration = configuration
        self.old = BlocklistSource(old)
        self.new = BlocklistSource(new)
    }

    /// Compares what becomes of captures.
    ///
    /// - Parameter captures: files and folders; not the standard input, which can be read only once.
    /// - Returns: the flows of all captures together.
    /// - Throws: ``Failure`` for the first capture that cannot be read to its end.
    package func run(_ captures: [String]) throws(Failure) -> Changes {
        var changes = Changes()
        var blocked: Set<String> = []
        var freed: Set<String> = []
        for argument in captures {
            let paths: [CapturePath]
            do throws(CaptureError) {
                paths = try CapturePath.expand(argument)
            } catch {
                throw Failure(description: "\(argument) \(error.explanation)")
            }
            for path in paths {
                guard path != .standardInput else {
                    throw Failure(description: "standard input can be read only once; name a file")
                }
                do throws(CaptureError) {
                    for flow in try flows(of: path).values {
                        changes.flows += 1
                        switch (flow.old.isEmpty, flow.new.isEmpty) {
                        case (true, false):
                            changes.blocked += 1
                            blocked.formUnion(flow.new)
                        case (false, true):
                            changes.freed += 1
                            freed.formUnion(flow.old)
                        default: break
                        }
                    }
                } catch {
                    throw Failure(description: "\(path.displayName) \(error.explanation)")
                }
            }
        }
        changes.blockedNames = blocked.sorted()
        changes.freedNames = freed.sorted()
        return changes
    }

    /// What tells a flow from others, both directions alike.
    private struct FlowID: Hashable {
        let inspectedProtocol: String
        let ends: Set<String>

        init(_ record: NameRecord) {
            inspectedProtocol = record.inspectedProtocol
            ends = [
                "\(record.sourceAddress) \(record.sourcePort)",
                "\(record.destinationAddress) \(record.destinationPort)",
            ]
        }
    }

    /// The names for which a flow was stopped.
    private struct Flow {
        var old: Set<String> = []
        var new: Set<String> = []
    }

    private func flows(of path: CapturePath) throws(CaptureError) -> [FlowID: Flow] {
        var flows: [FlowID: Flow] = [:]
        try read(path, old) { record in
            flows[FlowID(record), default: Flow()].old.formUnion(record.verdict == "drop" ? [record.name] : [])
        }
        try read(path, new) { record in
            flows[FlowID(record), default: Flow()].new.formUnion(record.verdict == "drop" ? [record.name] : [])
        }
        return flows
    }

    private func read(
        _ path: CapturePath,
        _ blocklists: BlocklistSource,
        _ take: (NameRecord) -> Void
    ) throws(CaptureError) {
        var replay = Replay(
            try CaptureFile(opening: path),
            named: path.displayName,
            configuration: configuration,
            blocklists: blocklists
        )
        while try replay.advance() {
            for index in 0..<replay.nameCount {
                if let record = replay.name(at: index, matchesOnly: false) { take(record) }
            }
        }
    }
}
