/// The octets that `text` spells in hexadecimal digits.
///
/// White space is for the eye; `#` begins a comment that ends with its line. Anything else than pairs of digits is a mistake of the test
/// and stops it.
package func hex(_ text: String) -> [UInt8] {
    var octets: [UInt8] = []
    var high: UInt8?
    var isComment = false
    for character in text {
        if character.isNewline { isComment = false }
        if character == "#" { isComment = true }
        if isComment || character.isWhitespace { continue }
        guard let digit = character.hexDigitValue.map({ UInt8($0) }) else {
            preconditionFailure("\(character) is no hexadecimal digit")
        }
        if let first = high {
            octets.append(first << 4 | digit)
            high = nil
        } else {
            high = digit
        }
    }
    precondition(high == nil, "an odd number of hexadecimal digits")
    return octets
}
