extension SensorConfiguration {
    /// Where the counters can be had, and by whom.
    package struct Metrics: Equatable, Sendable {
        /// The permission bits of the metrics socket.
        package var mode: UInt32 = 0o660

        /// The group of the metrics socket, by name or number; nil for the process's own.
        package var group: String?

        /// Where the counters can be had over TCP; nil for nowhere.
        package var listen: ListenAddress?

        /// The defaults.
        package init() {}

        /// Three or four octal digits that let the owner read and write and nobody execute.
        static func mode(_ text: String) -> UInt32? {
            guard (3...4).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x37).contains($0) }),
                let mode = UInt32(text, radix: 8), mode & ~0o666 == 0, mode & 0o600 == 0o600
            else { return nil }
            return mode
        }

        /// Whether a text may name a group.
        static func isGroup(_ text: String) -> Bool {
            (1...32).contains(text.utf8.count)
                && text.utf8.allSatisfy {
                    (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0) || (0x30...0x39).contains($0)
                        || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E
                }
        }
    }
}
