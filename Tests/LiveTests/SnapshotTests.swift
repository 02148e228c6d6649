import ListFiles
import NetworkLab
import Testing

extension LiveTests {
    private static let snapshotTable = """
        [[list]]
        id = "dropped"
        path = "list.snapshot"
        format = "snapshot"

        [trust]
        publishers = ["publisher.pem"]
        seal-key = "credential:seal-key"
        """

    @Test func `a sealed and signed snapshot blocks, and one that is damaged under the sensor harms nothing`()
        async throws
    {
        try await Site.with { site in
            let publisher = SigningKey.generate()
            try publisher.verificationKey.write(to: site.lab.path("publisher.pem"))
            try await Command.output(["mkdir", site.lab.path("credentials")])
            let seal = try SealKey.generate(at: site.lab.path("credentials/seal-key"))
            let path = site.lab.path("list.snapshot")
            let filler = (0..<20_000).map { "entry-\($0).sealed.test" }
            var edition = Edition(names: [Site.listed] + filler, sequence: 7, seal: seal, signers: [publisher])
            try edition.write(to: path)
            #expect(
                try await Command.run(["grep", "-a", "-q", "listed", path]).status == .exited(1),
                "a name is in the file"
            )

            let responder = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: [Site.unlisted, Site.listed])
            let environment = ["CREDENTIALS_DIRECTORY=\(site.lab.path("credentials"))"]
            let sensor = try await site.startSensor(tables: Self.snapshotTable, environment: environment)
            try await site.applyRules()
            let flood = try site.startFlood(least: 1_000, most: 200_000, rate: 1_000)
            try await flood.wait(answers: 100)
            func expectUse(of sequence: Double, entries: Double, _ time: String) async throws {
                #expect(sensor.isRunning, "\(time): \(sensor.lines)")
                for name in ["www.\(Site.listed)", "entry-19999.sealed.test"] {
                    #expect(try await site.isStopped(name), "\(name), \(time)")
                }
                #expect(try await site.isAnswered(Site.unlisted), "\(time)")
                let samples = try await site.samples()
                #expect(samples[#"grindvakt_list_sequence{list="dropped"}"#] == sequence, "\(time)")
                #expect(samples[#"grindvakt_list_entries{list="dropped"}"#] == entries, "\(time)")
            }
            try await expectUse(of: 7, entries: 20_001, "at first")
            #expect(try await site.curl(Site.unlisted, trusting: certificate, within: 15).output == "200")
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 1).status == .exited(28))

            // In place, so that the sensor's own file changes under it: every octet of the body, its end, and then all of it.
            let size = try #require(Int(try await Command.output(["stat", "-c", "%s", path]).dropLast()))
            let noise = site.lab.path("noise")
            try await Command.output(["sh", "-c", "head -c \(size) /dev/urandom > \(noise)"])
            try await Command.output(["cp", path, site.lab.path("whole")])
            for (harm, command) in [
                ("one octet", "printf x | dd of=\(path) bs=1 seek=\(size / 2) conv=notrunc"),
                ("noise", "cp \(noise) \(path)"),
                ("half", "cp \(site.lab.path("whole")) \(path) && truncate -s \(size / 2) \(path)"),
                ("nothing", "truncate -s 0 \(path)"),
            ] {
                try await Command.output(["sh", "-c", command])
                try await expectUse(of: 7, entries: 20_001, "\(harm), before a reload")
                #expect(try await site.isReloadRefused("list.snapshot", "still in use"), "\(harm)")
                try await expectUse(of: 7, entries: 20_001, "\(harm), after a reload")
            }
            var samples = try await site.samples()
            #expect(samples[#"grindvakt_list_refusals_total{list="dropped",cause="damaged"}"#] == 4)
            #expect(samples[#"grindvakt_list_fallback{list="dropped"}"#] == 1)

            // Whole, but of a key that nobody trusts; then older than the one in use.
            edition.sequence = 8
            edition.signers = [.generate()]
            try edition.write(to: path)
            #expect(try await site.isReloadRefused("list.snapshot"))
            edition.sequence = 6
            edition.signers = [publisher]
            try edition.write(to: path)
            #expect(try await site.isReloadRefused("dropped", "sequence 6"))
            samples = try await site.samples()
            for cause in ["signature", "replay"] {
                #expect(samples[#"grindvakt_list_refusals_total{list="dropped",cause="\#(cause)"}"#] == 1, "\(cause)")
            }
            try await expectUse(of: 7, entries: 20_001, "after those")

            edition.sequence = 9
            edition.names.append("news.test")
            try edition.write(to: path)
            try await site.reload()
            try await expectUse(of: 9, entries: 20_002, "renewed")
            #expect(try await site.isStopped("news.test"))
            let (sent, answered) = try await flood.end()
            #expect(answered == sent)
            await responder.stop()
            #expect(responder.lines.last == "received=\(sent) distinct=\(sent)")
            #expect(sensor.isRunning)
        }
    }

    @Test func `a sensor whose snapshot is gone starts with the last good one, and with none where no key opens it`()
        async throws
    {
        try await Site.with { site in
            let publisher = SigningKey.generate()
            try publisher.verificationKey.write(to: site.lab.path("publisher.pem"))
            try await Command.output(["mkdir", site.lab.path("credentials")])
            let seal = try SealKey.generate(at: site.lab.path("credentials/seal-key"))
            let path = site.lab.path("list.snapshot")
            try Edition(names: [Site.listed], sequence: 1, seal: seal, signers: [publisher]).write(to: path)
            _ = try await site.startResponder()
            let environment = ["CREDENTIALS_DIRECTORY=\(site.lab.path("credentials"))"]
            let sensor = try await site.startSensor(tables: Self.snapshotTable, environment: environment)
            try await site.applyRules()
            #expect(try await site.isStopped(Site.listed))
            #expect(await sensor.stop() == .exited(0))

            for harm in ["truncate -s 0 \(path)", "rm \(path)"] {
                try await Command.output(["sh", "-c", harm])
                let next = try await site.startSensor(tables: Self.snapshotTable, environment: environment)
                #expect(try await site.isStopped("www.\(Site.listed)"), "\(harm)")
                #expect(try await site.samples()[#"grindvakt_list_fallback{list="dropped"}"#] == 1, "\(harm)")
                #expect(await next.stop() == .exited(0))
            }
            let keyless = try await site.grindvakt(["run", "--config", site.lab.path("grindvakt.toml")])
            #expect(keyless.status == .exited(2), "\(keyless)")
            #expect(try await site.boundQueues().isEmpty)
        }
    }
}
