import NetworkLab
import Testing

extension LiveTests {
    @Test func `a reload reads drop-ins anew, refuses bad ones, and tells a former name once`() async throws {
        try await Site.with { site in
            _ = try await site.startResponder()
            let sensor = try await site.startSensor()
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))

            try await Command.output(["mkdir", site.lab.path("grindvakt.toml.d")])
            let dropIn = "grindvakt.toml.d/50-observe.toml"
            try site.lab.write("[[list]]\nid = \"dropped\"\naction = \"observe\"\n[responses]\nttl = 5\n", to: dropIn)
            try await site.reload()
            #expect(try await site.isAnswered(Site.listed), "the drop-in's action is not in use")
            try await site.reload()

            // A fault in a drop-in, in a value or in the syntax, keeps what is in use, and names the file and the line.
            for (text, line) in [("[[list]]\nid = \"dropped\"\naction = \"stop\"\n", 3), ("[[list]\n", 1)] {
                try site.lab.write(text, to: dropIn)
                #expect(try await site.isReloadRefused("\(site.lab.path(dropIn)):\(line): "))
                #expect(try await site.isAnswered(Site.listed), "a refused reload has changed something")
            }

            try await Command.output(["rm", site.lab.path(dropIn)])
            try await site.reload()
            #expect(try await site.isStopped(Site.listed))
            #expect(await sensor.stop() == .exited(0))
            let told = sensor.lines.filter { $0.contains("ttl is now called sinkhole-ttl") }
            #expect(told.count == 1, "\(sensor.lines)")
        }
    }
}
