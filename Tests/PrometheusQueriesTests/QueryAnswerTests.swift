import TestSupport
import Testing

@testable import PrometheusQueries

@Suite("Answers of Prometheus")
struct QueryAnswerTests {
    /// What Prometheus 2.42 answered to a range selector and to an instant vector, shortened.
    static let matrix = #"""
        {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"grindvakt_attempts_total",\#
        "action":"drop","instance":"edge1","job":"grindvakt","list":"police","market":"se","mechanism":"dns_udp"},\#
        "values":[[1793491200.123,"0"],[1793491215.123,"12"],[1793491230,"1e+06"]]},{"metric":{},"values":[]}]}}
        """#
    static let vector = #"""
        {"status":"success","data":{"resultType":"vector","result":[{"metric":{"market":"se"},"value":[1793491200,"42.5"]},\#
        {"metric":{"market":"no"},"value":[1793491200,"NaN"]}]}}
        """#

    @Test func `series are read with their labels, and samples that are no number left out`() throws {
        let series = try QueryAnswer.series(Array(Self.matrix.utf8))
        #expect(series.count == 2 && series[0].labels["mechanism"] == "dns_udp")
        #expect(series[0].samples.map(\.value) == [0, 12, 1_000_000] && series[0].samples[0].time == 1_793_491_200.123)
        let values = try QueryAnswer.series(Array(Self.vector.utf8))
        #expect(values.map(\.samples.count) == [1, 0] && values[0].samples[0].value == 42.5)
    }

    @Test(
        arguments: [
            "", "{}", "[]", "null", "<html>", #"{"status":"success"}"#,
            #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
            #"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
            #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[2,"1"],[1,"1"]]}]}}"#,
        ]
    )
    func `what is no vector and no matrix is refused in one line`(json: String) throws {
        let failure = #expect(throws: QueryFailure.self) { try QueryAnswer.series(Array(json.utf8)) }
        let words = try #require(failure).description
        #expect(words.isEmpty == false && words.contains("\n") == false)
    }

    @Test func `words of others are printed in one short line`() throws {
        let json = #"{"status":"error","error":"a\u001b[2J\nb"# + String(repeating: "x", count: 5_000) + #""}"#
        let failure = #expect(throws: QueryFailure.self) { try QueryAnswer.series(Array(json.utf8)) }
        let words = try #require(failure).description
        #expect(words.utf8.count < 300 && words.utf8.allSatisfy { (0x20...0x7E).contains($0) })
    }

    @Test func `each prefix and each mutation is read or refused`() {
        for text in [Self.matrix, Self.vector] {
            let octets = Array(text.utf8)
            for length in 0..<octets.count { Self.read(Array(octets[..<length])) }
            var generator = SeededRandom(seed: 3)
            for _ in 0..<2_000 {
                var mutation = octets
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    mutation[Int.random(in: 0..<mutation.count, using: &generator)] = .random(
                        in: 0...255,
                        using: &generator
                    )
                }
                Self.read(mutation)
            }
        }
    }

    /// Reads or refuses, and whatever is read can be counted with.
    private static func read(_ octets: [UInt8]) {
        guard let series = try? QueryAnswer.series(octets) else { return }
        for one in series {
            _ = UInt64(counted: CounterArithmetic.increase(of: one.samples, base: one.samples.first?.value))
            #expect(one.samples.allSatisfy { $0.value.isFinite && $0.time.isFinite })
        }
    }
}

@Suite("Counting by samples")
struct CounterArithmeticTests {
    private func samples(_ values: [Double]) -> [Series.Sample] {
        values.enumerated().map { Series.Sample(time: Double($0.offset), value: $0.element) }
    }

    @Test func `a counter that began anew is counted from zero`() {
        #expect(CounterArithmetic.increase(of: samples([3, 5, 2, 4]), base: 1) == 8)
        #expect(CounterArithmetic.increase(of: samples([3, 5]), base: nil) == 5)
        #expect(CounterArithmetic.increase(of: [], base: 7) == 0)
    }

    @Test func `a process that counts higher than the one before is known by its start`() {
        let starts: [Double: Double] = [0: 100, 1: 100, 2: 200]
        #expect(CounterArithmetic.increase(of: samples([3, 5, 9]), base: 1, baseStart: 100, starts: starts) == 13)
        #expect(CounterArithmetic.increase(of: samples([3, 5, 9]), base: 1, baseStart: 50, starts: starts) == 14)
        #expect(CounterArithmetic.increase(of: samples([3, 5, 9]), base: 1) == 8)
    }

    @Test func `whatever processes do, what they were seen to count is found`() {
        var generator = SeededRandom(seed: 11)
        for _ in 0..<500 {
            var counted = 0.0, value = 0.0, start = 1.0
            var all: [Series.Sample] = [], starts: [Double: Double] = [:]
            for time in 0..<Int.random(in: 1...60, using: &generator) {
                if Int.random(in: 0..<6, using: &generator) == 0 { (value, start) = (0, start + 1) }
                let more = Double(Int.random(in: 0...9, using: &generator))
                value += more
                counted += more
                // A scrape may fail; a process that is never seen is not known of, so each is seen once at least.
                all.append(Series.Sample(time: Double(time), value: value))
                starts[Double(time)] = start
            }
            let cut = Int.random(in: 0...all.count, using: &generator)
            let first = CounterArithmetic.increase(of: Array(all[..<cut]), base: nil, starts: starts)
            let second = CounterArithmetic.increase(
                of: Array(all[cut...]),
                base: all[..<cut].last?.value,
                baseStart: all[..<cut].last.flatMap { starts[$0.time] },
                starts: starts
            )
            #expect(first + second == counted)
        }
    }

    @Test func `counts that no counter has are the nearest whole number`() {
        #expect(UInt64(counted: -1) == 0 && UInt64(counted: .nan) == 0 && UInt64(counted: .infinity) == .max)
        #expect(UInt64(counted: 1e300) == .max && UInt64(counted: 9_007_199_254_740_992) == 9_007_199_254_740_992)
    }
}

@Suite("Questions to Prometheus")
struct PrometheusServerTests {
    @Test(
        arguments: [
            "", "prometheus:9090", "ftp://a.example", "http://", "https://user:secret@a.example",
            "http://a.example/?x=1",
            "http://a.example/\nheader = \"x\"",
        ]
    )
    func `an address that is none is refused, and what it holds is not told`(address: String) throws {
        let failure = #expect(throws: QueryFailure.self) { try PrometheusServer(address: address) }
        #expect(try #require(failure).description.contains("secret") == false)
    }

    @Test func `a token and fields of another form are refused`() {
        for token in ["", "a\nb", "å"] {
            #expect(throws: QueryFailure.self) { try PrometheusServer(address: "http://a.example", token: token) }
        }
        for header in ["X", "X:1", ": 1", "X Y: 1", "X: 1\nY: 2"] {
            #expect(throws: QueryFailure.self) { try PrometheusServer(address: "http://a.example", headers: [header]) }
        }
    }

    @Test func `curl is told everything by its settings, each on a line of its own`() throws {
        let server = try PrometheusServer(
            address: "https://a.example/prometheus/",
            token: "secret",
            headers: ["X-Scope-OrgID: alpha"]
        )
        let settings = server.settings("query", ["query": "up{a=\"b\\\\c\"}", "time": "1"])
        let lines = settings.split(separator: "\n").map(String.init)
        #expect(lines.contains(#"url = "https://a.example/prometheus/api/v1/query""#))
        #expect(lines.contains(#"data-urlencode = "query=up{a=\"b\\\\c\"}""#), "\(settings)")
        #expect(lines.contains(#"header = "Authorization: Bearer secret""#))
        #expect(lines.contains(#"header = "X-Scope-OrgID: alpha""#))
        #expect(lines.contains("location") == false, "a redirect would take the token along")
    }

    @Test func `texts in matchers stand for themselves`() {
        #expect(QueryExpression.matcher("a", is: "b\"c\\d\ne") == #"a="b\"c\\d\ne""#)
        #expect(QueryExpression.matcher("a", isAmong: ["1.2.3.4:9", "b|c"]) == #"a=~"1\\.2\\.3\\.4:9|b\\|c""#)
        let expression = QueryExpression(function: .minutes, metric: "m", matchers: ["a=\"b\""], window: 86_400)
        #expect(expression.text == #"count_over_time(m{a="b"}[86400s:60s])"#)
    }
}
