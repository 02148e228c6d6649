import TestSupport
import Testing

@testable import Handover

@Suite("Stored descriptors")
struct StoredDescriptorsTests {
    @Test func `the names follow the descriptors`() {
        let names = StoredDescriptors.names(count: "3", process: "77", names: "grindvakt-queue-0::x", own: 77)
        #expect(names == ["grindvakt-queue-0", "unknown", "x"])
    }

    @Test func `descriptors without names are unknown, and surplus names are not used`() {
        #expect(StoredDescriptors.names(count: "2", process: "77", names: nil, own: 77) == ["unknown", "unknown"])
        #expect(StoredDescriptors.names(count: "1", process: "77", names: "a:b:c", own: 77) == ["a"])
    }

    private static let ofOthers: [(String?, String?)] = [
        (nil, "77"), ("1", nil), ("1", "78"), ("0", "77"), ("-1", "77"), ("x", "77"), ("1", "77x"),
        ("99999999999999999999", "77"), ("4097", "77"),
    ]

    @Test(arguments: ofOthers)
    func `what is another process's or makes no sense is not taken`(count: String?, process: String?) {
        #expect(StoredDescriptors.names(count: count, process: process, names: "a", own: 77).isEmpty)
    }

    @Test func `random names never trap`() {
        var random = SeededRandom(seed: 9)
        for _ in 0..<2_000 {
            let text = String(
                (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    Self.letters.randomElement(using: &random) ?? ":"
                }
            )
            let names = StoredDescriptors.names(count: "5", process: "1", names: text, own: 1)
            #expect(names.count == 5)
            for name in names {
                if let read = StoredName(name) { #expect(read.text == name) }
            }
        }
    }

    private static let letters = Array("grindvakt-queue-0123456789:")

    @Test(arguments: [StoredName.queue(0), .queue(41), .queue(65_535), .state, .repeated])
    func `a name is read as it was written`(name: StoredName) {
        #expect(StoredName(name.text) == name)
    }

    @Test(arguments: [
        "", "unknown", "grindvakt-queue-", "grindvakt-queue-00", "grindvakt-queue-65536", "grindvakt-queue-+1",
        "queue-1",
    ])
    func `names of others are told apart`(text: String) {
        #expect(StoredName(text) == nil)
    }
}
