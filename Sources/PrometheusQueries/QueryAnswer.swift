import FoundationEssentials

/// A series of an answer: what it is called by, and its samples, oldest first.
struct Series: Equatable, Sendable {
    /// A value at a time.
    struct Sample: Equatable, Sendable {
        /// Seconds since 1970-01-01 UTC.
        var time: Double
        var value: Double
    }

    var labels: [String: String]
    var samples: [Sample]
}

/// What the HTTP API of Prometheus answers to a query.
enum QueryAnswer {
    /// The series of an answer to `query` or `query_range`: an instant vector, a range vector or a matrix.
    ///
    /// Samples that are no number (staleness, histograms) are left out; those of one series come in the order of their time.
    ///
    /// - Throws: ``QueryFailure`` where it is none, or tells of an error.
    static func series(_ json: [UInt8]) throws(QueryFailure) -> [Series] {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(json))
        } catch {
            throw QueryFailure(
                "the answer is none of a Prometheus HTTP API; give the address that /api/v1/query lies under"
            )
        }
        guard document.status == "success", let data = document.data else {
            throw QueryFailure("the query was refused: \(printable(document.error ?? "no reason is given"))")
        }
        guard data.resultType == "vector" || data.resultType == "matrix" else {
            throw QueryFailure("the answer is no vector and no matrix")
        }
        var series: [Series] = []
        for result in data.result {
            var samples: [Series.Sample] = []
            for pair in (result.values ?? []) + (result.value.map { [$0] } ?? []) {
                guard pair.time.isFinite, let value = Double(pair.value), value.isFinite else { continue }
                samples.append(Series.Sample(time: pair.time, value: value))
            }
            for (one, next) in zip(samples, samples.dropFirst()) where next.time <= one.time {
                throw QueryFailure("the answer has samples that are not in the order of their times")
            }
            series.append(Series(labels: result.metric, samples: samples))
        }
        return series
    }

    /// Words of others in one line of printable ASCII.
    static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : " " }.prefix(200)
        return String(String.UnicodeScalarView(scalars))
    }

    private struct Document: Decodable {
        var status: String
        var data: Content?
        var error: String?
    }

    private struct Content: Decodable {
        var resultType: String
        var result: [Result]

        enum CodingKeys: CodingKey { case resultType, result }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            resultType = try container.decode(String.self, forKey: .resultType)
            // A scalar is a pair and no array of series.
            let isVector = resultType == "vector" || resultType == "matrix"
            result = isVector ? try container.decode([Result].self, forKey: .result) : []
        }
    }

    private struct Result: Decodable {
        var metric: [String: String]
        var value: Pair?
        var values: [Pair]?
    }

    /// `[1435781451.781,"1"]`.
    private struct Pair: Decodable {
        var time: Double
        var value: String

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            time = try container.decode(Double.self)
            value = try container.decode(String.self)
        }
    }
}
