import FoundationEssentials
import Glibc

/// What happened to the lists.
package enum AuditEvent: String, CaseIterable, Sendable {
    case activate
    case approve
    case build
    case check
    case fetch
    case keygen
    case killSwitch = "kill-switch"
    case pass
    case refuse
    case rollback
    case sign
    case verify
}

/// What an audit record counts.
package enum AuditCount: String, CaseIterable, Sendable {
    case added
    case allowed
    case blocked
    case entries
    case flows
    case names
    case octets
    case rejected
    case removed
    case unlisted
}

/// What stands for a name that was asked for: 16 octets that only the holder of the key can connect with it, see
/// ``SealKey/auditDigest(of:)``.
package struct AuditDigest: Hashable, Sendable, CustomStringConvertible {
    static let length = 16

    private let octets: [UInt8]

    init(_ octets: [UInt8]) {
        self.octets = octets
    }

    package var description: String { Hexadecimal.text(octets) }
}

/// On whose behalf something happened.
package struct AuditCaller: Equatable, Sendable {
    /// A user as the system numbers and names them.
    private struct User: Equatable {
        let number: UInt32
        let name: String?

        init(_ number: UInt32) {
            self.number = number
            name = Self.name(of: number)
        }

        /// The user's name, where there is one and it is made of the letters that names of users are made of.
        private static func name(of number: UInt32) -> String? {
            var entry = unsafe passwd()
            var buffer = [CChar](repeating: 0, count: 1 << 14)
            var result: UnsafeMutablePointer<passwd>?
            let size = buffer.count
            // SAFETY: the entry's strings lie in `buffer`, which has `size` octets and outlives their use; the name ends in zero.
            return unsafe buffer.withUnsafeMutableBufferPointer { room in
                guard let base = room.baseAddress,
                    unsafe getpwuid_r(number, &entry, base, size, &result) == 0, unsafe result != nil,
                    let name = unsafe entry.pw_name
                else { return nil }
                let text = unsafe String(cString: name)
                let isPlain = text.utf8.allSatisfy {
                    (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || [0x2D, 0x2E, 0x5F].contains($0)
                }
                return isPlain && text.isEmpty == false && text.utf8.count <= 64 ? text : nil
            }
        }
    }

    private let user: User
    /// Who called sudo, where this process was started so.
    private let sudoUser: User?

    /// The user with this number, such as the peer of a socket.
    package init(uid: UInt32) {
        user = User(uid)
        sudoUser = nil
    }

    private init(_ user: User, sudoUser: User?) {
        self.user = user
        self.sudoUser = sudoUser
    }

    /// Whoever runs this process: its real user id and, where that is root's, the user that sudo says it was called by.
    package static func current() -> AuditCaller {
        let uid = getuid()
        // SAFETY: the name ends in zero; the string is copied at once, and nobody changes the environment.
        let sudo = unsafe getenv("SUDO_UID").map { unsafe String(cString: $0) }
        return AuditCaller(User(uid), sudoUser: uid == 0 ? sudo.flatMap { UInt32($0) }.map { User($0) } : nil)
    }

    fileprivate var line: AuditLine.Caller {
        AuditLine.Caller(
            uid: user.number,
            user: user.name,
            sudo_uid: sudoUser?.number,
            sudo_user: sudoUser?.name
        )
    }
}

/// One line of the audit log.
///
/// Its parts are numbers, digests, times, enumerations and words without dots: none of them can hold a domain name, an entry of a list or
/// what anybody typed.
package struct AuditRecord: Equatable, Sendable {
    /// A list that the event is about.
    package struct List: Equatable, Sendable {
        /// The list.
        package let id: Identifier

        /// Its release's number.
        package let sequence: UInt64?

        /// The SHA-256 of its file.
        package let digest: ContentDigest?

        /// The gates that it came through by an approval, and whose keys approved.
        package var approvals: [Identifier: [KeyID]] = [:]

        /// A list as far as is known of it.
        package init(_ id: Identifier, sequence: UInt64? = nil, digest: ContentDigest? = nil) {
            self.id = id
            self.sequence = sequence
            self.digest = digest
        }
    }

    /// When it happened.
    package var time: Timestamp

    /// What happened.
    package var event: AuditEvent

    /// On whose behalf.
    package var caller: AuditCaller

    /// The lists it is about.
    package var lists: [List] = []

    /// The SHA-256 of the snapshot it is about.
    package var snapshot: ContentDigest?

    /// The SHA-256 of the list file it is about, where no list is known to be in it.
    package var file: ContentDigest?

    /// The gates that refused or were approved.
    package var gates: [Identifier] = []

    /// The keys that signed or approved.
    package var keys: [KeyID] = []

    /// The names that were asked for.
    package var names: [AuditDigest] = []

    /// How many of what.
    package var counts: [AuditCount: UInt64] = [:]

    /// When it ends.
    package var expiresAt: Timestamp?

    /// A record of an event, to be filled in.
    package init(_ event: AuditEvent, by caller: AuditCaller = .current(), at time: Timestamp = .now) {
        self.event = event
        self.caller = caller
        self.time = time
    }

    /// The record as a JSON object in one line, with a line feed at its end. Fields that are empty are left out.
    package var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = AuditLine(
            time: time.description,
            event: event.rawValue,
            caller: caller.line,
            lists: lists.isEmpty
                ? nil
                : lists.map {
                    AuditLine.List(
                        id: $0.id.description,
                        sequence: $0.sequence,
                        sha256: $0.digest?.description,
                        approved: $0.approvals.isEmpty
                            ? nil
                            : Dictionary(
                                uniqueKeysWithValues: $0.approvals.map { ($0.description, $1.map(\.description)) }
                            )
                    )
                },
            snapshot: snapshot?.description,
            file: file?.description,
            gates: gates.isEmpty ? nil : gates.map(\.description),
            keys: keys.isEmpty ? nil : keys.map(\.description),
            names: names.isEmpty ? nil : names.map(\.description),
            counts: counts.isEmpty
                ? nil : Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }),
            expires: expiresAt?.description
        )
        // Text and numbers are all there is, which the encoder never refuses.
        return ((try? encoder.encode(line)).map { Array($0) } ?? []) + [0x0A]
    }
}

/// The fields of a line, as JSON names them.
private struct AuditLine: Encodable {
    struct Caller: Encodable {
        let uid: UInt32
        let user: String?
        let sudo_uid: UInt32?
        let sudo_user: String?
    }

    struct List: Encodable {
        let id: String
        let sequence: UInt64?
        let sha256: String?
        let approved: [String: [String]]?
    }

    let time: String
    let event: String
    let caller: Caller
    let lists: [List]?
    let snapshot: String?
    let file: String?
    let gates: [String]?
    let keys: [String]?
    let names: [String]?
    let counts: [String: UInt64]?
    let expires: String?
}
