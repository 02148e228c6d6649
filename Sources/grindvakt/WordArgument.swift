import ArgumentParser
import ListFiles

/// One word of `[a-z0-9-]`, as ids and purposes are.
struct WordArgument: ExpressibleByArgument {
    let identifier: Identifier

    init?(argument: String) {
        guard let identifier = Identifier(argument) else { return nil }
        self.identifier = identifier
    }

    var text: String { identifier.description }
}
