import Crypto
import Glibc

/// The SHA-256 of a file or a message (FIPS 180-4), written as 64 lower-case hexadecimal digits, as `sha256sum` does.
package struct ContentDigest: Hashable, Sendable, LosslessStringConvertible {
    /// Octets of a digest.
    package static let length = 32

    /// The 32 octets.
    package let octets: [UInt8]

    /// A digest that is known; nil unless it has 32 octets.
    package init?(octets: [UInt8]) {
        guard octets.count == Self.length else { return nil }
        self.octets = octets
    }

    /// The digest of these octets.
    package init(of content: [UInt8]) {
        octets = Array(SHA256.hash(data: content))
    }

    /// The digest that 64 lower-case hexadecimal digits spell, or nil.
    package init?(_ description: String) {
        guard let octets = Hexadecimal.octets(description.utf8), octets.count == Self.length else { return nil }
        self.octets = octets
    }

    fileprivate init(_ hash: consuming SHA256) {
        octets = Array(hash.finalize())
    }

    package var description: String { Hexadecimal.text(octets) }
}

/// Makes a ``ContentDigest`` of octets that come piece by piece.
///
/// Who reads a list while it hashes it cannot be given another one between checking and reading.
package struct ContentHasher: Sendable {
    private var hash = SHA256()

    /// Octets taken in.
    package private(set) var length: UInt64 = 0

    /// Nothing taken in yet.
    package init() {}

    /// Takes in the next octets.
    package mutating func update(_ bytes: Span<UInt8>) {
        // SAFETY: the pointer covers `bytes`, which live for the time of the call.
        unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        length += UInt64(bytes.count)
    }

    /// The digest of all that was taken in.
    package var digest: ContentDigest { ContentDigest(hash) }

    /// Takes in all that an open file gives from where it stands.
    mutating func update(reading file: borrowing OpenFile) throws(SystemCause) {
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = try file.read(into: &piece)
            guard count > 0 else { return }
            update(piece.span.extracting(..<count))
        }
    }

    /// The digest and the length of a file.
    package static func file(_ path: String) throws(TrustError) -> (digest: ContentDigest, length: UInt64) {
        var hasher = ContentHasher()
        do throws(SystemCause) {
            let file = try OpenFile(path, O_RDONLY)
            if try file.status().isRegular {
                try hasher.update(reading: file)
                return (hasher.digest, hasher.length)
            }
        } catch {
            throw TrustError(path, .unreadable(error))
        }
        throw TrustError(path, .notAFile)
    }
}

/// Lower-case hexadecimal digits and what they stand for.
enum Hexadecimal {
    /// Two digits for each octet.
    static func text(_ octets: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for octet in octets {
            text.append(digits[Int(octet >> 4)])
            text.append(digits[Int(octet & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The octets of pairs of lower-case digits; nil where there is anything else.
    static func octets(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(text.count / 2)
        var high: UInt8?
        for character in text {
            let digit: UInt8
            switch character {
            case 0x30...0x39: digit = character - 0x30
            case 0x61...0x66: digit = character - 0x61 + 10
            default: return nil
            }
            if let first = high {
                octets.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return octets
    }
}
