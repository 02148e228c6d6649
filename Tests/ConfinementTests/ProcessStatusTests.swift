import Testing

@testable import Confinement

@Suite("What the kernel says of a process's confinement")
struct ProcessStatusTests {
    @Test func `the lines that count are read`() {
        let status = ProcessStatus(
            """
            Name:\tgrindvakt
            CapPrm:\t0000000000003000
            CapEff:\t0000000000001000
            NoNewPrivs:\t1
            Seccomp:\t2
            """
        )
        #expect(status.effective == .netAdmin)
        #expect(status.permitted == [.netAdmin, .netRaw])
        #expect(status.hasNoNewPrivileges)
        #expect(status.isFiltered)
    }

    @Test func `a text that says nothing leaves everything open`() {
        for text in ["", "CapEff", "CapEff:", "CapEff:\txyz\nSeccomp:\t0\nNoNewPrivs:\t0"] {
            let status = ProcessStatus(text)
            #expect(status.effective == [])
            #expect(status.isFiltered == false)
            #expect(status.hasNoNewPrivileges == false)
        }
    }

    @Test func `capabilities are named as in units`() {
        #expect(Capabilities([.netAdmin, .netRaw]).description == "CAP_NET_ADMIN CAP_NET_RAW")
        #expect(Capabilities().description == "none")
        #expect(Capabilities(rawValue: 0b111 | Capabilities.netAdmin.rawValue).description.hasSuffix("2 more"))
    }
}
