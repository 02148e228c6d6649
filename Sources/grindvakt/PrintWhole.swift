import SystemPackage

/// Writes a whole text to standard output.
func printWhole(_ text: String) throws {
    do {
        try FileDescriptor.standardOutput.writeAll(text.utf8)
    } catch Errno.brokenPipe {
        // Whoever reads has seen enough.
    } catch let error as Errno {
        throw Refusal(description: "standard output cannot be written: \(error); make room for it")
    }
}
