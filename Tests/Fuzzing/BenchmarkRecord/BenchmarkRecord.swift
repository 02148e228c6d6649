import BenchmarkRecords
import FuzzingDriver

@main
enum Entry {
    /// Whatever is read as a record is written as it reads, and can be compared.
    static func main() {
        fuzz { bytes in
            let octets = bytes.indices.map { bytes[$0] }
            guard let record = try? BenchmarkRecord(parsing: octets) else { return }
            guard (try? BenchmarkRecord(parsing: record.encoded)) == record else {
                preconditionFailure("a record that was written is another")
            }
            guard let comparison = try? Comparison([RecordFile(name: "record", octets: octets)]) else {
                preconditionFailure("a record is not compared with itself")
            }
            precondition(comparison.text.isEmpty == false && comparison.picture.isEmpty == false)
            precondition(comparison.csv.isEmpty == false && comparison.json.isEmpty == false)
        }
    }
}
