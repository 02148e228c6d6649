import Blocklists
import Glibc
import ListFiles
import Wire

/// What lists cost: building, loading and looking up, in time and memory, each in a process of its own so that peaks do not mix.
///
///     ListCost generate COUNT LIST              as many distinct names, one a line
///     ListCost build LIST SNAPSHOT              text to snapshot file
///     ListCost load SNAPSHOT mapped|read|kept   file to published blocklist; kept: by way of SNAPSHOT.state, as a sensor does
///     ListCost look SNAPSHOT QUESTIONS…         nanoseconds for a name of a batch of 64, per file of names
///     ListCost look-alone SNAPSHOT QUESTIONS…   the same for names that are looked up one after another
///     ListCost set LIST QUESTIONS…              the same with Set<String>
///     ListCost ready NAME LIST|SNAPSHOT         until NAME is blocked, as a sensor starts
///
/// `Benchmarks/lists/run` makes the files and compares. Printed is one `key value` a line: octets, entries, seconds, and with the name of the
/// file of questions nanoseconds for each and how many were found.
@main
enum ListCost {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch (arguments.first, arguments.count) {
        case ("generate", 3): generate(Int(arguments[1]) ?? 0, to: arguments[2])
        case ("build", 3): try build(arguments[1], to: arguments[2])
        case ("load", 3) where arguments[2] == "kept": try loadKept(arguments[1])
        case ("load", 3): try load(arguments[1], arguments[2] == "mapped" ? .mapped : .read)
        case ("look", 3...): try look(arguments[1], questions: arguments[2...], .together)
        case ("look-alone", 3...): try look(arguments[1], questions: arguments[2...], .alone)
        case ("set", 2...): set(arguments[1], questions: arguments[2...])
        case ("ready", 3): try ready(arguments[1], arguments[2])
        default:
            fail(
                "usage: ListCost generate COUNT LIST | build LIST SNAPSHOT | load SNAPSHOT mapped|read|kept | look|look-alone SNAPSHOT QUESTIONS… "
                    + "| set LIST QUESTIONS… | ready NAME LIST|SNAPSHOT"
            )
        }
    }

    // MARK: Commands

    private static func build(_ path: String, to output: String) throws {
        let start = now()
        let built = try snapshot(ofText: path)
        report("build_seconds", seconds(since: start))
        report("peak_octets", Memory.peak())
        let writing = now()
        guard let beginning = SnapshotFile.beginning(of: built, isSealed: false, createdAt: 0) else {
            fail("the list's texts do not fit into a header")
        }
        write(to: output) { put in
            put(beginning.span)
            built.withBody(put)
        }
        report("write_seconds", seconds(since: writing))
        report("entries", built.entryCount)
        report("file_octets", beginning.count + built.byteCount)
    }

    private static func load(_ path: String, _ loading: SnapshotFile.Loading) throws {
        let start = now()
        let file = try SnapshotFile(path, loading: loading) { _ in nil }
        let source = BlocklistSource(Blocklist([Blocklist.Part(file.snapshot)]))
        report("load_seconds", seconds(since: start))
        report("resident_octets", Memory.resident())
        report("entries", source.latest.blocklist.entryCounts.reduce(0, +))
        let digesting = now()
        guard file.isBodyAuthentic else { fail("\(path): the body is not the one that the header states") }
        report("digest_seconds", seconds(since: digesting))
    }

    /// As a sensor has it: what arrives is copied to the state directory, judged and kept; what is kept is then put into use.
    private static func loadKept(_ path: String) throws {
        let store = try ListStore(path + ".state")
        let plan = ListPlan(
            lists: [ListSource(path: path, descriptor: ListDescriptor(id: "bench", action: .drop), trust: .off)],
            approvers: .none
        )
        do {
            let start = now()
            var loader = ListLoader(plan, key: store.key)
            loader.copies = store.folder
            let update = try loader.load()
            guard update.refused.isEmpty else { throw ListFileError.refused(update.refused) }
            report("arrive_seconds", seconds(since: start))
            var lists = ActiveLists()
            lists.lists = update.accepted
            let keeping = now()
            try store.keep(lists)
            report("keep_seconds", seconds(since: keeping))
        }
        let start = now()
        guard let kept = store.lists(.current, for: plan), kept.hasEveryList else {
            fail("\(store.folder): nothing kept")
        }
        let source = BlocklistSource(kept.lists.blocklist())
        report("load_seconds", seconds(since: start))
        report("resident_octets", Memory.resident())
        report("mapped_octets", Memory.mapped())
        report("peak_octets", Memory.peak())
        report("entries", source.latest.blocklist.entryCounts.reduce(0, +))
    }

    private enum LookupOrder { case together, alone }

    /// Looks names up together, batch by batch: as a worker can that has just parsed the names of one batch of packets.
    ///
    /// The time is for all of it, from the parsed names to what the lists say of each. `look-alone` looks them up one after another instead, which is
    /// what a name costs that comes alone.
    private static func look(_ path: String, questions: ArraySlice<String>, _ order: LookupOrder) throws {
        let file = try SnapshotFile(path, loading: .read) { _ in nil }
        let blocklist = Blocklist([Blocklist.Part(file.snapshot)])
        for path in questions {
            // What a worker has before it when it looks up: the names of one batch, just read.
            var batch = [DomainName](repeating: DomainName(), count: batchSize)
            var lookups = LookupBatch()
            try measure(path) { lines throws in
                for (index, line) in lines.enumerated() { try batch[index].assign(text: line.utf8.span) }
                let names = batch.span.extracting(0..<lines.count)
                var found = 0
                let start = now()
                switch order {
                case .together:
                    lookups.removeAll()
                    for index in 0..<names.count { lookups.add(names[index].view) }
                    lookups.lookUp(in: blocklist)
                    for index in 0..<names.count where lookups[index].match != nil { found += 1 }
                case .alone:
                    for index in 0..<names.count where blocklist.match(names[index]) != nil { found += 1 }
                }
                return (nanoseconds: now() - start, found: found)
            }
        }
    }

    private static func set(_ path: String, questions: ArraySlice<String>) {
        let start = now()
        var names: Set<String> = []
        var hasTopLevelNames = false
        forEachLine(of: path) { line in
            if line.utf8.contains(dot) == false { hasTopLevelNames = true }
            names.insert(line)
        }
        report("build_seconds", seconds(since: start))
        report("peak_octets", Memory.peak())
        report("resident_octets", Memory.resident())
        report("entries", names.count)
        for path in questions {
            measure(path) { lines in
                var found = 0
                let start = now()
                for line in lines where covers(line, names, hasTopLevelNames) { found += 1 }
                return (nanoseconds: now() - start, found: found)
            }
        }
    }

    /// Whether `name` or a name it lies under is among `names`.
    private static func covers(_ name: String, _ names: Set<String>, _ hasTopLevelNames: Bool) -> Bool {
        if names.contains(name) { return true }
        var rest = name.utf8[...]
        while let end = rest.firstIndex(of: dot) {
            rest = rest[rest.index(after: end)...]
            guard hasTopLevelNames || rest.contains(dot) else { return false }
            if names.contains(String(Substring(rest))) { return true }
        }
        return false
    }

    private static func ready(_ name: String, _ path: String) throws {
        let part: Snapshot
        if SnapshotFile.isSnapshot(at: path) {
            part = try SnapshotFile(path, loading: .read) { _ in nil }.snapshot
        } else {
            part = try snapshot(ofText: path)
        }
        let source = BlocklistSource(Blocklist([Blocklist.Part(part)]))
        guard source.latest.blocklist.match(try DomainName(text: name.utf8.span)) != nil else {
            fail("a listed name is not found")
        }
        report("resident_octets", Memory.resident())
        report("peak_octets", Memory.peak())
    }

    private static func snapshot(ofText path: String) throws -> Snapshot {
        let list = ListSource(path: path, descriptor: ListDescriptor(id: "bench", action: .drop), trust: .off)
        let update = try ListLoader(ListPlan(lists: [list], approvers: .none), key: .random()).load()
        guard let built = update.accepted.first?.snapshot else { throw ListFileError.refused(update.refused) }
        return built
    }

    // MARK: A list of its own

    /// Writes `count` names as public lists have them: of some eighteen octets, four in ten right under a public suffix.
    private static func generate(_ count: Int, to path: String) {
        guard count > 0, count <= 1 << 32 else { fail("a list has 1 to 4294967296 names") }
        let consonants = Array("bcdfghjklmnprstvz")
        let vowels = Array("aeiou")
        let tops = [
            "com", "com", "com", "com", "net", "org", "info", "de", "se", "xyz", "co.uk", "shop", "top", "online",
        ]
        let hosts = [
            "www", "cdn", "api", "static", "ads", "track.eu", "metrics", "img", "pixel", "edge-2", "mail", "tm.prod",
        ]
        write(to: path) { put in
            for index in 0..<count {
                // Multiplied by an odd number, the indices are permuted: neighbours in the file are none in the alphabet.
                let number = UInt32(truncatingIfNeeded: index) &* 2_654_435_761 &+ 974_711
                // Digits, so that two numbers never make one name.
                var rest = Int(number)
                var name = ""
                repeat {
                    name.append(consonants[rest / vowels.count % consonants.count])
                    name.append(vowels[rest % vowels.count])
                    rest /= vowels.count * consonants.count
                } while rest > 0
                let choice = Int((number ^ number >> 15) &* 2_246_822_507 >> 8)
                let host = choice % 5 < 2 ? "" : hosts[choice / 5 % hosts.count] + "."
                put("\(host)\(name).\(tops[choice / 64 % tops.count])\n".utf8.span)
            }
        }
    }

    // MARK: Questions

    /// Names that are looked up between two looks at the clock: as many as a worker's batch has at most.
    private static let batchSize = 64

    /// Goes five times through a file of names, batch by batch, and reports the time for a name of the median batch and how many were found.
    ///
    /// The median, as a batch in which another process got the processor says nothing of the names.
    private static func measure(_ path: String, _ look: ([String]) throws -> (nanoseconds: UInt64, found: Int)) rethrows
    {
        var batches: [[String]] = []
        forEachLine(of: path) { line in
            if let last = batches.indices.last, batches[last].count < batchSize {
                batches[last].append(line)
            } else {
                batches.append([line])
            }
        }
        var times: [Double] = []
        var found = 0
        for _ in 0..<5 {
            found = 0
            for batch in batches {
                let looked = try look(batch)
                times.append(Double(looked.nanoseconds) / Double(batch.count))
                found += looked.found
            }
        }
        guard times.isEmpty == false else { fail("\(path): no names") }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        report("\(name)_nanoseconds", times.sorted()[times.count / 2])
        report("\(name)_found", found)
    }

    // MARK: Files, clock and output

    private static func forEachLine(of path: String, _ body: (String) -> Void) {
        guard let file = unsafe fopen(path, "r") else { fail("\(path): cannot be read") }
        defer { unsafe fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var room = 0
        // SAFETY: getline keeps `line` and `room` in step, ends each line with a zero octet, and hands over what it allocated.
        while unsafe getline(&line, &room, file) > 0, let text = unsafe line {
            // SAFETY: as above; the text is copied before the next line overwrites it.
            let string = unsafe String(cString: text)
            body(string.hasSuffix("\n") ? String(string.dropLast()) : string)
        }
        unsafe free(line)
    }

    private static func write(to path: String, _ body: ((Span<UInt8>) -> Void) -> Void) {
        guard let file = unsafe fopen(path, "w") else { fail("\(path): cannot be written") }
        body { octets in
            // SAFETY: the octets are read during the call only, and `file` is open until after `body`.
            unsafe octets.withUnsafeBytes { _ = unsafe fwrite($0.baseAddress, 1, $0.count, file) }
        }
        guard unsafe ferror(file) == 0, unsafe fclose(file) == 0 else {
            fail("\(path): not written whole; is the disk full?")
        }
    }

    private static func report(_ key: String, _ value: some CustomStringConvertible) {
        print(key, value)
    }

    private static func fail(_ message: String) -> Never {
        let line = "ListCost: \(message)\n"
        // SAFETY: the octets are read during the call only.
        unsafe line.utf8.span.withUnsafeBytes { _ = unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
        exit(1)
    }

    private static func seconds(since start: UInt64) -> Double { Double(now() - start) / 1e9 }

    private static func now() -> UInt64 {
        var time = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// What the kernel says of this process's memory, in octets.
    private enum Memory {
        /// The most that was resident so far.
        static func peak() -> Int { kibibytes("VmHWM:", in: "/proc/self/status") * 1024 }

        /// What is resident now besides mapped files: how much of the program's own file is, depends on the page cache.
        static func resident() -> Int { kibibytes("Anonymous:", in: "/proc/self/smaps_rollup") * 1024 }

        /// What is resident of mapped files that this process has locked: the page cache's, and shared with whoever maps the same file.
        static func mapped() -> Int { kibibytes("Locked:", in: "/proc/self/smaps_rollup") * 1024 }

        private static func kibibytes(_ key: String, in path: String) -> Int {
            var value = 0
            forEachLine(of: path) { line in
                guard line.hasPrefix(key) else { return }
                value = Int(line.split(whereSeparator: \.isWhitespace).dropFirst().first ?? "") ?? 0
            }
            return value
        }
    }
}

private let dot = UInt8(ascii: ".")
