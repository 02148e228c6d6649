import ArgumentParser
import Confinement
import Glibc
import SystemPackage

/// `grindvakt selftest confinement`: what a sensor can still do once it is confined.
struct ConfinementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "confinement",
        _superCommandName: Grindvakt.name,
        abstract:
            "Confine this process as the sensor confines itself, try what it must not do, and print what became of each.",
        discussion: """
            Who gets hold of a running sensor, through a fault in it, can do what its process can do and no more. This command takes from itself \
            what the sensor takes from itself (`sandbox`, in the configuration) and then tries each of the rest. No network, no file and no other \
            process is touched, and no privilege is needed. What the systemd unit adds is not tried here: systemd-analyze security grindvakt.

            refused   the confinement stands in the way
            ALLOWED   it does not

            In the same words as the sensor's own, of the process as it then is:
              grindvakt selftest confinement | head -n 5

            Exit status: 0 each is refused; 1 some are ALLOWED, or part of the confinement cannot be put in force on this kernel.
            """
    )

    @Flag(help: "Confine as `grindvakt tap` does, which opens interfaces anew, and not as `grindvakt run`.")
    var tap = false

    func run() throws {
        let gaps = Confinement.apply(for: tap ? .interfaces : .queues)
        var lines = gaps.map { "NOT in force: \($0.rawValue)" }
        if let status = ProcessStatus.current() {
            lines += [
                "system calls filtered: \(status.isFiltered ? "yes" : "no")",
                "no new privileges: \(status.hasNoNewPrivileges ? "yes" : "no")",
                "capabilities: \(status.permitted.description)",
            ]
        }
        let endings = ForbiddenCall.all(tap ? .interfaces : .queues).map { ($0.purpose, $0.run()) }
        lines += endings.map { purpose, ending in
            switch ending {
            case .refused: "refused   \(purpose)"
            case .allowed: "ALLOWED   \(purpose)"
            case .failed(let errorNumber): "ALLOWED   \(purpose) (the kernel got as far as error \(errorNumber))"
            }
        }
        let text = lines.map { $0 + "\n" }.joined()
        try FileDescriptor.standardOutput.writeAll(text.utf8)
        guard gaps.isEmpty, endings.allSatisfy({ $0.1 == .refused }) else { throw ExitCode(1) }
    }
}
