/// A question in PromQL; of these kinds alone are any asked.
struct QueryExpression: Equatable, Sendable {
    /// What is made of the samples within the window.
    enum Function: Equatable, Sendable {
        /// The samples themselves.
        case samples
        /// The value at the moment, and no window.
        case value
        case last
        case lowest
        case highest
        case sum
        /// How often the value fell from one sample to the next.
        case resets
        /// At how many whole minutes the series was there.
        case minutes
        /// The sum of its values at whole minutes.
        case sumOfMinutes
    }

    var function: Function
    var metric: String
    /// `name="value"` or `name=~"pattern"`.
    var matchers: [String] = []
    /// Seconds.
    var window: Int64 = 0

    /// The expression, in words that Prometheus, Thanos, Mimir and VictoriaMetrics understand alike.
    var text: String {
        let selector = metric + (matchers.isEmpty ? "" : "{\(matchers.joined(separator: ","))}")
        let range = "\(selector)[\(window)s]", minutes = "\(selector)[\(window)s:60s]"
        return switch function {
        case .samples: range
        case .value: selector
        case .last: "last_over_time(\(range))"
        case .lowest: "min_over_time(\(range))"
        case .highest: "max_over_time(\(range))"
        case .sum: "sum_over_time(\(range))"
        case .resets: "resets(\(range))"
        case .minutes: "count_over_time(\(minutes))"
        case .sumOfMinutes: "sum_over_time(\(minutes))"
        }
    }

    /// A matcher of one value.
    static func matcher(_ name: String, is value: String) -> String {
        "\(name)=\"\(escaped(value))\""
    }

    /// A matcher of some values.
    static func matcher(_ name: String, isAmong values: [String]) -> String {
        let patterns = values.map { value in
            var pattern = ""
            for scalar in value.unicodeScalars {
                // Signs of regular expressions (RE2) stand for themselves behind a backslash.
                if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { pattern += "\\" }
                pattern.unicodeScalars.append(scalar)
            }
            return pattern
        }
        return "\(name)=~\"\(escaped(patterns.joined(separator: "|")))\""
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

/// Who answers questions.
protocol QueryAnswering: Sendable {
    /// The series that an expression gives at each step of a time, its ends included.
    func range(_ expression: QueryExpression, from: Int64, to: Int64, step: Int64) async throws(QueryFailure)
        -> [Series]

    /// The series that an expression gives at a time.
    func instant(_ expression: QueryExpression, at time: Int64) async throws(QueryFailure) -> [Series]
}
