import Glibc
import Testing

@testable import Confinement

/// The confinement itself cannot be taken back, so it is tried in a process of its own: `grindvakt selftest confinement`, in `CommandLineTests`.
@Suite("Forbidden calls")
struct ForbiddenCallTests {
    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `without a confinement the kernel gets further with most`() {
        let endings = ForbiddenCall.all(.queues).map { $0.run() }
        // Some are refused to everybody on some hosts: by the lockdown of a kernel, or inside a container.
        #expect(endings.count { $0 != .refused } > endings.count / 2, "\(endings)")
    }

    @Test func `a tap may open sockets that the sensor may not`() {
        #expect(ForbiddenCall.all(.interfaces).count < ForbiddenCall.all(.queues).count)
    }

    @Test func `each has a purpose of its own`() {
        let purposes = ForbiddenCall.all(.queues).map(\.purpose)
        #expect(Set(purposes).count == purposes.count)
    }
}
