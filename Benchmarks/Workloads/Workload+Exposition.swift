import Telemetry

/// Floor 1: the metrics of a sensor as a monitoring tool gets them.
extension Workload {
    /// Both formats.
    static let exposition = [
        Workload("exposition-prometheus", "the metrics of four queues and three lists are rendered", pass: 8) {
            render(.prometheus)
        },
        Workload("exposition-openmetrics", "the same in the format of OpenMetrics", pass: 8) {
            render(.openMetrics)
        },
    ]

    private static func render(_ format: ExpositionFormat) -> Run {
        let reading = makeReading()
        let length = Exposition.render(reading, as: format).utf8.count
        return { count in
            var right = 0
            for _ in 0..<count where Exposition.render(reading, as: format).utf8.count == length { right &+= 1 }
            return right
        }
    }

    /// A sensor that has been at work for a while.
    private static func makeReading() -> SensorReading {
        let ids = ["national", "regional", "local"]
        let slots = ListSlots()
        let places = ids.compactMap { slots.slot(id: $0, action: "drop") }
        let workers = (0..<4).map { queue in
            let counters = Counters(queue: UInt16(queue))
            for number in 0..<10_000 {
                counters.countPacket(number % 100 == 0 ? .drop : .accept)
                counters.countName(.dns)
                if number % 100 == 0 { counters.countMatch(slot: places[number / 100 % places.count], .dns) }
                counters.observeVerdict(nanoseconds: UInt64(number), packets: 1)
            }
            return counters
        }
        let state = SensorState(
            version: "1.0.0",
            takenAt: 1_763_776_900,
            startedAt: 1_763_776_800,
            snapshotGeneration: 3,
            queues: (0..<4).map { QueueState(queue: $0, present: true) },
            lists: ids.map { ListState(id: $0, actions: ["drop"], entries: 1_000, activatedAt: 1_763_776_801) }
        )
        return SensorReading(workers: workers, slots: slots, state: state)
    }
}
