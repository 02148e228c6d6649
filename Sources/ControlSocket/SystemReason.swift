import Glibc

/// The system's words for an error number.
func systemReason(_ code: CInt) -> String {
    // SAFETY: strerror returns a string that ends in zero; it is copied before any other call can change it.
    unsafe strerror(code).map { unsafe String(cString: $0) } ?? "error \(code)"
}
