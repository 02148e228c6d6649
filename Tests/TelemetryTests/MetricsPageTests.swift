import Foundation
import Testing

@Suite("Metrics page")
struct MetricsPageTests {
    private static let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: MetricsPage.path)

    @Test(.enabled(if: ProcessInfo.processInfo.environment["GRINDVAKT_METRICS_PAGE"] != nil, "asked for alone"))
    func `the page is written anew`() throws {
        try MetricsPage.text.write(to: Self.file, atomically: true, encoding: .utf8)
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["GRINDVAKT_METRICS_PAGE"] == nil, "it is being written"))
    func `the page says what the declarations say`() throws {
        let text = try String(contentsOf: Self.file, encoding: .utf8)
        #expect(text == MetricsPage.text, "run: make metrics-page")
    }
}
