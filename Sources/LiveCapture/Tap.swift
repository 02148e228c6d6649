import CPcap
import CaptureFiles
import Glibc

/// An interface that libpcap captures from: one packet socket with its ring of frames, closed when this value goes away.
///
/// The ring is the kernel's TPACKET_V3: frames of any size lie close together, and a block of them is handed over when it is full or
/// ``blockTimeout`` has passed. Immediate mode would give each frame a slot as large as the snapshot length.
@safe
struct Tap: ~Copyable, @unchecked Sendable {
    /// What the frames start with.
    let linkLayer: LinkLayer

    /// The tcpdump project's name for the link type.
    let linkType: String

    /// The interface's number in the kernel; zero for the interface that stands for all.
    let index: UInt32

    /// The descriptor that becomes readable when a block of frames has been handed over.
    let descriptor: Int32

    private let interface: String
    private let handle: OpaquePointer

    /// Milliseconds that a frame waits for its block to be filled.
    private static let blockTimeout: Int32 = 100

    /// Frames that are taken at a time.
    private static let batchSize: Int32 = 256

    /// Opens an interface and asks for what `configuration` says.
    ///
    /// Only network interfaces are opened: libpcap's names for other sources, `nfqueue` among them, would have it take packets away.
    /// - Throws: ``TapError``.
    init(opening configuration: TapConfiguration) throws(TapError) {
        let interface = configuration.interface
        let isAny = interface == TapConfiguration.anyInterface
        // SAFETY: the name is a string that lives through the call.
        let number = isAny ? 0 : unsafe if_nametoindex(interface)
        guard isAny || number != 0 else { throw .noInterface(interface, available: NetworkInterfaces.names()) }

        let opened = try unsafe Self.activate(configuration)
        let kind: (layer: LinkLayer, name: String)
        do throws(TapError) {
            if let filter = configuration.filter { try unsafe Self.set(filter: filter, opened, interface) }
            kind = try unsafe Self.linkLayer(of: opened, interface)
        } catch {
            // SAFETY: `opened` is an open handle that nothing else holds; it is closed once.
            unsafe pcap_close(opened)
            throw error
        }
        (linkLayer, linkType) = kind
        index = number
        // SAFETY: `opened` is an activated handle.
        descriptor = unsafe pcap_get_selectable_fd(opened)
        self.interface = interface
        unsafe handle = opened
    }

    private static func linkLayer(
        of handle: OpaquePointer,
        _ interface: String
    ) throws(TapError) -> (layer: LinkLayer, name: String) {
        // SAFETY: the handle is active.
        let number = unsafe pcap_datalink(handle)
        let name = CaptureFile.linkTypeName(number)
        guard let layer = LinkLayer(dataLinkType: number) else {
            throw .unsupportedLinkType(interface: interface, name: name)
        }
        return (layer, name)
    }

    /// Makes a handle of an interface, activated and never waiting for frames.
    private static func activate(_ configuration: TapConfiguration) throws(TapError) -> OpaquePointer {
        let interface = configuration.interface
        var text = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        // SAFETY: the name lives through the call and `text` has the length libpcap asks for.
        guard let opened = unsafe pcap_create(interface, &text) else {
            throw .refused(interface: interface, reason: Self.string(text))
        }
        // SAFETY: `opened` is a handle that is not active yet; these calls fail on active ones only.
        unsafe pcap_set_snaplen(opened, Int32(clamping: configuration.snapshotLength))
        let isPromiscuous = configuration.isPromiscuous && interface != TapConfiguration.anyInterface
        unsafe pcap_set_promisc(opened, isPromiscuous ? 1 : 0)
        unsafe pcap_set_timeout(opened, blockTimeout)
        unsafe pcap_set_buffer_size(opened, Int32(clamping: configuration.buffer))
        let status = unsafe pcap_activate(opened)
        // Warnings are positive: something that was asked for cannot be had, but frames can.
        // SAFETY: the handle is active where the status says so, and `text` has the length libpcap asks for.
        if unsafe status >= 0 && pcap_setnonblock(opened, 1, &text) == 0 { return unsafe opened }
        // SAFETY: the handle is open; its error text is NUL-terminated and copied before it is closed, once.
        let reason = unsafe status < 0 ? String(cString: pcap_geterr(opened)) : Self.string(text)
        unsafe pcap_close(opened)
        switch status {
        case PCAP_ERROR_PERM_DENIED, PCAP_ERROR_PROMISC_PERM_DENIED: throw .notPermitted(interface: interface)
        case PCAP_ERROR_NO_SUCH_DEVICE: throw .noInterface(interface, available: NetworkInterfaces.names())
        case PCAP_ERROR_IFACE_NOT_UP: throw .down(interface: interface)
        default: throw .refused(interface: interface, reason: reason.isEmpty ? "error \(status)" : reason)
        }
    }

