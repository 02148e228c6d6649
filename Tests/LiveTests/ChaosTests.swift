import NetworkLab
import Testing

extension LiveTests {
    private static let chaos = #filePath.split(separator: "/").dropLast(2).reduce("") { $0 + "/" + $1 } + "/Chaos/run"

    @Test func `a round of all faults under live traffic breaks no invariant`() async throws {
        let result = try await Command.run(
            [Self.chaos, "--seed", "1", "--grindvakt", try await Site.binary()],
            timeLimit: .seconds(240)
        )
        #expect(result.status == .exited(0), "\(result.output)\n\(result.errors)")
        #expect(result.output.contains("every invariant held"))
    }

    @Test func `a sensor that lets listed names pass does not get through the faults`() async throws {
        try await Site.with { site in
            // The same program, but it watches queues that nobody feeds.
            let wrapper = try site.lab.write(
                """
                #!/bin/sh
                [ "$1" = run ] && set -- "$@" --queues 2:3
                exec \(site.binary) "$@"

                """,
                to: "wrapper"
            )
            try await Command.output(["chmod", "+x", wrapper])
            let result = try await Command.run(
                [Self.chaos, "--seed", "1", "--faults", "1", "--only", "nothing", "--grindvakt", wrapper],
                timeLimit: .seconds(100)
            )
            #expect(result.status == .exited(1), "\(result)")
            for words in ["listed names passed", "packets queued, 0 judged and 0 unseen"] {
                #expect(result.output.contains(words), "\(words): \(result)")
            }
        }
    }
}
