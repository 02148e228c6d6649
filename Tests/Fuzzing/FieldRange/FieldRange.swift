import FuzzingDriver
import Telemetry

@main
enum Entry {
    /// Each input is an `Accept` field.
    static func main() {
        fuzz { bytes in
            let field = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            for range in FieldRange.ranges(in: field) {
                precondition(range.name.isEmpty == false)
                precondition((0...1).contains(range.weight))
            }
            _ = ExpositionFormat(accept: field)
        }
    }
}
