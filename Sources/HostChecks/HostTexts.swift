/// Readers of the texts by which the kernel and its programs describe a host; what they do not know they pass over.
package enum HostTexts {
    /// The sockets of netfilter's netlink family in `/proc/net/netlink`: the inode by the port.
    package static func netfilterSockets(_ text: String) -> [UInt32: UInt64] {
        var inodes: [UInt32: UInt64] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
            let fields = line.split(separator: " ")
            guard fields.count >= 10, fields[1] == "12", let port = UInt32(fields[2]), let inode = UInt64(fields[9])
            else { continue }
            inodes[port] = inode
        }
        return inodes
    }

    /// The interfaces in `/proc/net/dev`, the loopback left out.
    package static func interfaces(_ text: String) -> [String] {
        text.split(separator: "\n").dropFirst(2).compactMap { line in
            guard let colon = line.lastIndex(of: ":") else { return nil }
            let name = line[..<colon].drop { $0 == " " }
            return name.isEmpty || name == "lo" ? nil : String(name)
        }
    }

    /// The interfaces in the output of `ip -o link show`.
    package static func links(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            // 3: NAME@PEER: <FLAGS> ...
            let fields = line.split(separator: " ")
            guard fields.count >= 3, fields[0].last == ":", fields[1].last == ":" else { return nil }
            let name = fields[1].dropLast().prefix { $0 != "@" }
            return name.isEmpty ? nil : String(name)
        }
    }

    /// The interfaces of the default routes in the output of `ip route show default`, each once.
    package static func defaultRouteInterfaces(_ text: String) -> [String] {
        var interfaces: [String] = []
        for line in text.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            for (word, next) in zip(words, words.dropFirst())
            where word == "dev" && interfaces.contains(String(next)) == false {
                interfaces.append(String(next))
            }
        }
        return interfaces
    }

    /// The features in the output of `ethtool -k`: whether each is on.
    package static func features(_ text: String) -> [String: Bool] {
        var features: [String: Bool] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let name = line[..<colon].filter { $0 != " " && $0 != "\t" }
            let value = line[line.index(after: colon)...].split(separator: " ").first
            guard name.isEmpty == false, value == "on" || value == "off" else { continue }
            features[String(name)] = value == "on"
        }
        return features
    }
}
