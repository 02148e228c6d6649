import Testing

@testable import LiveView

@Suite("Figures as text")
struct FigureTextTests {
    @Test(
        arguments: [
            (nil, "-"), (0, "0"), (0.001, "<0.01"), (0.02, "0.02"), (0.099, "0.10"), (0.0994, "0.10"), (3.42, "3.4"),
            (9.94, "9.9"), (9.96, "10"), (512.4, "512"), (999.4, "999"), (999.6, "1.00k"), (1234, "1.23k"),
            (48_230, "48.2k"),
            (99_960, "100k"), (999_600, "1.00M"), (1.05e6, "1.05M"), (3e9, "3.00G"), (.infinity, "-"), (-1, "0"),
        ] as [(Double?, String)]
    )
    func `rates have three digits`(value: Double?, text: String) {
        #expect(FigureText.rate(value) == text)
    }

    @Test(
        arguments: [
            (nil, "-"), (0, "0.0us"), (0.000_000_8, "0.8us"), (0.000_012_4, "12.4us"), (0.000_099_96, "100us"),
            (0.000_510, "510us"), (0.001_24, "1.24ms"), (0.0996, "99.6ms"), (0.1, "100ms"), (2.1, "2.1s"),
            (5000, "1h 23m"),
        ] as [(Double?, String)]
    )
    func `times to verdicts have their unit`(seconds: Double?, text: String) {
        #expect(FigureText.time(seconds) == text)
    }

    @Test(
        arguments: [
            (0, "0s"), (59.9, "59s"), (120, "2m"), (125, "2m 5s"), (7200, "2h"), (12_000, "3h 20m"), (86_400, "1d"),
            (1e6, "11d 13h"), (1e9, "11574d"), (-5, "0s"), (.nan, "-"),
        ] as [(Double, String)]
    )
    func `lengths of time have at most two units`(seconds: Double, text: String) {
        #expect(FigureText.span(seconds) == text)
    }

    @Test func `counts, shares, amounts and clocks`() {
        #expect(FigureText.count(nil) == "-" && FigureText.count(999_999) == "999999")
        #expect(FigureText.count(10_000_000) == "10.0M")
        #expect(FigureText.count(.max) == "18.4E")
        #expect(FigureText.share(0.0123) == "1.2%" && FigureText.share(0.95) == "95%" && FigureText.share(0) == "0%")
        #expect(FigureText.octets(0) == "0B" && FigureText.octets(12_288) == "12KiB")
        #expect(FigureText.octets(3_565_158) == "3.4MiB")
        #expect(FigureText.clock(1_763_866_860) == "03:01:00" && FigureText.clock(-1) == "00:00:00")
    }

    @Test func `bars tell nothing from little`() {
        #expect(Curve.line([nil, 0, 0.001, 50, 100], .unicode) == " ▁▂▅█")
        #expect(Curve.line([0, 0], .unicode) == "▁▁" && Curve.line([nil], .ascii) == " ")
        #expect(Curve.line([0.5, 2], ceiling: 1, .unicode) == "▅█")
        #expect(Curve.lines([nil, 0, 1, 8, 16], height: 2, .unicode) == ["    █", " ▁▁██"])
        #expect(Curve.lines([1], height: 0, .unicode).isEmpty)
    }
}
