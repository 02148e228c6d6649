import Glibc
import SystemPackage

/// Fetches lists.
///
/// A destination has the list before or the list after, whole, whenever it is looked at and whatever ends the fetch. A list takes its
/// place only when the transfer ended well, the answer was 200 and the caller has accepted it.
///
/// A list and its detached signature are two files, and two files cannot be replaced at once: for a moment, or after a crash between
/// the two until the next fetch, the new signature stands beside the list before. A reader that checks them refuses the pair and
/// keeps what it has; the next fetch asks without conditions and puts the missing half in place. The same heals a fetch that met
/// the publisher between its own two uploads: the pair is refused, nothing is touched.
package struct ListFetcher: Sendable {
    private let environment: [String: String]
    private let repetitions: Int
    private let pause: Duration

    /// The most octets of a signature.
    package static let maximumSignatureSize = 64 << 10

    /// Makes a fetcher.
    ///
    /// - Parameters:
    ///   - environment: what curl may see; of it, only its search path, proxies and trusted certificates.
    ///   - repetitions: how often a transfer is tried again that failed for want of a connection, an answer in time or a server in order.
    ///   - pause: about how long to wait before the first repetition; twice as long before the next.
    package init(
        environment: [String: String] = Self.inheritedEnvironment(),
        repetitions: Int = 2,
        pause: Duration = .seconds(2)
    ) {
        self.environment = environment
        self.repetitions = repetitions
        self.pause = pause
    }

    /// What of this process's environment is for curl.
    package static func inheritedEnvironment() -> [String: String] {
        var values: [String: String] = [:]
        for name in CurlTransfer.environmentNames {
            // SAFETY: getenv returns a string of the environment, which nothing in this process changes, or null.
            values[name] = unsafe getenv(name).map { unsafe String(cString: $0) }
        }
        return values
    }

    /// Fetches a list and, where the source says so, its signature.
    ///
    /// - Parameters:
    ///   - source: what to fetch.
    ///   - accept: decides over a list or signature that is new, before it is put into place; what it throws refuses it.
    ///   - progress: is told the octets of the list so far, beginning anew with each repetition.
    /// - Returns: whether anything was replaced.
    /// - Throws: `FetchError`; the list and its signature are then as they were, save that after a failure of the file system in the very
    ///   moment between the two the signature may be the new one. The task's cancellation ends curl and comes as `.cancelled`.
    package func fetch(
        _ source: FetchSource,
        accept: (FetchedFiles) throws -> Void,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FetchError) -> FetchOutcome {
        var place = source.location
        do throws(FetchError.Cause) {
            let folder = try WorkFolder(for: source.destination)
            let lock = try folder.acquireLock()
            defer { folder.release(lock) }
            folder.removeLeftovers()
            defer { folder.removeLeftovers() }
            var run = FetchRun(source: source, folder: folder, record: folder.readRecord())

            let deadline = ContinuousClock.now + source.totalTimeout
            if source.isSigned {
                place = source.location.signature
                let part = try PartialFile(path: folder.signature)
                _ = try await transfer(place, source, nil, Self.maximumSignatureSize, into: part, deadline) { _ in }
                run.signature = part
                place = source.location
            }
            let part = try PartialFile(path: folder.list)
            let answer = try await transfer(
                place,
                source,
                run.record,
                source.maximumSize,
                into: part,
                deadline,
                progress
            )
            guard !Task.isCancelled else { throw .cancelled }
            return try run.finish(answer, list: part, accept: accept)
        } catch {
            throw FetchError(id: source.id, place: place.description, cause: error)
        }
    }

    /// One file, with repetitions.
    private func transfer(
        _ location: FetchLocation,
        _ source: FetchSource,
        _ record: FetchRecord?,
        _ maximumSize: Int,
        into part: PartialFile,
        _ deadline: ContinuousClock.Instant,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(FetchError.Cause) -> CurlTransfer.Answer {
        var repetition = 0
        while true {
            do throws(FetchError.Cause) {
                switch location.kind {
                case .file:
                    if record != nil, FileCopy.haveSameContent(location.text, source.destination) {
                        return .notModified
                    }
                    let octets = try FileCopy.copy(
                        location.text,
                        into: part,
                        maximumSize: maximumSize,
                        deadline: deadline,
                        progress: progress
                    )
                    return .complete(octets: octets, nil)
                case .https:
                    let transfer = CurlTransfer(
                        url: location.text,
                        validators: record?.validators,
                        proxy: source.proxy,
                        certificateAuthority: source.certificateAuthority,
                        maximumSize: maximumSize,
                        connectTimeout: source.connectTimeout,
                        stallTimeout: source.stallTimeout,
                        deadline: deadline,
                        environment: environment
                    )
                    return try await transfer.run(into: part, progress: progress)
                }
            } catch {
                let pause = pause * (1 << repetition) * Double.random(in: 0.5...1.5)
                guard error.isTransient, repetition < repetitions, ContinuousClock.now + pause < deadline else {
                    throw error
                }
                repetition += 1
                do { try await Task.sleep(for: pause) } catch { throw FetchError.Cause.cancelled }
                try part.empty()
            }
        }
    }
}

/// A fetch whose transfers are done: what is new is decided over and put into place.
private struct FetchRun {
    let source: FetchSource
    let folder: WorkFolder
    /// What is known of the files in place; nil where they are not what was last accepted from this location.
    let record: FetchRecord?
    /// The signature that was fetched.
    var signature: PartialFile?

    init(source: FetchSource, folder: WorkFolder, record: FetchRecord?) {
        self.source = source
        self.folder = folder
        let isPresent =
            record.map { record in
                record.location == source.location.text && record.list == FileIdentity(path: source.destination)
                    && record.signature == (source.isSigned ? FileIdentity(path: source.destination + ".sig") : nil)
                    && source.isSigned == (record.signature != nil)
            } ?? false
        self.record = isPresent ? record : nil
    }

    private var signaturePath: String { source.destination + ".sig" }

    func finish(
        _ answer: CurlTransfer.Answer,
        list: PartialFile,
        accept: (FetchedFiles) throws -> Void
    ) throws(FetchError.Cause) -> FetchOutcome {
        let isNewSignature = signature.map { !FileCopy.haveSameContent($0.path, signaturePath) } ?? false
        switch (answer, record) {
        case (.notModified, let record?):
            guard isNewSignature else { return .unchanged }
            // The publisher has signed the same list again, for a longer time perhaps.
            try decide(accept, list: source.destination)
            try replace(list: nil, validators: record.validators, record.list)
            return .replaced(octets: Int(record.list.size))
        case (.notModified, nil):
            throw .status(304)
        case (.complete(let octets, let validators), let record):
            if var record, !isNewSignature, FileCopy.haveSameContent(list.path, source.destination) {
                if record.validators != validators {
                    record.validators = validators
                    try folder.write(record)
                }
                return .unchanged
            }
            try decide(accept, list: list.path)
            try replace(list: list, validators: validators, nil)
            return .replaced(octets: octets)
        }
    }

    private func decide(_ accept: (FetchedFiles) throws -> Void, list: String) throws(FetchError.Cause) {
        do {
            try accept(FetchedFiles(list: list, signature: signature?.path))
        } catch {
            throw .refused(String(describing: error))
        }
        guard !Task.isCancelled else { throw .cancelled }
    }

    /// Puts what was accepted into place; the record goes first and comes last, so that a fetch that is killed in between is done again.
    private func replace(
        list: PartialFile?,
        validators: FetchRecord.Validators?,
        _ present: FileIdentity?
    ) throws(FetchError.Cause) {
        // What a full disk can spoil comes before anything is touched.
        try signature?.prepare(for: signaturePath)
        try list?.prepare(for: source.destination)
        try folder.removeRecord()
        let signatureIdentity: FileIdentity?
        if let signature {
            signatureIdentity = try signature.place(at: signaturePath)
        } else {
            signatureIdentity = nil
        }
        let listIdentity: FileIdentity?
        if let list {
            listIdentity = try list.place(at: source.destination)
        } else {
            listIdentity = present
        }
        try synchronizeFolder(of: source.destination)
        guard let listIdentity else { return }
        let record = FetchRecord(
            location: source.location.text,
            validators: validators,
            list: listIdentity,
            signature: signatureIdentity
        )
        // The list is in place; without a record the next fetch asks without conditions, which is no reason to report a failure.
        try? folder.write(record)
    }
}
