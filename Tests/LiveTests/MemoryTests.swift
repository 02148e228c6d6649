import NetworkLab
import Testing

extension LiveTests {
    @Test func `reloads leave the process no larger`() async throws {
        try await Site.with { site in
            try site.write(lists: (0..<200_000).map { "name-\($0).large.test" })
            _ = try await site.startSensor()
            var resident: [Double] = []
            for _ in 0..<30 {
                try await site.reload()
                resident.append(try #require(try await site.samples()["process_resident_memory_bytes"]))
            }
            let early = try #require(resident[..<10].max())
            let late = try #require(resident[20...].max())
            #expect(late < early * 1.25, "\(resident)")
        }
    }
}
