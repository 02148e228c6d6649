import ArgumentParser
import ControlSocket
import Handover
import ListFiles
import LiveCapture
import NetfilterQueue
import NetfilterRules
import NetworkLab
import Responses
import SensorConfiguration
import SystemPackage

/// An error that is told in one line, which names the object, what is wrong and the mend, and that knows its exit status.
protocol CommandFailure: Error, CustomStringConvertible {
    /// 1 where another process has what is needed, and trying again helps once it is gone, 2 for bad usage, configuration or input, 3 for a missing
    /// privilege or kernel feature.
    var exitStatus: Int32 { get }
}

extension ConfigurationError: CommandFailure {
    var exitStatus: Int32 { 2 }
}

extension ListFileError: CommandFailure {
    var exitStatus: Int32 { 2 }
}

extension TrustError: CommandFailure {
    var exitStatus: Int32 { fault.isAnswer ? 1 : 2 }
}

extension QueueError: CommandFailure {
    var exitStatus: Int32 { isTemporary ? 1 : 3 }
}

extension ResponseError: CommandFailure {
    var exitStatus: Int32 { self == .nobodyKeepsSockets ? 2 : 3 }
}

extension TapError: CommandFailure {
    var exitStatus: Int32 {
        switch self {
        case .noInterface, .filter, .unsupportedLinkType: 2
        case .notPermitted, .down, .gone, .refused: 3
        }
    }
}

extension ControlSocketError: CommandFailure {
    var exitStatus: Int32 {
        switch self {
        case .failed(_, _, let number, _) where Errno(rawValue: number) == .permissionDenied: 3
        case .groupNotPermitted: 3
        default: 2
        }
    }
}

extension HandoverError: CommandFailure {
    var exitStatus: Int32 {
        if case .notPermitted = self { 3 } else { 2 }
    }
}

extension ControlClientError: CommandFailure {
    var exitStatus: Int32 {
        switch self {
        case .notPermitted, .answered(_, 403, _): return 3
        default: return 2
        }
    }
}

extension RulesError: CommandFailure {}

extension LabError: CommandFailure {}

extension WorkerFailure: CommandFailure {
    var exitStatus: Int32 { 3 }
}

/// What cannot be done as it was asked: bad usage, configuration or input.
struct Refusal: CommandFailure {
    let description: String
    let exitStatus: Int32 = 2
}

extension Grindvakt {
    /// A line on standard error that ends nothing.
    static func warn(_ text: String) {
        _ = try? FileDescriptor.standardError.writeAll("grindvakt: \(text)\n".utf8)
    }

    /// The one place that turns an error into a line on standard error and an exit status.
    static func end(_ error: any Error) -> Never {
        if let failure = error as? any CommandFailure {
            warn(failure.description)
            systemExit(failure.exitStatus)
        }
        // Help, version and usage: ArgumentParser has the text; its status for bad usage is 64, ours is 2 and a single line.
        let status = exitCode(for: error)
        if status == .validationFailure {
            let problem = message(for: error).split(separator: "\n").joined(separator: " ")
            warn("\(problem.hasSuffix(".") ? String(problem.dropLast()) : problem); see grindvakt --help")
            systemExit(2)
        }
        let message = fullMessage(for: error)
        if message.isEmpty == false {
            let stream = status == .success ? FileDescriptor.standardOutput : .standardError
            _ = try? stream.writeAll((message + "\n").utf8)
        }
        systemExit(status.rawValue)
    }
}
