import Figures
import Reports
import Telemetry
import TestSupport

/// Reports that tests look at.
enum Samples {
    /// 2026-11-01T00:00:00Z.
    static let start: Int64 = 1_793_491_200
    static let day: Int64 = 86_400

    /// Five days of two markets: of the third nothing is known, and in the fourth nothing happened.
    static let small = Report(
        .day,
        from: start,
        to: start + 5 * day,
        now: start + 4 * day + day / 2,
        figures: [
            figures(day: 0, "se", attempts: 120, events: 300, coverage: (600, 600)),
            figures(day: 0, "no", attempts: 40, events: 90, coverage: (100, 95)),
            figures(day: 1, "se", attempts: 1_500, events: 4_321, coverage: (600, 599)),
            figures(day: 1, "no", attempts: 44, events: 100, coverage: (100, 100)),
            PeriodFigures(
                period: Period(.day, containing: start + 3 * day),
                market: Market(id: "se", access: .fixed, subscribers: 100_000),
                operation: OperationFigures(uptimeSeconds: 86_400)
            ),
            figures(day: 4, "se", attempts: 60, events: 130, coverage: (300, 300)),
        ]
    )

    /// Nothing is known of a week.
    static let empty = Report(.week, from: start, to: start + 7 * day, now: start + 30 * day, figures: [])

    /// Figures of a day with something in every place.
    static func figures(
        day index: Int64,
        _ market: String,
        attempts: UInt64,
        events: UInt64,
        coverage: (probes: UInt64, blocked: UInt64),
        window: Int = 2
    ) -> PeriodFigures {
        let time = start + index * day
        return PeriodFigures(
            period: Period(.day, containing: time),
            market: market == "se"
                ? Market(id: market, access: .fixed, subscribers: 100_000) : Market(id: market, access: .mobile),
            attemptWindow: window,
            operation: OperationFigures(
                uptimeSeconds: 86_400,
                failOpenSeconds: index == 1 ? 3 : 0,
                killSwitchSeconds: index == 1 ? 125 : 0,
                packets: 1_234_567,
                queueDrops: 12,
                unseen: 7
            ),
            lists: [
                ListFigures(
                    list: "police",
                    activations: [
                        ActivationFigures(
                            sequence: 41,
                            issuedAt: time + 3_600,
                            receivedAt: time + 3_960,
                            activatedAt: time + 3_972
                        ),
                        ActivationFigures(activatedAt: time + 50_000),
                    ],
                    entries: 5_021,
                    rejected: [
                        RejectedFigures(reason: "malformed", entries: 2),
                        RejectedFigures(reason: "not_enforceable", entries: 11),
                    ],
                    refusals: 1,
                    staleSeconds: 0
                ),
                ListFigures(list: "interpol", entries: 2_044, staleSeconds: 7_200),
            ],
            matches: [
                MatchFigures(
                    list: "police",
                    mechanism: .dnsUDP,
                    action: "nxdomain",
                    events: events / 2,
                    attempts: attempts / 2
                ),
                MatchFigures(
                    list: "police",
                    mechanism: .tlsSNI,
                    action: "reset",
                    events: events - events / 2,
                    attempts: attempts - attempts / 2
                ),
                MatchFigures(list: "interpol", mechanism: .quicV1, action: "observe", events: 5, attempts: 3),
            ],
            anyAttempts: [
                AnyAttemptFigures(mechanism: .dnsUDP, action: "nxdomain", attempts: attempts / 2),
                AnyAttemptFigures(mechanism: .tlsSNI, action: "reset", attempts: attempts - attempts / 2),
            ],
            visibility: VisibilityFigures(
                dnsNames: 90_000,
                tlsNames: 40_000,
                quicNames: 20_000,
                httpNames: 900,
                withoutServerName: 35,
                encryptedClientHello: 21_000,
                incomplete: 4,
                unknownQUICVersion: 2,
                dotFlows: 310,
                doqFlows: 0,
                dohFlows: 77
            ),
            coverage: [
                CoverageFigures(
                    list: "police",
                    mechanism: .dnsUDP,
                    probes: coverage.probes,
                    blocked: coverage.blocked,
                    medianMilliseconds: 1.4,
                    longestMilliseconds: 48
                ),
                CoverageFigures(list: "police", mechanism: .quicV2, probes: 4, blocked: 0),
            ],
            unblockSeconds: index == 0 ? [0.4, 0.7, 31] : [],
            removalSeconds: index == 0 ? [840, 3_720] : [],
            testMatches: index == 0 ? [TestMatchFigures(list: "police", mechanism: .dnsUDP, events: 6)] : nil
        )
    }

