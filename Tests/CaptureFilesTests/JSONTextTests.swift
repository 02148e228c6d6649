import CaptureFiles
import Testing

@Suite("JSON text")
struct JSONTextTests {
    @Test(arguments: [
        ("plain", #""plain""#),
        ("quote \" and \\", #""quote \" and \\""#),
        ("line\nfeed\u{1B}\u{7F}\0", #""line\u000afeed\u001b\u007f\u0000""#),
        ("grän\u{10348}", "\"grän\u{10348}\""),
        ("", #""""#),
    ])
    func `a string is escaped and read back`(text: String, json: String) {
        var output: [UInt8] = []
        output.appendJSON(text)
        #expect(String(decoding: output, as: UTF8.self) == json)
        #expect(JSONValue(parsing: output) == .string(text))
    }

    @Test(arguments: [
        (
            #" { "a" : [ 1 , -2 , 3.5 , 1e3 ] , "b" : { } } "#,
            JSONValue.object([
                "a": .array([.integer(1), .integer(-2), .otherNumber, .otherNumber]), "b": .object([:]),
            ])
        ),
        ("[true,false,null,[]]", .array([.boolean(true), .boolean(false), .null, .array([])])),
        (#""\ud800\udf48\/\b\f\n\r\t\u00E4""#, .string("\u{10348}/\u{08}\u{0C}\n\r\tä")),
        ("99999999999999999999", .otherNumber),
        ("0", .integer(0)),
    ])
    func `valid text is read`(json: String, value: JSONValue) {
        #expect(JSONValue(parsing: json.utf8) == value)
    }

    @Test(arguments: [
        "", "{", "}", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", "-", "+1", "1e", "tru", "nulll", "\"",
        "\"\\x\"",
        "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"", "\"a\nb\"", "1 2", "{\"a\":1,\"a\":2}",
    ])
    func `invalid text is refused`(json: String) {
        #expect(JSONValue(parsing: json.utf8) == nil)
    }

    @Test func `nesting that is too deep is refused`() {
        let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        #expect(JSONValue(parsing: deep.utf8) == nil)
        #expect(JSONValue(parsing: deep.dropFirst().dropLast().utf8) != nil)
        #expect(JSONValue(parsing: repeatElement(UInt8(ascii: "["), count: 100_000)) == nil)
    }

    @Test func `a string that is not UTF-8 is refused`() {
        #expect(JSONValue(parsing: [0x22, 0xFF, 0x22]) == nil)
    }

    @Test func `no prefix and no mutation of a line does more than fail`() {
        let line = Array(#"{"type":"summary","file":"a\u00e4.pcap","packets":2,"undecided":{"truncated":1}}"#.utf8)
        for length in 0..<line.count { #expect(JSONValue(parsing: line[..<length]) == nil) }
        var state: UInt64 = 7
        for _ in 0..<5_000 {
            var mutated = line
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            mutated[Int(state >> 33) % line.count] = UInt8(truncatingIfNeeded: state >> 20)
            _ = JSONValue(parsing: mutated)
        }
    }
}
