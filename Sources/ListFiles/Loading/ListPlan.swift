package import Blocklists

/// A list file and what is to be made of it.
package struct ListSource: Sendable {
    /// How the file is to be read.
    package enum Format: Equatable, Sendable {
        /// As its content tells.
        case detected
        /// As text in this syntax.
        case text(ListFormat)
        /// As a snapshot that holds the list.
        case snapshot
    }

    /// The file.
    package var path: String

    /// How it is to be read.
    package var format: Format

    /// The list it becomes, where it is text.
    package var descriptor: ListDescriptor

    /// Which names an entry of text stands for where the file does not say; nil for what is usual in its format.
    package var match: MatchKind?

    /// Puts what is configured above what a snapshot says of the list.
    package var overlay: @Sendable (ListDescriptor) -> ListDescriptor

    /// A file of names on which the blocking is tried; nil where there is none.
    package var testNames: String?

    /// Whose signatures the file must have.
    package var trust: TrustPolicy

    /// The key of a sealed snapshot: a path, or `credential:NAME`.
    package var sealKey: String?

    /// What must hold of the list before it is used.
    package var gates: GatePolicy

    /// A list file as configured.
    package init(
        path: String,
        format: Format = .detected,
        descriptor: ListDescriptor,
        match: MatchKind? = nil,
        overlay: (@Sendable (ListDescriptor) -> ListDescriptor)? = nil,
        testNames: String? = nil,
        trust: TrustPolicy,
        sealKey: String? = nil,
        gates: GatePolicy = GatePolicy()
    ) {
        self.path = path
        self.format = format
        self.descriptor = descriptor
        self.match = match
        self.overlay = overlay ?? { $0 }
        self.testNames = testNames
        self.trust = trust
        self.sealKey = sealKey
        self.gates = gates
    }
}

extension ListSource {
    /// The policy of an edition that was read earlier: as configured now, but for what only the edition can say.
    func descriptor(of edition: ListDescriptor, isText: Bool) -> ListDescriptor {
        var descriptor = isText ? self.descriptor : overlay(edition)
        descriptor.id = self.descriptor.id
        descriptor.purpose = edition.purpose
        if isText { descriptor.match = edition.match }
        return descriptor
    }
}

/// Everything that lists are made of, as configured.
package struct ListPlan: Sendable {
    /// Where the public suffixes are.
    package enum SuffixData: Equatable, Sendable {
        /// In the file that Debian's package publicsuffix installs; without it the gate does not apply, which is told.
        case installed
        /// In this file, which must be there.
        case file(String)
    }

    /// The lists, in the order in which they apply.
    package var lists: [ListSource]

    /// A file of names that are never blocked.
    package var allow: String?

    /// A file of names that no list may touch without an approval.
    package var protected: String?

    /// Where the public suffixes are.
    package var suffixes: SuffixData

    /// A folder of approvals; nil where nothing can be approved.
    package var approvals: String?

    /// Approvals given one by one, as files.
    package var approvalFiles: [String]

    /// Whose approvals count.
    package var approvers: ApprovalPolicy

    /// Whether what a list's lines come to is no reason to refuse it.
    package var isLenient: Bool

    /// What Debian's package publicsuffix installs.
    package static let installedSuffixes = "/usr/share/publicsuffix/public_suffix_list.dat"

    /// A plan for these lists.
    package init(
        lists: [ListSource],
        allow: String? = nil,
        protected: String? = nil,
        suffixes: SuffixData = .installed,
        approvals: String? = nil,
        approvalFiles: [String] = [],
        approvers: ApprovalPolicy,
        isLenient: Bool = false
    ) {
        self.lists = lists
        self.allow = allow
        self.protected = protected
        self.suffixes = suffixes
        self.approvals = approvals
        self.approvalFiles = approvalFiles
        self.approvers = approvers
        self.isLenient = isLenient
    }
}
