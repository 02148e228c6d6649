import FoundationEssentials
import Testing

/// What the units say that the program counts on. That systemd runs them is what the machine of `Tests/VirtualMachine` tells.
@Suite("Units of systemd")
struct UnitTests {
    private static let sensors = ["grindvakt.service", "grindvakt-tap@.service"]

    private static func text(of unit: String) throws -> String {
        let path = "\(Program.packageRoot())/systemd/\(unit)"
        return String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    }

    /// The values of a setting of a unit, in their order.
    private static func values(of setting: String, in unit: String) throws -> [String] {
        try text(of: unit).split(separator: "\n").filter { $0.hasPrefix(setting + "=") }
            .map { String($0.dropFirst(setting.utf8.count + 1)) }
    }

    @Test func `each sensor has a place for its state, and each tap one of its own`() throws {
        #expect(try Self.values(of: "StateDirectory", in: "grindvakt.service") == ["grindvakt"])
        #expect(try Self.values(of: "StateDirectory", in: "grindvakt-tap@.service") == ["grindvakt-tap/%i"])
        for unit in Self.sensors {
            #expect(try Self.values(of: "ProtectSystem", in: unit) == ["strict"])
            #expect(try Self.values(of: "StateDirectoryMode", in: unit) == ["0750"])
        }
    }

    @Test(arguments: ["grindvakt-fetch.service", "grindvakt-coverage.service"])
    func `a unit that talks to the network cannot look into the state of a sensor`(unit: String) throws {
        let hidden = try Self.values(of: "InaccessiblePaths", in: unit).flatMap { $0.split(separator: " ") }
        for sensor in Self.sensors {
            let state = try #require(try Self.values(of: "StateDirectory", in: sensor).first)
            let folder = try #require(state.split(separator: "/").first)
            #expect(hidden.contains { $0 == "-/var/lib/\(folder)" }, "\(hidden)")
        }
    }

    @Test func `a start that fails for good is not tried again, and one that fails for now is`() throws {
        #expect(try Self.values(of: "RestartPreventExitStatus", in: "grindvakt.service") == ["2 3"])
        #expect(try Self.values(of: "Restart", in: "grindvakt.service") == ["on-failure"])
        #expect(try Self.values(of: "StartLimitBurst", in: "grindvakt.service") == [])
    }

    @Test(.enabled("needs systemd-analyze") { try await Program.run("which", ["systemd-analyze"]).status == 0 })
    func `systemd has nothing to say of the units of sensors`() async throws {
        try await Folder.with { folder in
            for unit in Self.sensors {
                let copy = unit.replacing("@.", with: "@eth1.")
                let text = try Self.text(of: unit).replacing("/usr/local/bin/grindvakt", with: "/bin/true")
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(copy)"))
                let said = try await Program.run("systemd-analyze", ["verify", "--man=no", "\(folder.path)/\(copy)"])
                #expect(said.status == 0 && said.output.isEmpty && said.errors.isEmpty, "\(said)")
            }
        }
    }
}
