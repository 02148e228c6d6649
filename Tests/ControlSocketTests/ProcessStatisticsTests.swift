import Foundation
import Telemetry
import Testing

@testable import ControlSocket

@Suite("Process statistics")
struct ProcessStatisticsTests {
    @Test func `this process's figures are plausible`() throws {
        let statistics = try #require(ProcessStatisticsSource().read())
        let now = Date().timeIntervalSince1970
        #expect(statistics.startTime > now - 86_400)
        #expect(statistics.startTime <= now + 1)
        #expect(statistics.residentBytes > 1 << 20)
        #expect(statistics.virtualBytes > statistics.residentBytes)
        #expect((3..<statistics.maximumDescriptors).contains(statistics.openDescriptors))
        #expect(statistics.cpuSeconds >= 0)
    }

    @Test func `a command's name with blanks and parentheses does not shift the fields`() throws {
        let fields = (3...52).map { String($0 * 100) }.joined(separator: " ")
        let source = ProcessStatisticsSource()
        let plain = try #require(source.statistics(inProcessStat: "1 (sensor) \(fields)\n", openDescriptors: 5))
        let odd = source.statistics(inProcessStat: "1 (a) b) 3 (c) \(fields)\n", openDescriptors: 5)
        #expect(odd == plain)
        #expect(plain.virtualBytes == 2300)
        #expect(plain.openDescriptors == 5)
    }

    @Test(arguments: ["", "1 (sensor", "1 (sensor) S 1 2 3", "1 (sensor) " + String(repeating: "x ", count: 50)])
    func `a line that is cut short gives nothing`(line: String) {
        #expect(ProcessStatisticsSource().statistics(inProcessStat: line, openDescriptors: 0) == nil)
    }
}
