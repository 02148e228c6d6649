import FuzzingDriver
import Glibc

@testable import CaptureFiles

@main
enum Entry {
    /// An input is a file; both formats are read as a capture is, by its first octet.
    static func main() {
        guard let file = tmpfile() else { preconditionFailure("there is no room for a file") }
        let descriptor = fileno(file)
        fuzz { bytes in
            let copy = bytes.indices.map { bytes[$0] }
            precondition(ftruncate(descriptor, 0) == 0 && pwrite(descriptor, copy, copy.count, 0) == copy.count)
            precondition(lseek(descriptor, 0, SEEK_SET) == 0)
            read(descriptor, limit: copy.count)
        }
    }

    private static func read(_ descriptor: Int32, limit: Int) {
        do throws(CaptureError) {
            var file = try CaptureFile(opening: .standardInput, standardInput: descriptor)
            var last = 0
            while try file.advance() {
                precondition(file.bytes.count <= limit)
                precondition(file.frame > last)
                last = file.frame
            }
        } catch {
            // What is no file, or breaks off, is refused.
        }
    }
}
