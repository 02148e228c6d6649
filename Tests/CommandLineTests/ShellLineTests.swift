import Testing

@Suite("Commands in documents")
struct ShellLineTests {
    @Test(
        arguments: [
            ("grindvakt status   # now", [["grindvakt", "status"]]),
            ("sudo env \"PATH=$PATH\" make install", [["make", "install"]]),
            ("echo 'a b' | sudo tee /etc/x", [["echo", "a b"], ["tee", "/etc/x"]]),
            ("a --x=1 > out.txt && b < in 2> /dev/null; c >> d", [["a", "--x=1"], ["b"], ["c"]]),
            ("a 2> >(jq 'select(.b == \"c\")')", [["jq", "select(.b == \"c\")"], ["a"]]),
            ("(printf 'x\\n'; jq . f) > m", [["printf", "x\\n"], ["jq", ".", "f"]]),
            ("rm $(ls | head) -f", [["ls"], ["head"], ["rm", "$()", "-f"]]),
            ("GRINDVAKT_BINARY=x swift test", [["swift", "test"]]), ("", []), ("# all", []), ("'", [[""]]),
            ("a \\", [["a", ""]]),
            ("curl 'http://a.test/?b=c' -o x", [["curl", "http://a.test/?b=c", "-o", "x"]]),
        ] as [(String, [[String]])]
    )
    func `a line is taken apart`(line: String, programs: [[String]]) {
        #expect(ShellLine(line).commands.map(\.program) == programs)
    }
}
