import Wire

/// The end of a line that has room behind it, for parts of which it is known how long they can be.
///
/// A value of its own: the processor keeps it in a register, where the line's own length would be stored with each part and read again for the next.
/// Only ``TextLine/end(room:)`` makes one, and whoever writes there asks for room enough, whole words included: each part is written in
/// words, the last with octets that are none of the text.
@safe
struct LineEnd {
    // SAFETY: points into the memory of a line, or behind it, which nobody else touches meanwhile.
    private var place: UnsafeMutableRawPointer
    private let limit: UnsafeMutableRawPointer

    /// The end of a line with so many octets of room behind it.
    @inline(__always)
    init(_ place: UnsafeMutableRawPointer, room: Int) {
        unsafe self.place = place
        unsafe limit = place + room
    }

    /// Octets from the beginning of the line to this place.
    @inline(__always)
    func distance(from start: UnsafeMutablePointer<UInt8>) -> Int { unsafe place - UnsafeMutableRawPointer(start) }

    /// Appends the first `count` octets of a word, or of several; needs room for all of them.
    @inline(__always)
    mutating func append<Words: BitwiseCopyable>(_ words: Words, _ count: Int) {
        unsafe assert(place + MemoryLayout<Words>.size <= limit, "there is less room than is written")
        // SAFETY: whoever writes here has asked for room for whole words.
        unsafe place.storeBytes(of: words, as: Words.self)
        unsafe place += count
    }

    /// Takes the last octet away again.
    @inline(__always)
    mutating func removeLast() { unsafe place -= 1 }
}

extension LineEnd {
    /// Appends one octet.
    @inline(__always)
    mutating func append(_ octet: UInt8) { append(octet, 1) }

    /// Appends a short text; needs room for ``LinePiece/limit`` octets.
    @inline(__always)
    mutating func append(_ piece: LinePiece) { append(piece.words, piece.count) }

    /// Octets of room that a name needs.
    static var nameRoom: Int { DomainName.maximumLength + 16 }

    /// Appends a name of which each octet is written as it is, which nearly all are; needs ``nameRoom``.
    ///
    /// - Returns: false where it is another; what has been appended then is of no use.
    @inline(__always)
    mutating func append(plain name: DomainNameView) -> Bool {
        guard name.length > 0 else { return false }
        var index = (name.length &- 1) &>> 3
        var (word, special) = name.plainWord(index)
        // The dot before the first label is no part of the text.
        append((word &>> 8).littleEndian, (name.length &- 1) & 7)
        while index > 0 {
            index &-= 1
            let next = name.plainWord(index)
            word = next.text
            special |= next.special
            append(word.littleEndian, 8)
        }
        return special == 0
    }

    /// Octets of room that a number needs.
    static var numberRoom: Int { 32 }

    /// Appends a number that is not negative, in decimal digits; needs ``numberRoom``.
    @inline(__always)
    mutating func append(decimal number: Int) {
        guard number >= 10_000 else { return append(firstDigits: number) }
        guard number < 100_000_000 else { return self = appending(long: number) }
        append(firstDigits: number / 10_000)
        append(lastDigits: number % 10_000)
    }

    private func appending(long number: Int) -> LineEnd {
        var end = self
        end.append(decimal: number / 10_000)
        end.append(lastDigits: number % 10_000)
        return end
    }

    /// Appends a number below 10,000.
    @inline(__always)
    private mutating func append(firstDigits number: Int) {
        let number = UInt64(truncatingIfNeeded: number)
        let leading: UInt64 = (number < 1_000 ? 1 : 0) &+ (number < 100 ? 1 : 0) &+ (number < 10 ? 1 : 0)
        append((Self.digits(number) &>> (leading &* 8)).littleEndian, 4 &- Int(leading))
    }

    /// Appends the last four digits of a number.
    @inline(__always)
    private mutating func append(lastDigits number: Int) {
        append(Self.digits(UInt64(truncatingIfNeeded: number)).littleEndian, 4)
    }

    /// The four digits of a number below 10,000, the first in the lowest octet.
    @inline(__always)
    private static func digits(_ number: UInt64) -> UInt64 {
        let pairs = (number / 100) | (number % 100) &<< 16
        // Both tens at once: 103/1024 is a tenth nearly enough below 100.
        let tens = (pairs &* 103) &>> 10 & 0x000F_000F
        return tens | (pairs &- tens &* 10) &<< 8 | 0x3030_3030
    }
}

extension LineEnd {
    /// Octets of room that an address needs.
    static var addressRoom: Int { 64 }

    /// Appends an address: dotted decimal, or the text of RFC 5952 as `inet_ntop` writes it, which is many times slower; needs ``addressRoom``.
    @inline(__always)
    mutating func append(_ address: IPAddress) {
        switch address.version {
        case .v4: append(dotted: address.low)
        case .v6: self = appending(groups: address.high, address.low)
        }
    }

    /// Appends an IPv4 address, dotted; needs ``addressRoom``.
    @inline(__always)
    private mutating func append(dotted address: UInt64) {
        var shift: UInt64 = 32
        while shift > 0 {
            shift &-= 8
            let octet = address &>> shift & 0xFF
            // Three digits and a dot, of which those zeros are left out that lead.
            let leading: UInt64 = (octet < 100 ? 1 : 0) &+ (octet < 10 ? 1 : 0)
            append(((Self.digits(octet) &>> 8 | 0x2E00_0000) &>> (leading &* 8)).littleEndian, 4 &- Int(leading))
        }
        removeLast()
    }

    /// Appends an IPv6 address: groups without leading zeros, the longest run of zero groups as two colons (§4), and an embedded IPv4 address
    /// dotted (§5).
    private func appending(groups high: UInt64, _ low: UInt64) -> LineEnd {
        var end = self
        var zeros = 0..<0
        var start = 0
        for index in 0..<8 {
            if Self.group(high, low, index) != 0 { start = index + 1 }
            if index + 1 - start > max(zeros.count, 1) { zeros = start..<index + 1 }
        }
        let isMapped = zeros == 0..<5 && Self.group(high, low, 5) == 0xFFFF
        let dottedFrom = zeros == 0..<6 || isMapped ? 6 : 8
        var index = 0
        while index < dottedFrom {
            if index == zeros.lowerBound, zeros.isEmpty == false {
                end.append(UInt8(ascii: ":"))
                end.append(UInt8(ascii: ":"))
                index = zeros.upperBound
                continue
            }
            if index > 0, index != zeros.upperBound || zeros.isEmpty { end.append(UInt8(ascii: ":")) }
            end.append(hexadecimal: Self.group(high, low, index))
            index &+= 1
        }
        guard dottedFrom < 8 else { return end }
        if isMapped { end.append(UInt8(ascii: ":")) }
        end.append(dotted: low & 0xFFFF_FFFF)
        return end
    }

    private static func group(_ high: UInt64, _ low: UInt64, _ index: Int) -> UInt64 {
        (index < 4 ? high : low) &>> UInt64(16 &* (3 &- index & 3)) & 0xFFFF
    }

    @inline(__always)
    private mutating func append(hexadecimal group: UInt64) {
        let upper = group &>> 12 | group & 0xF00
        let digits = upper | group &<< 12 & 0xF_0000 | group &<< 24 & 0xF00_0000
        // From ten on, six more make sixteen.
        let letters = (digits &+ 0x0606_0606) &>> 4 & 0x0101_0101
        let leading = min(group.leadingZeroBitCount &- 48, 12) &>> 2
        append(((digits &+ 0x3030_3030 &+ letters &* 39) &>> UInt64(leading &* 8)).littleEndian, 4 &- leading)
    }
}
