import Synchronization

/// The registry that gives every pair of a list and an action a small number, so that a worker counts without text.
///
/// Guarantees: a pair keeps its number for the life of the process, across reloads too, so a counter never restarts or
/// changes its meaning. Control path only: a call takes a lock and may allocate.
package final class ListSlots: Sendable {
    /// One registered pair.
    package struct Slot: Sendable, Equatable {
        /// The number to give to ``Counters/countMatch(slot:_:)``.
        package let index: Int
        /// The list's identifier from the configuration.
        package let id: String
        /// The action's name from the configuration.
        package let action: String
    }

    private let registered = Mutex<[Slot]>([])

    /// Makes an empty registry.
    package init() {}

    /// The number of a pair, registering the pair on the first call.
    ///
    /// - Returns: nil when the pair is new and all ``Counters/slotCapacity`` numbers are taken.
    package func slot(id: String, action: String) -> Int? {
        registered.withLock { slots in
            if let known = slots.first(where: { $0.id == id && $0.action == action }) { return known.index }
            guard slots.count < Counters.slotCapacity else { return nil }
            slots.append(Slot(index: slots.count, id: id, action: action))
            return slots.count - 1
        }
    }

    /// All registered pairs, in the order of their numbers.
    package var all: [Slot] { registered.withLock { $0 } }
}

extension [ListSlots.Slot] {
    /// The lists' identifiers, each once, in the order of their first slots.
    var distinctIDs: [String] {
        reduce(into: []) { ids, slot in
            if ids.contains(slot.id) == false { ids.append(slot.id) }
        }
    }

    /// The actions that any of them has, in the order of ``CountedAction``.
    package var actions: [CountedAction] {
        CountedAction.allCases.filter { action in contains { $0.action == action.label } }
    }
}

extension CounterReading {
    /// Names left alone for this reason that the lists of these slots hold.
    func exemptions(_ slots: [ListSlots.Slot], _ reason: ExemptionReason) -> UInt64 {
        slots.reduce(0) { $0 &+ exemptions(slot: $1.index, reason) }
    }

    /// Packets in which the lists of these slots matched a name, by all mechanisms.
    package func events(_ slots: [ListSlots.Slot]) -> UInt64 {
        slots.reduce(0) { sum, slot in Mechanism.allCases.reduce(sum) { $0 &+ events(slot: slot.index, $1) } }
    }

    /// Attempts on the lists of these slots, by all mechanisms.
    package func attempts(_ slots: [ListSlots.Slot]) -> UInt64 {
        slots.reduce(0) { sum, slot in Mechanism.allCases.reduce(sum) { $0 &+ attempts(slot: slot.index, $1) } }
    }

    /// Packets with a test name of the lists of these slots.
    package func testEvents(_ slots: [ListSlots.Slot], _ mechanism: Mechanism) -> UInt64 {
        slots.reduce(0) { $0 &+ testEvents(slot: $1.index, mechanism) }
    }

    /// Packets in which any list matched a name, each once.
    package var anyEvents: UInt64 { sum(anyEvents) }

    /// Attempts on any list.
    package var anyAttempts: UInt64 { sum(anyAttempts) }

    private func sum(_ value: (Mechanism, CountedAction) -> UInt64) -> UInt64 {
        Mechanism.allCases.reduce(0) { sum, mechanism in
            CountedAction.allCases.reduce(sum) { $0 &+ value(mechanism, $1) }
        }
    }

    /// Names of all protocols that the lists of these slots matched.
    func matches(_ slots: [ListSlots.Slot]) -> UInt64 {
        slots.reduce(0) { sum, slot in
            InspectedProtocol.allCases.reduce(sum) { $0 &+ matches(slot: slot.index, $1) }
        }
    }

    /// Test names of all protocols that the lists of these slots matched.
    func testMatches(_ slots: [ListSlots.Slot]) -> UInt64 {
        slots.reduce(0) { sum, slot in
            InspectedProtocol.allCases.reduce(sum) { $0 &+ testMatches(slot: slot.index, $1) }
        }
    }
}
