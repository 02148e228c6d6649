import Blocklists
import Glibc
import ListFiles
import NetworkLab
import Testing

extension LiveTests {
    @Test func `how many entries were hit outlasts the sensor, and which ones is in no file`() async throws {
        try await Site.with { site in
            let names = (0..<12).map { "entry-\($0).test" }
            try site.write(lists: names)
            let state = site.lab.path("state")
            let settings = "[state]\ndirectory = \"\(state)\""
            func remembered() throws -> Double {
                let memory = try #require(try HitMemoryFile("\(state)/\(HitMemoryFile.name)").load())
                #expect(memory.ids == ["dropped", "observed"])
                return try #require(memory.count(list: "dropped", at: Int64(time(nil)))).estimate.entries
            }

            var sensor = try await site.startSensor(settings)
            try await site.applyRules()
            // One of them twice, and once by a name under it.
            for name in [names[0], names[0], "www.\(names[0])", names[1], names[2]] {
                #expect(try await site.isStopped(name))
            }
            #expect(await sensor.stop() == .exited(0))
            #expect(abs(try remembered() - 3) < 0.5)

            sensor = try await site.startSensor(settings)
            for name in [names[2], names[3]] { #expect(try await site.isStopped(name)) }
            #expect(await sensor.stop() == .exited(0))
            #expect(abs(try remembered() - 4) < 0.5)

            #expect(try await Command.output(["stat", "-c", "%a", "\(state)/hits"]) == "600\n")
            #expect(
                try await Command.output(["sh", "-c", "cat \(state)/hits | tr -c '[:print:]' ' '"]).contains("entry")
                    == false
            )

            // A file that cannot be used is told of, and ends nothing.
            try site.lab.write("no memory at all", to: "state/hits")
            sensor = try await site.startSensor(settings)
            #expect(sensor.lines.contains { $0.contains("hits are not noted") }, "\(sensor.lines)")
            #expect(try await site.isStopped(names[0]))
            #expect(await sensor.stop() == .exited(0))
        }
    }
}