    /// Texts that would do harm if they were taken for anything but texts.
    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "=1+1", "@cmd", "-2", "+3", "a,b", "a\"b",
        "a\r\nb", "{{style}}", "%1%2", "\u{1B}[2J", "\u{202E}txt", "å\u{301}", "&amp;", "", "\u{0}",
        String(repeating: "long", count: 60),
    ]

    /// A report with anything in it: nothing, huge figures, missing parts, many markets, hostile texts.
    static func random(_ generator: inout SeededRandom) -> Report {
        let lengths: [PeriodLength] = [.day, .week, .month, .hour]
        let length = lengths[Int.random(in: 0..<4, using: &generator)]
        let from = Int64.random(in: 0...4_000_000_000, using: &generator)
        let to =
            from
            + Int64.random(
                in: 0...(length == .hour ? 100_000 : length == .day ? 3_000_000 : 12_000_000),
                using: &generator
            )
        let markets = (0..<Int.random(in: 1...10, using: &generator)).map { _ in market(&generator) }
        var figures: [PeriodFigures] = []
        var period = Period(length, containing: from)
        while period.start < to {
            for market in markets where Bool.random(using: &generator) {
                figures.append(self.figures(period, market, &generator))
            }
            period = period.next
        }
        let lists = Int.random(in: 0..<4, using: &generator) == 0 ? ["police", hostile[0]] : []
        let now = Int64.random(in: 0...4_100_000_000, using: &generator)
        return Report(length, from: from, to: to, now: now, lists: lists, figures: figures)
    }

    private static func number(_ generator: inout SeededRandom) -> UInt64 {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: 0
        case 1: .max
        case 2: .max - UInt64.random(in: 0...10, using: &generator)
        default: UInt64.random(in: 0...100_000, using: &generator)
        }
    }

    private static func real(_ generator: inout SeededRandom) -> Double {
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: 0
        case 1: .infinity
        case 2: .nan
        case 3: -1
        case 4: 1e300
        case 5: .leastNonzeroMagnitude
        default: Double.random(in: 0...100_000, using: &generator)
        }
    }

    private static func time(_ generator: inout SeededRandom) -> Int64? {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: nil
        case 1: .min
        case 2: .max
        default: Int64.random(in: 0...2_000_000_000, using: &generator)
        }
    }

    private static func word(_ generator: inout SeededRandom) -> String {
        (hostile + ["police", "interpol"]).randomElement(using: &generator) ?? ""
    }

    private static func market(_ generator: inout SeededRandom) -> Market {
        let subscribers = [nil, 0, -1, 1, 100_000, Int.max].randomElement(using: &generator) ?? nil
        let access = [nil, Access.fixed, .mobile].randomElement(using: &generator) ?? nil
        return Market(id: word(&generator), access: access, subscribers: subscribers)
    }

    private static func figures(
        _ period: Period,
        _ market: Market,
        _ generator: inout SeededRandom
    ) -> PeriodFigures {
        var figures = PeriodFigures(period: period, market: market)
        func some<Value>(_ make: (inout SeededRandom) -> Value) -> [Value] {
            (0..<Int.random(in: 0...4, using: &generator)).map { _ in make(&generator) }
        }
        figures.attemptWindow = [2, 2, 1, 0, -1, Int.max].randomElement(using: &generator) ?? 2
        figures.operation = OperationFigures(
            uptimeSeconds: real(&generator),
            failOpenSeconds: real(&generator),
            killSwitchSeconds: real(&generator),
            packets: number(&generator),
            queueDrops: number(&generator),
            unseen: number(&generator)
        )
        figures.lists = some { generator in
            ListFigures(
                list: word(&generator),
                activations: [
                    ActivationFigures(
                        issuedAt: time(&generator),
                        receivedAt: time(&generator),
                        activatedAt: time(&generator) ?? 0
                    )
                ],
                entries: number(&generator),
                rejected: [RejectedFigures(reason: word(&generator), entries: number(&generator))],
                refusals: number(&generator),
                staleSeconds: real(&generator)
            )
        }
        figures.matches = some { generator in
            MatchFigures(
                list: word(&generator),
                mechanism: Mechanism.allCases.randomElement(using: &generator) ?? .dnsUDP,
                action: word(&generator),
                events: number(&generator),
                attempts: number(&generator)
            )
        }
        figures.anyAttempts = some { generator in
            AnyAttemptFigures(mechanism: .tlsSNI, action: word(&generator), attempts: number(&generator))
        }
        figures.visibility = VisibilityFigures(dnsNames: number(&generator), encryptedClientHello: number(&generator))
        figures.coverage = some { generator in
            CoverageFigures(
                list: word(&generator),
                mechanism: .quicV1,
                probes: number(&generator),
                blocked: number(&generator),
                medianMilliseconds: Bool.random(using: &generator) ? real(&generator) : nil,
                longestMilliseconds: Bool.random(using: &generator) ? real(&generator) : nil
            )
        }
        figures.unblockSeconds = some { real(&$0) }
        figures.removalSeconds = some { real(&$0) }
        figures.testMatches = some {
            TestMatchFigures(list: word(&$0), mechanism: .quicV1, events: number(&$0))
        }
        return figures
    }
}
