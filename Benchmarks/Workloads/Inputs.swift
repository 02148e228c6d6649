/// Inputs of a parser, one behind another in one piece of memory, which are gone through again and again.
struct Inputs {
    private var octets: [UInt8] = []
    private var places: [Range<Int>] = []
    private var next = 0

    /// As many inputs as asked for, each made by its number.
    init(_ count: Int, _ make: (Int) -> [UInt8]) {
        for number in 0..<count {
            let input = make(number)
            places.append(octets.count..<octets.count + input.count)
            octets += input
        }
    }

    /// Reads so many inputs from where the last call stopped, and counts those of which `isRight` says so.
    @inline(__always)
    mutating func read(_ count: Int, _ isRight: (Span<UInt8>) -> Bool) -> Int {
        var nothing: Void = ()
        return read(count, into: &nothing) { bytes, _ in isRight(bytes) }
    }

    /// The same where what is read goes into a place that is used again and again. It is handed over once: each access to a variable that a closure
    /// keeps is checked, which would be in the figures.
    @inline(__always)
    mutating func read<Place: ~Copyable>(
        _ count: Int,
        into place: inout Place,
        _ isRight: (Span<UInt8>, inout Place) -> Bool
    ) -> Int {
        var index = next
        var right = 0
        let (memory, ranges) = (octets, places)
        let octets = memory.span
        let places = ranges.span
        for _ in 0..<count {
            if isRight(octets.extracting(places[index]), &place) { right &+= 1 }
            index &+= 1
            if index == places.count { index = 0 }
        }
        next = index
        return right
    }
}
