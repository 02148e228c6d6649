import Glibc
import NetworkLab
import Testing

/// What a list answers floods with, and how many packets a second the sensor may send.
struct Abuse: CustomTestStringConvertible, Sendable {
    var action: String
    var rate: Int

    var testDescription: String { "\(action), \(rate) a second" }
}

extension LiveTests {
    @Test(arguments: [Abuse(action: "sinkhole", rate: 1_000_000), Abuse(action: "nxdomain", rate: 2_000)])
    func
        `a spoofed flood of blocked queries gets back no more than it brings, and its answers keep nobody waiting`(
            _ abuse: Abuse
        )
        async throws
    {
        try await Site.with { site in
            let (router, client, server) = (site.lab.router, site.lab.client, site.lab.server)
            // The addresses that the flood bears are the client's side's, so that what goes there can be counted on its way.
            for (family, prefix, gateway) in [
                ("-4", "203.0.113.0/24", client.ipv4[0]), ("-6", "2001:db8:bad::/48", client.ipv6[0]),
            ] {
                try await Command.output(["ip", "-n", router.namespace, family, "route", "add", prefix, "via", gateway])
            }
            let responder = try await site.startResponder()
            try site.lab.write("silent.test\n", to: "silent.txt")
            let sensor = try await site.startSensor(
                tables: """
                    [responses]
                    sinkhole-v4 = "192.0.2.80"
                    sinkhole-v6 = "2001:db8:1::80"
                    rate = \(abuse.rate)

                    [[list]]
                    id = "flooded"
                    path = "list.txt"
                    action = "\(abuse.action)"

                    [[list]]
                    id = "silent"
                    path = "silent.txt"
                    action = "drop"
                    """
            )
            try await site.applyRules()
            for program in ["iptables", "ip6tables"] {
                let prefix = program == "iptables" ? "203.0.113.0/24" : "2001:db8:bad::/48"
                for rule in [
                    ["PREROUTING", "-p", "udp", "--dport", "53"], ["PREROUTING", "-p", "udp", "--sport", "53"],
                    ["OUTPUT", "-d", prefix], ["FORWARD", "-d", prefix],
                ] {
                    try await Command.output(router.inside([program, "-t", "mangle", "-I"] + rule))
                }
            }

            let honest = try site.start(Script.honest, named: "honest", [server.ipv4[0], "200"], on: client)
            try await honest.waitForLine(containing: "so far 300")
            let seconds = 3
            // Measures: before, during each flood, and between them.
            func flood(_ name: String) async throws -> CommandResult {
                honest.send(SIGUSR1)
                let result = try await site.run(
                    Script.spoofed,
                    named: "spoofed",
                    [server.ipv4[0], server.ipv6[0], name, "20000", "\(seconds)"],
                    on: client
                )
                honest.send(SIGUSR1)
                try #require(result.succeeded, "\(result)")
                return result
            }
            let answered = try await flood("www.\(Site.listed)")
            let words = answered.output.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
            try #require(words.count == 3, "\(answered)")
            let (sent, octets, time) = (words[0], words[1], words[2])

            // What waits is judged, and counted.
            let blocked = #"action="\#(abuse.action)""#
            var samples = try await site.samples()
            let isJudged = try await Command.wait(atMost: .seconds(90)) {
                let before = try await site.samples().sum("grindvakt_matches_total", blocked)
                try await Command.output(["sleep", "0.3"])
                return try await site.samples().sum("grindvakt_matches_total", blocked) == before
            }
            #expect(isJudged)
            samples = try await site.samples()
            func answers(_ result: String) -> Double {
                samples.sum("grindvakt_responses_total", #"kind="answer""#, #"result="\#(result)""#)
            }
            let matches = samples.sum("grindvakt_matches_total", blocked)
            let sentOctets = samples.sum("grindvakt_response_bytes_total")
            let received = try await site.counted("PREROUTING")
            let output = try await site.counted("OUTPUT")
            let forwarded = try await site.counted("FORWARD")

            // The same without answers, for comparison.
            _ = try await flood("www.silent.test")
            honest.send(SIGTERM)
            let hasEnded = try await Command.wait(atMost: .seconds(90)) { honest.isRunning == false }
            try #require(hasEnded)
            let measures = honest.lines.filter { $0.hasPrefix("measure ") }.map { line in
                line.split(separator: " ").compactMap { Double($0) }
            }
            try #require(measures.count == 5 && measures.allSatisfy { $0.count == 4 }, "\(honest.lines.suffix(3))")
            let (before, during, unanswered) = (measures[0], measures[1], measures[3])
            print(
                "flood \(abuse.testDescription): \(Int(sent)) queries with \(Int(octets)) octets in \(time) s; \(Int(matches)) judged,"
                    + " \(answers("sent")) answered, \(answers("limited")) limited, \(answers("failed")) failed, \(sentOctets) octets sent,"
                    + " \(output) arrive; \(forwarded) of the server's pass; honest queries \(before) then \(during), in a flood without answers \(unanswered): "
                    + "median \(during[2] / before[2]) times, \(unanswered[2] / before[2]) without answers"
            )

            #expect(sent > 5_000 * Double(seconds))
            // No more than was received, on the sensor's own account and on the way to the addresses of others.
            #expect(sentOctets <= Double(received.octets))
            #expect(Double(output.octets) <= sentOctets)
            // What is more than the flood has come with the honest queries and their answers, which count as received.
            #expect(output.octets <= received.octets, "\(output.octets) for \(octets)")
            #expect(Double(output.packets) == answers("sent"))
            #expect(answers("sent") > 1_000)
            // Each query that was judged has one account, and each query was judged but where the queue was full.
            let accounted = ["sent", "limited", "failed", "unanswerable"].map(answers).reduce(0, +)
            #expect(accounted == matches)
            #expect(answers("failed") == 0 && answers("unanswerable") == 0)
            let unseen =
                samples.sum("grindvakt_queue_unseen_total") + samples.sum("grindvakt_queue_kernel_dropped_total")
                + samples.sum("grindvakt_queue_user_dropped_total")
            #expect(matches + unseen >= sent)
            // The rate holds over the flood's time, with one second's worth saved up, and the rest is counted.
            #expect(answers("sent") <= Double(abuse.rate) * (time + 2))
            if Double(abuse.rate) * (time + 2) < matches { #expect(answers("limited") > 0) }
            // Others are served on.
            for measure in [before, during, unanswered] { #expect(measure[0] == measure[1] && measure[0] > 100) }
            // Two medians of one run on a machine that is busy with the flood: far apart only where they wait for its answers.
            #expect(during[2] < 10 * max(before[2], unanswered[2]), "\(before), \(during), \(unanswered)")
            #expect(sensor.isRunning && responder.isRunning)
        }
    }
}

extension Site {
    /// The packets and octets that the first rules of a chain of the table mangle have counted, in both versions.
    fileprivate func counted(_ chain: String) async throws -> (packets: Int, octets: Int) {
        var sum = (packets: 0, octets: 0)
        for program in ["iptables", "ip6tables"] {
            let list = try await Command.output(lab.router.inside([program, "-t", "mangle", "-nvxL", chain]))
            for line in list.split(separator: "\n").dropFirst(2) where line.contains("GRINDVAKT") == false {
                let words = line.split(separator: " ")
                guard words.count > 2, let packets = Int(words[0]), let octets = Int(words[1]) else { continue }
                sum.packets += packets
                sum.octets += octets
            }
        }
        return sum
    }
}
