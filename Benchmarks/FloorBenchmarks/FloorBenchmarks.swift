import Benchmark
import Workloads

/// A workload between its preparation and its end.
private final class PreparedWorkload {
    var run: Workload.Run?
}

/// The workloads by time, a thousand iterations together, so that reading the clock does not count; those that take long by themselves.
let benchmarks: @Sendable () -> Void = {
    for workload in Workload.all {
        let prepared = PreparedWorkload()
        let configuration = Benchmark.Configuration(
            metrics: [.wallClock, .instructions],
            timeUnits: .nanoseconds,
            warmupIterations: 3,
            scalingFactor: workload.pass < 100 ? .one : .kilo,
            maxDuration: .seconds(1),
            maxIterations: 10_000
        )
        Benchmark(
            workload.name,
            configuration: configuration,
            closure: { benchmark in
                let count = benchmark.scaledIterations.count
                guard let run = prepared.run else { return benchmark.error("\(workload.name) was not prepared") }
                if run(count) != count { benchmark.error("\(workload.name) did not always come to what it should") }
            },
            setup: {
                let run = workload.prepare()
                _ = run(workload.pass)
                prepared.run = run
            },
            teardown: { prepared.run = nil }
        )
    }
}
