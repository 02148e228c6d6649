/// A number of nanoseconds as seconds in plain decimal digits: no exponent, no locale, no trailing zeros.
func decimalSeconds(nanoseconds: UInt64) -> String {
    let (whole, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return decimal(whole: whole, fraction: fraction, digits: 9)
}

/// A number of seconds in plain decimal digits, rounded to whole microseconds.
///
/// What is negative or not a number is written as 0, and what is beyond the year 300 000 as that year, since both can
/// only come from a broken clock.
func decimalSeconds(_ seconds: Double) -> String {
    guard seconds > 0 else { return "0" }
    let microseconds = UInt64(min(seconds, 1e13) * 1e6 + 0.5)
    let (whole, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
    return decimal(whole: whole, fraction: fraction, digits: 6)
}

private func decimal(whole: UInt64, fraction: UInt64, digits: Int) -> String {
    guard fraction > 0 else { return String(whole) }
    var (fraction, digits) = (fraction, digits)
    while fraction % 10 == 0 { (fraction, digits) = (fraction / 10, digits - 1) }
    let text = String(fraction)
    return "\(whole)." + String(repeating: "0", count: digits - text.utf8.count) + text
}
