import Telemetry
import TestSupport
import Testing

@Suite("Weighted fields")
struct FieldRangeTests {
    private static let field =
        #"application/openmetrics-text;version="1.0.0";q=0.75, text/plain;version=0.0.4 ; q=0.5,*/*;q=0.1"#

    @Test func `ranges stand as they came, with weight and version`() {
        let ranges = FieldRange.ranges(in: Self.field)
        #expect(ranges.map(\.name) == ["application/openmetrics-text", "text/plain", "*/*"])
        #expect(ranges.map(\.weight) == [0.75, 0.5, 0.1])
        #expect(ranges.map(\.version) == ["1.0.0", "0.0.4", nil])
    }

    @Test func `no field has no ranges`() {
        for field in [nil, "", ",", " , ,\t", ";q=1"] {
            #expect(FieldRange.ranges(in: field) == [], "\(field ?? "nil")")
        }
    }

    @Test func `a weight that is none refuses the range`() {
        #expect(FieldRange.ranges(in: "a;q=x, b;q=, c;q").map(\.weight) == [0, 1, 1])
        #expect(FieldRange.ranges(in: "a;q=nan, b;q=5, c;q=-1, d;q=inf").map(\.weight) == [0, 0, 0, 0])
    }

    @Test func `every prefix and every mutation is read`() {
        let octets = Array(Self.field.utf8)
        var random = SeededRandom(seed: 7)
        for end in octets.indices { _ = FieldRange.ranges(in: String(decoding: octets[..<end], as: UTF8.self)) }
        for index in octets.indices {
            for _ in 0..<16 {
                var mutated = octets
                mutated[index] = .random(in: 0...255, using: &random)
                let ranges = FieldRange.ranges(in: String(decoding: mutated, as: UTF8.self))
                #expect(ranges.count <= 4 && ranges.allSatisfy { $0.name.isEmpty == false })
            }
        }
    }
}
