import FuzzingDriver
import SensorConfiguration

@main
enum Entry {
    /// Each input is a configuration and, behind a line of `%`, a drop-in.
    static func main() {
        fuzz { bytes in
            let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            let files = text.split(separator: "%\n", maxSplits: 1, omittingEmptySubsequences: false)
            let reading = ConfigurationReading(
                files.enumerated().map { ConfigurationFileText(path: "/f/\($0).toml", text: String($1)) }
            )
            for fault in reading.faults + reading.remarks {
                precondition(fault.description.contains("\n") == false)
            }
            guard reading.faults.isEmpty else { return }
            // What is shown can be written.
            for setting in reading.settings(of: reading.configuration) {
                guard let value = setting.value else { continue }
                precondition(value.toml.contains("\n") == false)
            }
        }
    }
}
