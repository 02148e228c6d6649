/// Counts out of samples of a counter, exactly.
///
/// `increase()` makes a guess of what lies between the ends of its range and the samples next to them: good for a graph, wrong for a sum that two
/// ways must agree on. Here nothing is guessed: what was counted is the difference between samples, and a process begins at zero.
enum CounterArithmetic {
    /// What was counted from a value before the time to the last of the samples in it.
    ///
    /// - Parameters:
    ///   - samples: the samples of the time, oldest first.
    ///   - base: the value before the first of them; nil where the series did not exist, which then began at zero.
    ///   - baseStart: when the process began that counted the base; nil where that is not known.
    ///   - starts: when the process began that counted a sample, by the sample's time. Between samples of two processes the counter began anew,
    ///     even where it is higher than before.
    /// - Returns: what was counted.
    static func increase(
        of samples: [Series.Sample],
        base: Double?,
        baseStart: Double? = nil,
        starts: [Double: Double] = [:]
    ) -> Double {
        var sum = 0.0
        var last = base, lastStart = baseStart
        for sample in samples {
            let start = starts[sample.time] ?? lastStart
            let isAnew = last.map { sample.value < $0 } ?? true
            let hasRestarted = lastStart != nil && start != lastStart
            sum += isAnew || hasRestarted ? sample.value : sample.value - (last ?? 0)
            (last, lastStart) = (sample.value, start)
        }
        return sum
    }
}

extension UInt64 {
    /// A counter's value as a whole number; what is none is the nearest one.
    init(counted value: Double) {
        guard value > 0 else {
            self = 0
            return
        }
        self = value < 18_446_744_073_709_549_568 ? UInt64(value.rounded()) : .max
    }
}
