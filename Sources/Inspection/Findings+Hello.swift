import Telemetry
import Wire

extension Findings {
    /// Adds the server name of a ClientHello that is there to its end, and notes what else is to be counted of it.
    ///
    /// A hello with `encrypted_client_hello` is judged by the name it shows, as any other: that is the name asked for where the extension is
    /// grease, and else that of the provider; the two cannot be told apart. A hello without a name is counted as such and lets its flow go.
    /// - Throws: ``WireError`` where the server name is no name; the anomalies are noted all the same.
    mutating func add(_ hello: TLSClientHello, of inspectedProtocol: InspectedProtocol) throws(WireError) {
        if hello.hasEncryptedClientHello { anomalies.insert(.encryptedClientHello) }
        if hello.hasEncryptedServerName { anomalies.insert(.encryptedServerName) }
        guard hello.serverName.count > 0 else {
            anomalies.insert(.noServerName)
            return
        }
        if hello.mayHaveMoreNames { addOtherNames(of: hello, inspectedProtocol) }
        try add(inspectedProtocol, .hello) { name throws(WireError) in try name.assign(text: hello.serverName) }
    }

    /// The most host names of one hello that are judged.
    private static let nameLimit = 16

    /// Adds the host names behind the first. Which of them a server takes is not known; one that is no name, no server takes.
    private mutating func addOtherNames(of hello: TLSClientHello, _ inspectedProtocol: InspectedProtocol) {
        for number in 1..<Self.nameLimit {
            let text = hello.hostName(at: number)
            guard text.count > 0 else { return }
            do throws(WireError) {
                try add(inspectedProtocol, .hello) { name throws(WireError) in try name.assign(text: text) }
            } catch {
                continue
            }
        }
    }
}
