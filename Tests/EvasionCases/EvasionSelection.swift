extension EvasionCase {
    /// The cases that these patterns name, in the order of the card; all of them where there are none.
    ///
    /// A pattern that is a case's id means that case; any other is a regular expression that is looked for in the ids.
    /// - Throws: ``EvasionError`` where a pattern is no regular expression or names no case.
    package static func selected(by patterns: [String]) throws(EvasionError) -> [EvasionCase] {
        guard patterns.isEmpty == false else { return all }
        var wanted: Set<String> = []
        for pattern in patterns {
            if all.contains(where: { $0.id == pattern }) {
                wanted.insert(pattern)
                continue
            }
            guard let expression = try? Regex(pattern) else {
                throw EvasionError(
                    description:
                        "--only \(pattern) is no regular expression; give a case's id, or a pattern such as '^quic-'"
                )
            }
            let found = all.filter { $0.id.firstMatch(of: expression) != nil }
            guard found.isEmpty == false else {
                throw EvasionError(
                    description: "--only \(pattern) names no case; run without --only to see the ids"
                )
            }
            wanted.formUnion(found.map(\.id))
        }
        return all.filter { wanted.contains($0.id) }
    }
}