    private static func set(filter: String, _ handle: OpaquePointer, _ interface: String) throws(TapError) {
        // SAFETY: the handle is active, the text lives through the call, and the program is freed once where there is one.
        var program = unsafe bpf_program()
        guard unsafe pcap_compile(handle, &program, filter, 1, UInt32.max) == 0 else {
            throw .filter(interface: interface, reason: unsafe String(cString: pcap_geterr(handle)))
        }
        defer { unsafe pcap_freecode(&program) }
        // SAFETY: the handle is active and copies the program.
        guard unsafe pcap_setfilter(handle, &program) == 0 else {
            throw .filter(interface: interface, reason: unsafe String(cString: pcap_geterr(handle)))
        }
    }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // SAFETY: the handle is open, and this value is its only owner.
        unsafe pcap_close(handle)
    }

    /// Has the frames inspected that the kernel has handed over, up to a batch of them, without waiting for more.
    ///
    /// - Returns: how many there were.
    /// - Throws: ``TapError`` where there will be no more.
    func read(into inspection: inout TapInspection) throws(TapError) -> Int {
        // SAFETY: the pointer is to `inspection`, held exclusively during the call; the callback runs within it, on this thread, and
        // gets `caplen` octets that the kernel leaves alone until it returns.
        let count = unsafe withUnsafeMutablePointer(to: &inspection) { pointer in
            unsafe pcap_dispatch(
                handle,
                Self.batchSize,
                { user, header, start in
                    guard let user = unsafe user, let header = unsafe header, let start = unsafe start else { return }
                    let inspection = unsafe UnsafeMutableRawPointer(user).assumingMemoryBound(to: TapInspection.self)
                    unsafe inspection.pointee.inspect(Span(_unsafeStart: start, count: Int(header.pointee.caplen)))
                },
                UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt8.self)
            )
        }
        guard count < 0 else { return Int(count) }
        guard isSameInterface else { throw .gone(interface: interface) }
        // SAFETY: the handle is open; its error text is NUL-terminated and copied at once.
        throw .refused(interface: interface, reason: unsafe String(cString: pcap_geterr(handle)))
    }

    /// Whether the name still stands for the interface that was opened.
    var isSameInterface: Bool {
        // SAFETY: the name is a string that lives through the call.
        unsafe index == 0 || if_nametoindex(interface) == index
    }

    /// Whether the interface is up; libpcap waits in silence while it is not.
    var isUp: Bool {
        // SAFETY: the name is a string that lives through the call.
        unsafe index == 0 || gv_interface_is_up(interface) == 1
    }

    /// What the kernel has counted since the interface was opened; each number goes on from zero after 2^32. Nil where it does not say.
    var statistics: TapStatistics? {
        var numbers = pcap_stat()
        // SAFETY: the handle is active and `numbers` outlives the call.
        guard unsafe pcap_stats(handle, &numbers) == 0 else { return nil }
        return TapStatistics(
            received: numbers.ps_recv,
            kernelDropped: numbers.ps_drop,
            interfaceDropped: numbers.ps_ifdrop
        )
    }
}

/// libpcap's account of a capture (pcap_stats(3PCAP)).
struct TapStatistics: Equatable, Sendable {
    /// Frames that passed the filter, those dropped for want of room among them. On `lo` each packet counts twice, as sent and as received,
    /// and libpcap passes one of the two over.
    var received: UInt32 = 0
    /// Frames for which the ring had no room.
    var kernelDropped: UInt32 = 0
    /// Frames that the interface or its driver dropped, whatever the filter.
    var interfaceDropped: UInt32 = 0
}

/// The network interfaces of this host.
enum NetworkInterfaces {
    /// Their names in the kernel's order, and before them the one that stands for all.
    static func names() -> [String] {
        var names = [TapConfiguration.anyInterface]
        // SAFETY: the list ends with an entry without a name, and is freed once, after its strings were copied.
        guard let list = unsafe if_nameindex() else { return names }
        defer { unsafe if_freenameindex(list) }
        var entry = unsafe list
        while let name = unsafe entry.pointee.if_name {
            unsafe names.append(String(cString: name))
            unsafe entry += 1
        }
        return names
    }
}
