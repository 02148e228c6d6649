import Blocklists
import Testing

@Suite("List descriptor")
struct ListDescriptorTests {
    @Test(arguments: ["police", "a", "0", "-", "interpol-2", String(repeating: "x", count: 64)])
    func `small letters, digits and hyphens name a list`(id: String) {
        #expect(ListDescriptor.isValid(id: id))
    }

    @Test(arguments: ["", "Police", "a_b", "a b", "a.b", "å", "a\"", "a\n", String(repeating: "x", count: 65)])
    func `anything else does not`(id: String) {
        #expect(ListDescriptor.isValid(id: id) == false)
    }
}
