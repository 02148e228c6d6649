/// The JSON Schema (draft 2020-12) that every record of ``BenchmarkRecord/version`` fulfils.
///
/// It says what form a record has. What a reader of ``BenchmarkRecord/init(parsing:)`` asks besides (that figures do not contradict each other, and
/// that no total tells of a cell under the threshold) no schema can say.
package enum RecordSchema {
    /// The schema's text.
    package static let text = String(decoding: PackageResources.benchmark_record_v1_schema_json, as: UTF8.self)
}
