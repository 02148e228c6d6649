import Blocklists
import Inspection
import Telemetry
import Testing

@testable import LiveCapture

@Suite("Tap errors")
struct TapErrorTests {
    /// The last three are sources that libpcap knows and that are no network interfaces; `nfqueue` would take packets away.
    @Test(arguments: ["gone0", "", "a-name-longer-than-the-kernel-takes", "nflog", "nfqueue", "dbus-system"])
    func `what is no network interface is refused before anything is opened`(name: String) throws {
        let blocklist = BlocklistBuilder(lists: [], key: HashKey(1, 2)).build()
        let error = #expect(throws: TapError.self) {
            try TapPool(
                [TapConfiguration(interface: name)],
                inspector: InspectorConfiguration(),
                blocklists: BlocklistSource(blocklist)
            ) { _ in Issue.record("an event came of an interface that there is not") }
        }
        guard case .noInterface(name, let available) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(available.first == "any")
        #expect(available.contains("lo"))
    }

    @Test(arguments: [
        TapError.noInterface("eth9", available: ["any", "lo"]), .notPermitted(interface: "eth9"),
        .down(interface: "eth9"), .gone(interface: "eth9"), .filter(interface: "eth9", reason: "syntax error"),
        .unsupportedLinkType(interface: "eth9", name: "USB_LINUX"), .refused(interface: "eth9", reason: "no memory"),
    ])
    func `an error is one line that names the interface`(error: TapError) {
        #expect(error.description.hasPrefix("interface eth9: "))
        #expect(error.description.contains("\n") == false)
        #expect(TapEvent.lost(error).description.hasSuffix("; tried again every second"))
    }
}

@Suite("Tap events")
struct TapEventTests {
    @Test func `what libpcap says of a filter is told to who starts the tap, and not logged`() {
        let error = TapError.filter(interface: "eth9", reason: "unknown host 'zebra.test'")
        #expect(error.description.contains("zebra.test"))
        #expect(TapEvent.lost(error).description.contains("zebra.test") == false)
    }
}

@Suite("Tap account")
struct TapAccountTests {
    @Test func `the kernel's numbers are added up over their overflow and over an interface that comes back`() {
        let account = TapAccount(number: 3, interface: "eth9")
        let first = TapStatistics(received: .max - 1, kernelDropped: 5, interfaceDropped: .max)
        account.add(first, since: TapStatistics())
        account.add(TapStatistics(received: 8, kernelDropped: 5, interfaceDropped: 0), since: first)
        account.add(TapStatistics(received: 2, kernelDropped: 1, interfaceDropped: 0), since: TapStatistics())
        #expect(
            account.state
                == TapState(
                    queue: 3,
                    interface: "eth9",
                    isReading: false,
                    received: UInt64(UInt32.max) + 9 + 2,
                    kernelDropped: 6,
                    interfaceDropped: UInt64(UInt32.max) + 1
                )
        )
    }

    @Test func `what the worker says of the interface is what is reported`() {
        let account = TapAccount(number: 0, interface: "eth9")
        account.isReading = true
        #expect(account.state.isReading)
        account.isReading = false
        #expect(account.state.isReading == false)
        #expect(account.isStopping == false)
        account.stop()
        #expect(account.isStopping)
    }
}
