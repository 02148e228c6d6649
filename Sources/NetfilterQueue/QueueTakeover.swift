/// What becomes of packets that a process received and did not give a verdict on before it died.
package enum Remedy: Sendable, Equatable {
    /// They go through their hook once more, are queued anew and judged.
    case again
    /// They pass: where one of them may be what the process died of, the next would die of it as well.
    case accept
}

/// How the process ended that had a queue before.
enum Predecessor: Sendable, Equatable {
    /// In order: every packet that it received has its verdict.
    case leftNothing
    /// Nobody knows how; packets may be without a verdict.
    case died(Remedy)
}

/// What a queue held when it was taken over.
struct QueueTakeover: Sendable, Equatable {
    /// Packets in the queue.
    var waiting: UInt64 = 0
    /// Those of them that had been received and not judged.
    var unanswered: UInt64 = 0
    /// What became of these.
    var remedy = Remedy.again
}

/// What a pool of workers took over from another process.
package struct PoolTakeover: Sendable, Equatable {
    /// Queues whose sockets came with their packets.
    package var queues = 0
    /// Packets that waited in them.
    package var waiting: UInt64 = 0
    /// Packets that had been received and not judged, and were queued once more.
    package var queuedAgain: UInt64 = 0
    /// Packets that had been received and not judged, and passed.
    package var passed: UInt64 = 0
    /// Workers that go on with what their predecessors knew of flows.
    package var workersWithFlows = 0
    /// Queues that are not configured any more: what waited in them is judged, and they are released.
    package var releasedQueues = 0

    /// Nothing was taken over.
    package init() {}

    mutating func add(_ takeover: QueueTakeover) {
        queues += 1
        waiting += takeover.waiting
        switch takeover.remedy {
        case .again: queuedAgain += takeover.unanswered
        case .accept: passed += takeover.unanswered
        }
    }
}

/// What another process left.
package struct QueueInheritance: Sendable {
    /// The netlink sockets, by the queue they have; the pool closes them.
    package var sockets: [UInt16: Int32]
    /// What the workers knew of flows; nil where that was lost with the process.
    package var record: PoolRecord?
    /// What becomes of packets that were received and not judged.
    package var remedy: Remedy

    /// Collects what was left.
    package init(sockets: [UInt16: Int32], record: PoolRecord?, remedy: Remedy = .again) {
        self.sockets = sockets
        self.record = record
        self.remedy = remedy
    }

    /// How the worker of a queue ended.
    func predecessor(of queue: UInt16) -> Predecessor {
        record?.workers.contains { $0.queue == queue } == true ? .leftNothing : .died(remedy)
    }
}
