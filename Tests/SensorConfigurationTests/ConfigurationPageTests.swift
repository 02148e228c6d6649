import Foundation
import SensorConfiguration
import Testing

@Suite("Configuration page and example")
struct ConfigurationPageTests {
    private static let isWriting = ProcessInfo.processInfo.environment["GRINDVAKT_CONFIGURATION_PAGE"] != nil

    private static func file(_ path: String) -> URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: path)
    }

    @Test(.enabled(if: isWriting, "asked for alone"))
    func `the page and the example are written anew`() throws {
        try ConfigurationPage.text.write(
            to: Self.file(ConfigurationPage.path),
            atomically: true,
            encoding: .utf8
        )
        try SensorConfiguration.example.write(
            to: Self.file(ConfigurationPage.examplePath),
            atomically: true,
            encoding: .utf8
        )
    }

    @Test(.enabled(if: isWriting == false, "they are being written"))
    func `the page and the example say what the table says`() throws {
        let page = try String(contentsOf: Self.file(ConfigurationPage.path), encoding: .utf8)
        #expect(page == ConfigurationPage.text, "run: make configuration-page")
        let example = try String(contentsOf: Self.file(ConfigurationPage.examplePath), encoding: .utf8)
        #expect(example == SensorConfiguration.example, "run: make configuration-page")
    }
}
