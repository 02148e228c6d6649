import CaptureFiles
import FoundationEssentials

/// Why cases could not be chosen or written: one line that names the object, what is wrong and the mend.
package struct EvasionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line.
    package let description: String
}

/// Cases as capture files, for other tools to be tried on.
package enum EvasionCaptures {
    /// Frames are said to have been captured from here on: 2026-01-01, in nanoseconds since 1970.
    private static let start: UInt64 = 1_767_225_600_000_000_000

    /// Writes `ID.pcap` and `innocent/ID.pcap` for each case, and `INDEX.md`, which says what each should show.
    ///
    /// A file appears whole or not at all, the index last; files of the same names are replaced.
    /// - Parameters:
    ///   - cases: which ones.
    ///   - folder: where; it is made where it is missing.
    /// - Throws: ``EvasionError``.
    package static func write(_ cases: [EvasionCase], to folder: String) throws(EvasionError) {
        let innocent = folder + "/innocent"
        do {
            try FileManager.default.createDirectory(atPath: innocent, withIntermediateDirectories: true)
        } catch {
            throw EvasionError(
                description: "\(innocent) cannot be made: check the path and its permissions"
            )
        }
        for evasionCase in cases {
            let file = evasionCase.id + ".pcap"
            try write(evasionCase.packets, evasionCase.dataLinkType, to: "\(folder)/\(file)")
            try write(evasionCase.innocentTwin(), evasionCase.dataLinkType, to: "\(innocent)/\(file)")
        }
        let path = folder + "/INDEX.md"
        do {
            try Data(index(cases).utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw EvasionError(description: "\(path) cannot be written: make room or name another folder")
        }
    }

    private static func write(_ packets: [EvasionPacket], _ dataLinkType: Int32, to path: String)
        throws(EvasionError)
    {
        do throws(OutputError) {
            var writer = try CaptureWriter(path: path, dataLinkType: dataLinkType)
            for packet in packets { writer.append(packet.frame, at: start + packet.time * 1_000) }
            try writer.commit()
        } catch {
            throw EvasionError(description: error.explanation)
        }
    }

    /// What each capture holds and what an inspection should make of it.
    static func index(_ cases: [EvasionCase]) -> String {
        var text = """
            # Evasion cases

            Each capture hides the name `\(EvasionScene.listedName)` in its way; `innocent/` holds the same forms with \
            `\(EvasionScene.innocentName)`, of which no packet may be dropped. Put the first name, and nothing else, on the list \
            of the tool under test. "by" is the packet that gives the name away whole: with it at the latest something has to \
            be dropped, or the server has got what it needs. Decoys ask for `\(EvasionScene.decoyName)`.

            | capture | what is odd | made by | gets past | protocol | expected | by |
            | --- | --- | --- | --- | --- | --- | --- |

            """
        for evasionCase in cases {
            let packets = evasionCase.packets
            let deadline = packets.firstIndex { $0.demand == .completes }
            let row = [
                evasionCase.id + ".pcap", evasionCase.title, evasionCase.origin, evasionCase.defeats,
                evasionCase.inspectedProtocol, evasionCase.expectation.explanation,
                deadline.map { "\($0 + 1)/\(packets.count)" } ?? "-",
            ]
            text += "| " + row.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        }
        return text
    }
}
