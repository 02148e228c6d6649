import FuzzingDriver
import Glibc

@testable import CaptureFiles

@main
enum Entry {
    /// An input is a file.
    static func main() {
        fuzz { bytes in
            var copy = bytes.indices.map { bytes[$0] }
            guard copy.isEmpty == false else { return }
            copy.withUnsafeMutableBytes { memory in
                guard let stream = fmemopen(memory.baseAddress, memory.count, "r") else { return }
                read(stream, limit: memory.count)
                fclose(stream)
            }
        }
    }

    private static func read(_ stream: UnsafeMutablePointer<FILE>, limit: Int) {
        do throws(PcapNGFile.Failure) {
            var file = try PcapNGFile(stream)
            var last = 0
            while try file.advance() {
                precondition(file.bytes.count <= limit)
                precondition(file.number > last)
                last = file.number
            }
        } catch {
            // What is no file, or breaks off, is refused.
        }
    }
}
