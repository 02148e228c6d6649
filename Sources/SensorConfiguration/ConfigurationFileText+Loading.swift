import FoundationEssentials
import SystemPackage

extension ConfigurationFileText {
    /// The most octets that a file may have: no configuration comes near, and a device never ends.
    package static let maximumSize = 4 << 20

    /// The most drop-ins that are read.
    static let mostDropIns = 256

    /// The folder of the drop-ins that belong to a configuration.
    static func dropInFolder(of path: String) -> String { path + ".d" }

    /// Reads a configuration and its drop-ins: the file `path`, then each `*.toml` in the folder `path.d`, in the order of the octets of their
    /// names. Names that begin with a dot are left out; where there is no folder, there are no drop-ins.
    ///
    /// - Parameter path: the configuration.
    /// - Returns: the file and its drop-ins.
    /// - Throws: ``ConfigurationError`` for what cannot be read.
    package static func load(_ path: String) throws(ConfigurationError) -> [ConfigurationFileText] {
        var files = [ConfigurationFileText(path: path, text: try text(of: path))]
        let folder = dropInFolder(of: path)
        for name in try dropIns(in: folder) {
            files.append(ConfigurationFileText(path: "\(folder)/\(name)", text: try text(of: "\(folder)/\(name)")))
        }
        return files
    }

    private static func dropIns(in folder: String) throws(ConfigurationError) -> [String] {
        do {
            try FileDescriptor.open(FilePath(folder), .readOnly, options: [.directory, .closeOnExec]).close()
        } catch let error as Errno {
            if error == .noSuchFileOrDirectory { return [] }
            throw ConfigurationError(
                path: folder,
                line: nil,
                error == .notDirectory ? "is no folder; drop-ins lie in one" : "cannot be read: \(error)"
            )
        } catch {
            throw ConfigurationError(path: folder, line: nil, "cannot be read")
        }
        guard let all = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw ConfigurationError(path: folder, line: nil, "cannot be read")
        }
        let names = all.filter { $0.hasSuffix(".toml") && $0.hasPrefix(".") == false }
        guard names.count <= mostDropIns else {
            throw ConfigurationError(
                path: folder,
                line: nil,
                "holds more than \(mostDropIns) drop-ins; merge some of them"
            )
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        do {
            let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
            let bytes = try descriptor.closeAfter { try Self.octets(of: descriptor) }
            guard bytes.count <= maximumSize else {
                throw ConfigurationError(path: path, line: nil, "is larger than 4 MiB, and so no configuration")
            }
            return String(decoding: bytes, as: UTF8.self)
        } catch let error as ConfigurationError {
            throw error
        } catch let error as Errno {
            throw ConfigurationError(path: path, line: nil, "cannot be read: \(error)")
        } catch {
            throw ConfigurationError(path: path, line: nil, "cannot be read")
        }
    }

    /// What a file holds, and no more than tells that it is too large.
    private static func octets(of descriptor: FileDescriptor) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= maximumSize {
            // SAFETY: the buffer is held exclusively while the call lasts, and the call is told its length.
            let count = try unsafe piece.withUnsafeMutableBytes { try unsafe descriptor.read(into: $0) }
            guard count > 0 else { break }
            bytes += piece[..<count]
        }
        return bytes
    }
}
