import Blocklists
import ListFiles
import Wire

/// Floors 2 and 4: a name as a list writes it becomes the name that is matched.
extension Workload {
    /// Names in ASCII, and those that become A-labels.
    static let names = [
        Workload("name-ascii", "a name of a list is checked, folded and taken: three labels in ASCII", pass: 1_024) {
            normalise { "Host-\($0).Unlisted-\($0 % 97).Example" }
        },
        Workload("name-idn", "a name of a list becomes A-labels: one label of three is not ASCII", pass: 1_024) {
            normalise { "host-\($0).b\u{FC}cher-\($0 % 97).example" }
        },
    ]

    private static func normalise(_ text: (Int) -> String) -> Run {
        var inputs = Inputs(1_024) { Array(text($0).utf8) }
        var name = DomainName()
        return { count in
            inputs.read(count, into: &name) { bytes, name in
                (try? ListName.parse(bytes, into: &name)) != nil && name.labelCount == 3
            }
        }
    }
}
