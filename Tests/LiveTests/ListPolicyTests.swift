import NetworkLab
import Testing

extension LiveTests {
    @Test func `lists with the same name are all counted, and the first that acts decides`() async throws {
        try await Site.with { site in
            for (file, names) in [
                ("late.txt", ["shared.test", "late.test"]), ("early.txt", ["shared.test", "watched.test"]),
                ("watching.txt", ["shared.test", "watched.test", "seen.test"]),
            ] {
                try site.lab.write(names.map { $0 + "\n" }.joined(), to: file)
            }
            _ = try await site.startResponder()
            _ = try await site.startSensor(
                tables: """
                    [[list]]
                    id = "watching"
                    path = "watching.txt"
                    action = "observe"
                    precedence = 5

                    [[list]]
                    id = "late"
                    path = "late.txt"
                    precedence = 20

                    [[list]]
                    id = "early"
                    path = "early.txt"
                    precedence = 10
                    """
            )
            try await site.applyRules()
            func matches(_ samples: Samples) -> [Double?] {
                [("watching", "observe"), ("late", "drop"), ("early", "drop")].map { list, action in
                    samples[#"grindvakt_matches_total{list="\#(list)",protocol="dns",action="\#(action)"}"#]
                }
            }
            #expect(try await site.isStopped("www.shared.test"))
            #expect(matches(try await site.samples()) == [1, 1, 1])
            #expect(try await site.isStopped("watched.test"))
            #expect(matches(try await site.samples()) == [2, 1, 2])
            #expect(try await site.isStopped("late.test"))
            #expect(try await site.isAnswered("seen.test"))
            #expect(matches(try await site.samples()) == [3, 2, 2])

            // On the one in front of it a name of both is seen only, until that list acts, too.
            #expect(try await site.samples().sum("grindvakt_packets_total", #"verdict="drop""#) == 3)
            try await site.change("/pass", "600\nshared.test\n")
            #expect(try await site.isAnswered("shared.test"))
            #expect(matches(try await site.samples()) == [3, 2, 2])
            for list in ["watching", "late", "early"] {
                let sample = #"grindvakt_exempted_matches_total{list="\#(list)",reason="passed"}"#
                #expect(try await site.samples()[sample] == 1, "\(list)")
            }
        }
    }

    @Test func `test names are stopped and counted apart`() async throws {
        try await Site.with { site in
            try site.lab.write("canary.test\n", to: "canaries.txt")
            _ = try await site.startResponder()
            _ = try await site.startSensor(
                tables: """
                    [[list]]
                    id = "dropped"
                    path = "list.txt"
                    test-names = "canaries.txt"
                    """
            )
            try await site.applyRules()
            #expect(try await site.dig("canary.test", within: 1) == false)
            let tests = #"grindvakt_test_matches_total{list="dropped",protocol="dns",action="drop"}"#
            let samples = try await site.samples()
            #expect(samples[tests] == 1)
            #expect(samples.sum("grindvakt_matches_total") == 0)
            #expect(samples.sum("grindvakt_packets_total", #"verdict="drop""#) == 1)
            #expect(samples[#"grindvakt_list_test_names{list="dropped"}"#] == 1)
            #expect(try await site.isStopped(Site.listed))
            #expect(try await site.samples()[tests] == 1)
            #expect(try await site.isAnswered(Site.unlisted))
        }
    }

    @Test func `a list for DNS alone lets a hello with its name pass`() async throws {
        try await Site.with { site in
            try site.lab.write("name.test\n", to: "names.txt")
            _ = try await site.startResponder()
            let certificate = try await site.startTLSServer(names: ["name.test", Site.listed])
            _ = try await site.startSensor(
                tables: """
                    [[list]]
                    id = "names"
                    path = "names.txt"
                    protocols = ["dns"]

                    [[list]]
                    id = "dropped"
                    path = "list.txt"
                    """
            )
            try await site.applyRules()
            #expect(try await site.isStopped("name.test"))
            #expect(try await site.curl("name.test", trusting: certificate, within: 15).output == "200")
            #expect(try await site.samples().sum("grindvakt_matches_total", #"protocol="tls""#) == 0)
            #expect(try await site.curl(Site.listed, trusting: certificate, within: 1).status == .exited(28))
            #expect(try await site.samples().sum("grindvakt_matches_total", #"protocol="tls""#) == 1)
        }
    }
}
