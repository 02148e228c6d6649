/// As much of the head of an HTTP response (RFC 9112 §4) as shows whether a site was blocked.
struct HTTPReply: Equatable, Sendable {
    /// The status; zero where the first line has none.
    let status: Int
    /// The lines of the head behind the first, in lower case, without spaces.
    private let fields: Set<String>

    /// Octets of a head that are looked at.
    static let limit = 8_192

    /// Reads a response of which the head is there; nil until it is.
    init?(parsing octets: [UInt8]) {
        let head = octets.prefix(Self.limit)
        guard let end = Self.end(of: head) ?? (octets.count >= Self.limit ? Self.limit : nil) else { return nil }
        let lines = head[..<end].split(separator: 0x0A).map { line in
            String(decoding: line.filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self).lowercased()
        }
        // `HTTP/1.1 451 …` without its spaces.
        let first = lines.first ?? ""
        status = first.hasPrefix("http/1.") ? Int(first.dropFirst(8).prefix(3)) ?? 0 : 0
        fields = Set(lines.dropFirst())
    }

    private static func end(of head: ArraySlice<UInt8>) -> Int? {
        var previous: UInt8 = 0
        for (index, octet) in head.enumerated() where octet != 0x0D {
            if octet == 0x0A, previous == 0x0A { return index }
            previous = octet
        }
        return nil
    }

    /// Whether it is a page that says that the site is blocked (RFC 7725), or leads to one as the sensor does: without telling it where from.
    var isStopPage: Bool {
        status == 451
            || status == 302 && fields.isSuperset(of: ["referrer-policy:no-referrer", "cache-control:no-store"])
    }
}
