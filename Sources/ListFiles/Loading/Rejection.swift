import Telemetry

/// Why one list is not used.
struct Rejection: Error {
    let causes: Set<ListRefusal>
    let reason: String
    let digest: ContentDigest?

    init(_ causes: Set<ListRefusal>, _ reason: String, _ digest: ContentDigest? = nil) {
        self.causes = causes
        self.reason = reason
        self.digest = digest
    }

    init(_ cause: ListRefusal, _ reason: String, _ digest: ContentDigest? = nil) {
        self.init([cause], reason, digest)
    }

    init(_ error: ListFileError, _ digest: ContentDigest? = nil) {
        self.init(ListRefusal(error), error.description, digest)
    }

    init(_ error: TrustError, _ digest: ContentDigest) {
        self.init(ListRefusal(error.fault), error.description, digest)
    }

    static func of<Value>(_ body: () throws(ListFileError) -> Value) throws(Rejection) -> Value {
        do throws(ListFileError) {
            return try body()
        } catch {
            throw Rejection(error)
        }
    }
}

extension TrustError {
    /// Runs `body`, whose faults are those of the file at `path`.
    static func at<Value>(
        _ path: String,
        _ body: () throws(TrustFault) -> Value
    ) throws(TrustError) -> Value {
        do throws(TrustFault) {
            return try body()
        } catch {
            throw TrustError(path, error)
        }
    }
}
