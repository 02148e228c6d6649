import Blocklists
import Wire

/// Floor 2: what a list says of a name.
extension Workload {
    /// Names that are on a list and names that are not, one by one and sixty-four together, in lists of each size.
    static let lookups = [
        ("1k", 1_000, Extent.checked), ("100k", 100_000, .checked), ("1m", 1_000_000, .timed),
        ("10m", 10_000_000, .timed),
    ].flatMap { label, size, extent in
        let nameCount = extent == .checked ? nameCount : timedNameCount
        return [
            Workload(
                "lookup-hit-\(label)",
                "a name under one of \(size) listed ones is looked up",
                extent: extent,
                pass: nameCount
            ) { lookUp(nameCount, isListed: true, among: size) },
            Workload(
                "lookup-miss-\(label)",
                "a name on no list is looked up among \(size)",
                extent: extent,
                pass: nameCount
            ) { lookUp(nameCount, isListed: false, among: size) },
            Workload(
                "batch-hit-\(label)",
                "a name under one of \(size) listed ones is looked up together with 63 others",
                extent: extent,
                pass: nameCount
            ) { lookUpTogether(nameCount, isListed: true, among: size) },
            Workload(
                "batch-miss-\(label)",
                "a name on no list is looked up among \(size) together with 63 others",
                extent: extent,
                pass: nameCount
            ) { lookUpTogether(nameCount, isListed: false, among: size) },
        ]
    }

    /// Names that are looked up in turn.
    private static let nameCount = 4_096

    /// The same in lists that are only timed: so many that what a list has of them does not stay in the caches.
    private static let timedNameCount = 131_072

    private static func lookUp(_ nameCount: Int, isListed: Bool, among size: Int) -> Run {
        let blocklist = BenchmarkList.build(size)
        let names = names(nameCount, isListed, size)
        var start = 0
        return { count in
            var right = 0
            var next = start
            let all = names.span
            for _ in 0..<count {
                if (blocklist.lookUp(all[next].view).match != nil) == isListed { right &+= 1 }
                next = next &+ 1 == nameCount ? 0 : next &+ 1
            }
            start = next
            return right
        }
    }

    private static func lookUpTogether(_ nameCount: Int, isListed: Bool, among size: Int) -> Run {
        let blocklist = BenchmarkList.build(size)
        let names = names(nameCount, isListed, size)
        var batch = LookupBatch()
        var start = 0
        return { count in
            lookUpTogether(count, of: names.span, from: &start, in: blocklist, isListed, &batch)
        }
    }

    private static func lookUpTogether(
        _ count: Int,
        of names: Span<DomainName>,
        from start: inout Int,
        in blocklist: Blocklist,
        _ isListed: Bool,
        _ batch: inout LookupBatch
    ) -> Int {
        var right = 0
        var left = count
        var next = start
        while left > 0 {
            let together = min(left, LookupBatch.capacity)
            batch.removeAll()
            for _ in 0..<together {
                batch.add(names[next].view)
                next = next &+ 1 == names.count ? 0 : next &+ 1
            }
            batch.lookUp(in: blocklist)
            for index in 0..<together where (batch[index].match != nil) == isListed { right &+= 1 }
            left &-= together
        }
        start = next
        return right
    }

    /// The names to look up, spread over the whole list; those that are not listed lie in as many domains.
    private static func names(_ nameCount: Int, _ isListed: Bool, _ size: Int) -> [DomainName] {
        (0..<nameCount).map { number in
            let listed = BenchmarkNames.listed(number * max(size / nameCount, 1) % size)
            return BenchmarkNames.name("www.\(isListed ? listed : "unlisted-\(number).example")")
        }
    }
}
