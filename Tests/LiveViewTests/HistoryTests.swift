import LiveView
import Testing

@Suite("History")
struct HistoryTests {
    /// A history of these rates of packets; nil is a gap.
    private func history(_ rates: [Double?], capacity: Int = 100) throws -> History {
        var history = History(capacity: capacity)
        for rate in rates {
            guard let rate else {
                history.append(nil)
                continue
            }
            let old = Reading(try Document().status(), seconds: 0)
            let new = Reading(try Document(packets: UInt64(rate)).status(), seconds: 1)
            history.append(Measurement(new, since: old))
        }
        return history
    }

    @Test func `the last measurement is in the last column`() throws {
        let columns = try history([1, 2, nil, 4]).columns(.packets, width: 6, perColumn: 1, .mean)
        #expect(columns == [nil, nil, 1, 2, nil, 4])
        #expect(try history([1, 2, 3]).columns(.packets, width: 2, perColumn: 1, .mean) == [2, 3])
    }

    @Test func `measurements that share a column are put together, and stay in it`() throws {
        let five = try history([1, 3, 5, 7, 9])
        #expect(five.columns(.packets, width: 3, perColumn: 2, .mean) == [2, 6, 9])
        #expect(five.columns(.packets, width: 3, perColumn: 2, .highest) == [3, 7, 9])
        #expect(try history([1, 3, 5, 7, 9, 11]).columns(.packets, width: 3, perColumn: 2, .mean) == [2, 6, 10])
        // What is forgotten takes no other out of its column.
        #expect(
            try history([1, 3, 5, 7, 9], capacity: 3).columns(.packets, width: 3, perColumn: 2, .mean) == [nil, 6, 9]
        )
    }

    @Test func `an empty history has empty columns`() throws {
        #expect(try history([]).columns(.packets, width: 3, perColumn: 5, .mean) == [nil, nil, nil])
        #expect(try history([1]).columns(.p99, width: 2, perColumn: 1, .highest) == [nil, nil])
        #expect(try history([1]).columns(.packets, width: 0, perColumn: 1, .mean).isEmpty)
    }
}
