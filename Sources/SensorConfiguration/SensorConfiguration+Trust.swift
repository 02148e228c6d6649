extension SensorConfiguration {
    /// What is done with a list that its publisher no longer stands by.
    package enum ExpiredAction: String, CaseIterable, Sendable {
        /// It blocks as before, and alarms.
        case keep
        /// Its matches are counted and pass, and it alarms.
        case observe
    }

    /// Whose signatures lists have to have: the table `[trust]`.
    ///
    /// No list of publishers and no operator's key mean that nothing need be signed.
    package struct Trust: Equatable, Sendable {
        /// The most publishers that a list can have, as a list's signatures can be no more.
        package static let mostPublishers = 16

        /// The files of the publishers' public keys, one key in each.
        package var publishers: [String] = []

        /// How many of the publishers must have signed: 1 to ``mostPublishers``, and no more than there are.
        package var threshold = 1

        /// The file of the operator's own public key, which must have signed besides; nil where it need not.
        package var operatorKey: String?

        /// The files of the public keys of those who may let a list through a gate; none, or two and more.
        package var approvers: [String] = []

        /// The file of the key that opens sealed snapshots, or `credential:NAME`; nil where none is sealed.
        package var sealKey: String?

        /// What is done with a list that has expired.
        package var expired = ExpiredAction.keep

        /// Nothing need be signed.
        package init() {}

        /// Notes what contradicts itself.
        func check(_ section: Layers) {
            if threshold > max(publishers.count, 1) {
                section.note(
                    "threshold",
                    "threshold = \(threshold) asks for more signatures than there are publishers "
                        + "(\(publishers.count), one key in each file); lower it or name more publishers"
                )
            }
            if approvers.count == 1 {
                section.note(
                    "approvers",
                    "approvers must be two keys or more, since an approval takes two; name another"
                )
            }
        }
    }

    /// Whose signatures one list has to have, and which key opens it.
    package func trust(for list: List) -> Trust {
        var trust = trust
        if let publishers = list.publishers {
            trust.publishers = publishers
            // Where nobody signs, no number of signatures is asked for.
            if publishers.isEmpty { trust.threshold = 1 }
        }
        trust.threshold = list.threshold ?? trust.threshold
        trust.sealKey = list.sealKey ?? trust.sealKey
        return trust
    }
}
