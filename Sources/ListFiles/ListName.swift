package import Blocklists
package import Wire

/// The one way from a name as people and lists write it to the name as it is matched.
///
/// - Case does not matter (RFC 4343), one trailing dot is allowed, and labels hold letters, digits, hyphens and underscores.
/// - A name outside ASCII becomes the A-labels that are on the wire (IDNA 2008 with UTS #46, non-transitional); other full stops of Unicode
///   separate labels, as they do where such names are typed.
/// - A name in ASCII is taken as it is. An A-label that decodes to nothing valid may still be asked for, so it may be listed.
/// - A name that cannot be on the wire is refused: labels of 64 octets or more, names of more than 253.
///
/// Packets need none of this but the case: what they hold is on the wire already. A dot or a zero octet inside a label of a packet is kept apart
/// from the end of a label by ``DomainName``, and no text spells such a label here.
package enum ListName {
    /// Fills `name` with the name that `text` spells.
    ///
    /// - Throws: why `text` is none.
    package static func parse(_ text: Span<UInt8>, into name: inout DomainName) throws(ListLineError) {
        guard isASCII(text) == false else { return try HostName.parse(text, into: &name) }
        guard (try? UTF8Span(validating: text)) != nil else { throw .notUTF8 }
        guard let ascii = InternationalName.toASCII(text) else { throw .notAnInternationalName }
        try HostName.parse(ascii.span, into: &name)
    }

    /// The name that `text` spells.
    ///
    /// - Throws: why `text` is none.
    package static func parse(_ text: String) throws(ListLineError) -> DomainName {
        var name = DomainName()
        try parse(Array(text.utf8).span, into: &name)
        return name
    }

    @inline(__always)
    private static func isASCII(_ text: Span<UInt8>) -> Bool {
        var all: UInt8 = 0
        for index in text.indices { all |= text[index] }
        return all < 0x80
    }
}
