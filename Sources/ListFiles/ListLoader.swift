package import Blocklists
import SystemPackage
import Wire

/// A list file and what is to be made of it.
package struct ListSource: Equatable, Sendable {
    /// The file.
    package let path: String

    /// Its syntax.
    package let format: ListFormat

    /// The list it becomes.
    package let descriptor: ListDescriptor

    /// A list file as configured.
    package init(path: String, format: ListFormat = .domains, descriptor: ListDescriptor) {
        self.path = path
        self.format = format
        self.descriptor = descriptor
    }
}

/// Makes a ``Blocklist`` of list files.
package struct ListLoader: Sendable {
    /// The lists, in the order in which they apply.
    package var lists: [ListSource]

    /// A file of names that are never blocked.
    package var allow: String?

    /// Whether lines that are no entries are left out instead of refusing the list.
    package var isLenient: Bool

    /// Octets of a file, at most, for whose names room is made before it is read.
    private static let reservedSize: Int64 = 1 << 28

    /// A loader for these files.
    package init(lists: [ListSource], allow: String? = nil, isLenient: Bool = false) {
        self.lists = lists
        self.allow = allow
        self.isLenient = isLenient
    }

    /// Reads every file and builds the blocklist.
    ///
    /// Nothing is kept of an earlier one: what is not in the files now is not on the lists now.
    /// - Returns: the blocklist, and the lines left out where ``isLenient`` is set.
    /// - Throws: ``ListFileError`` at the first file that cannot be read and the first bad line.
    package func load() throws(ListFileError) -> (blocklist: Blocklist, rejected: [RejectedLine]) {
        guard lists.count <= Blocklist.maximumLists else { throw .tooManyLists(lists.count) }
        var builder = BlocklistBuilder(lists: lists.map(\.descriptor))
        var rejected: [RejectedLine] = []
        if let allow {
            try add(allow, .domains, .subdomains, list: nil, to: &builder, &rejected)
        }
        for (index, list) in lists.enumerated() {
            try add(list.path, list.format, list.descriptor.match, list: index, to: &builder, &rejected)
        }
        return (builder.build(), rejected)
    }

    private func add(
        _ path: String,
        _ format: ListFormat,
        _ match: MatchKind,
        list: Int?,
        to builder: inout BlocklistBuilder,
        _ rejected: inout [RejectedLine]
    ) throws(ListFileError) {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            defer { try? descriptor.close() }
            // Most names in such lists take between 15 and 25 octets; a file of another kind only makes the arrays grow once more.
            // What a folder or a file with holes says of its size is no measure of memory.
            if let size = try? descriptor.seek(offset: 0, from: .end), size > 0,
                (try? descriptor.seek(offset: 0, from: .start)) == 0
            {
                builder.reserve(Int(min(size, Self.reservedSize)) / 16)
            }
            var reader = LineReader(descriptor)
            var entry = ListEntry(name: DomainName(), scope: .itself)
            var number = 0
            while let parsed = try reader.next({ parse($0, format, match, into: &entry) }) {
                number += 1
                switch parsed {
                case .success(true): builder.add(entry, list: list)
                case .success(false): break
                case .failure(let cause):
                    guard isLenient else { throw ListFileError.badLine(path: path, line: number, cause: cause) }
                    rejected.append(RejectedLine(path: path, line: number, cause: cause))
                }
            }
        } catch let error as ListFileError {
            throw error
        } catch {
            throw .unreadable(path: path, cause: String(describing: error))
        }
    }

    /// Reads one line; true where it holds an entry, which is then in `entry`.
    private func parse(
        _ line: Span<UInt8>,
        _ format: ListFormat,
        _ match: MatchKind,
        into entry: inout ListEntry
    ) -> Result<Bool, ListLineError> {
        do throws(ListLineError) {
            guard let location = try format.locateEntry(in: line, match: match) else { return .success(false) }
            let name = line.extracting(location.name)
            entry.scope = location.scope
            if isASCII(name) {
                try HostName.parse(name, into: &entry.name)
            } else {
                guard (try? UTF8Span(validating: name)) != nil else { return .failure(.notUTF8) }
                guard let ascii = InternationalName.toASCII(name) else { return .failure(.notAnInternationalName) }
                try HostName.parse(ascii.span, into: &entry.name)
            }
            return .success(true)
        } catch {
            return .failure(error)
        }
    }

    private func isASCII(_ text: Span<UInt8>) -> Bool {
        for index in text.indices where text[index] >= 0x80 { return false }
        return true
    }
}
