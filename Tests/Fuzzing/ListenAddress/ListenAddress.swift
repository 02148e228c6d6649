import FuzzingDriver
import SensorConfiguration

@main
enum Entry {
    /// Each input is an address and a port as configured.
    static func main() {
        fuzz { bytes in
            let text = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            guard let listen = ListenAddress(text) else { return }
            precondition(listen.port > 0)
            let isIPv6 = listen.address.contains(":")
            // What is taken is spelt again the same, but for zeros before the port.
            let again = ListenAddress(
                isIPv6 ? "[\(listen.address)]:\(listen.port)" : "\(listen.address):\(listen.port)"
            )
            precondition(again == listen)
        }
    }
}
