import Testing

@testable import LiveView

@Suite("View state")
struct ViewStateTests {
    @Test(
        arguments: [
            ("q", [.character("q")]), ("\u{1B}[A\u{1B}OB", [.up, .down]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]),
            ("\u{1B}", [.escape]), ("\u{1B}q", [.escape, .character("q")]), ("\u{1B}[1;5Ap", [.character("p")]),
            ("\u{1B}[H\u{1B}[F", [.home, .end]), ("\u{0C}", [.redraw]), ("\u{1B}[", []), ("\u{1B}[1", []),
            ("å\u{7F}\t", []),
            ("", []),
        ] as [(String, [Key])]
    )
    func `keys are read out of what a terminal sends`(sent: String, keys: [Key]) {
        #expect(Key.keys(in: Array(sent.utf8)) == keys)
    }

    @Test func `no octets are too odd to be read`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                #expect(Key.keys(in: [0x1B, first, second]).count <= 3)
                #expect(Key.keys(in: [0x1B, 0x5B, first, second]).count <= 3)
            }
        }
    }

    @Test func `keys do what the footer says`() {
        var state = ViewState()
        func press(_ key: Key) -> ViewState.Outcome { state.apply(key, page: 10, limit: 25) }
        #expect(press(.character("x")) == .nothing && press(.redraw) == .redraw)
        #expect(press(.character("p")) == .redraw && state.isPaused)
        #expect(press(.character(" ")) == .redraw && state.isPaused == false)
        #expect(press(.character("3")) == .redraw && state.section == .lists)
        #expect(press(.down) == .redraw && press(.pageDown) == .redraw && state.scroll == 11)
        #expect(press(.pageDown) == .redraw && press(.pageDown) == .redraw && state.scroll == 25)
        #expect(press(.down) == .nothing && press(.end) == .nothing && press(.home) == .redraw && state.scroll == 0)
        #expect(press(.up) == .nothing)
        #expect(press(.character("3")) == .redraw && state.section == nil)
        #expect(press(.character("2")) == .redraw && press(.escape) == .redraw && state.section == nil)
        #expect(press(.character("?")) == .redraw && state.showsHelp && press(.character("4")) == .redraw)
        #expect(state.showsHelp == false && state.section == .unjudged && press(.character("0")) == .redraw)
        #expect(press(.character("r")) == .redraw && state.isReversed)
        #expect(press(.character("q")) == .quit)
    }

    @Test func `s goes through the columns of what is shown`() {
        var state = ViewState()
        var seen: [SortColumn?] = []
        for _ in 0...SortColumn.allCases.count {
            _ = state.apply(.character("s"), page: 1, limit: 0)
            seen.append(state.sort)
        }
        #expect(seen == SortColumn.allCases.map { $0 } + [nil])
        _ = state.apply(.character("3"), page: 1, limit: 0)
        _ = state.apply(.character("s"), page: 1, limit: 0)
        #expect(state.sort == .list)
    }
}
