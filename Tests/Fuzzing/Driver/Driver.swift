/// What is called with each input; set once, before libFuzzer begins.
private nonisolated(unsafe) var target: (Span<UInt8>) -> Void = { _ in }

/// Lets libFuzzer call `body` with one input after another, and ends the process as it says.
///
/// SwiftPM names an executable's entry itself, so libFuzzer's own `main` cannot be used; this does what it does.
package func fuzz(_ body: @escaping (Span<UInt8>) -> Void) {
    target = body
    var count = CommandLine.argc
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    _ = runDriver(&count, &arguments) { start, count in
        target(UnsafeBufferPointer(start: start, count: count).span)
        return 0
    }
}

/// libFuzzer's entry for programs that have a `main` of their own.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ callback: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
