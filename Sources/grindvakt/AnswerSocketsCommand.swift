import ArgumentParser
import Glibc
import Handover
import Responses

/// `grindvakt answer-sockets`: opens what answers leave by, for a sensor that may not.
struct AnswerSocketsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "answer-sockets",
        _superCommandName: Grindvakt.name,
        abstract: "Open the raw sockets that the sensor answers by, and leave them with systemd for it.",
        discussion: """
            For ExecStartPre=+ of the sensor's unit, where it is root for a moment. The sensor then runs without CAP_NET_RAW and opens no IP socket.

            Exit status: 0 done; 2 not started by systemd; 3 a privilege is missing.
            """,
        shouldDisplay: false
    )

    func run() throws {
        let notifier = ServiceNotifier()
        guard notifier.isHeard else { throw ResponseError.nobodyKeepsSockets }
        let descriptors = try PassedSockets.open()
        defer { for descriptor in descriptors { close(descriptor) } }
        // In the place of those that are kept from an earlier time.
        notifier.forget(PassedSockets.name)
        for descriptor in descriptors {
            guard notifier.keep(descriptor, as: PassedSockets.name) else {
                throw ResponseError.refused(step: "leave sockets with systemd", errorNumber: errno)
            }
        }
    }
}
