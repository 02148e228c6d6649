import Figures
import Foundation
import NetworkLab
import Telemetry
import TestSupport
import Testing

@testable import Reports

/// A browser that looks at a page.
enum Browser {
    /// What it shows at a width, in a colour scheme and on a medium.
    struct Look: Decodable {
        var name: String
        var width: Int
        var window: Int
        var ground: String
        var text: String
        var isNavigationShown: Bool
        var unlabelled: Int
        var headless: Int
        var uncaptioned: Int
        var figures: [String: [String]]
        var foreign: Int
        var complaints: [String]
        var requests: [String]
        var paper: Int
    }

    /// Opens a page of this text in several ways.
    static func looks(at page: String) async throws -> [Look] {
        let folder = try TemporaryFolder()
        let script = try folder.write(Self.script, to: "look.py")
        let file = try folder.write(page, to: "report.html")
        let words = [script, try #require(Chromium.path), folder["profile"], "file://" + file]
        let result = try await Command.run(
            ["env", "-i", "HOME=\(folder.path)", "TMPDIR=\(folder.path)", "PATH=/usr/bin:/bin", "python3"] + words,
            timeLimit: .seconds(300)
        )
        try #require(result.succeeded, "\(result.errors)")
        return try JSONDecoder().decode([Look].self, from: Data(result.output.utf8))
    }

    /// Asks the browser over the pipe of its DevTools protocol.
    private static let script = #"""
        import json, os, select, signal, subprocess, sys, time

        signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
        browser, profile, address = sys.argv[1:4]
        # The browser holds the pipe's ends as descriptors 3 and 4: questions and answers, each ended by a zero byte.
        asked, questions = os.pipe()
        answers, answered = os.pipe()
        process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{asked} 4>&{answered}', "sh", browser, "--no-sandbox", "--disable-gpu",
             "--disable-dev-shm-usage", "--disable-breakpad", "--disable-background-networking", "--remote-debugging-pipe",
             f"--user-data-dir={profile}", "about:blank"],
            pass_fds=(asked, answered), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(asked)
        os.close(answered)

        COMPLAINTS = {"Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Audits.issueAdded"}
        LOOK = """(() => {
            const all = (selector) => [...document.querySelectorAll(selector)];
            const figures = {};
            for (const row of all("table tbody tr")) {
                const cells = [...row.cells].map((cell) => cell.textContent);
                figures[row.closest("table").id + "/" + cells[0]] = cells.slice(1);
            }
            return {
                figures, width: document.documentElement.scrollWidth, window: innerWidth,
                ground: getComputedStyle(document.body).backgroundColor, text: getComputedStyle(document.body).color,
                isNavigationShown: getComputedStyle(document.querySelector("nav")).display !== "none",
                unlabelled: all("svg[role=img]:not([aria-label])").length,
                headless: all("thead th:not([scope=col]), tbody th:not([scope=row])").length,
                uncaptioned: all("table").filter((table) => !table.caption).length
                    + all("figure").filter((figure) => !figure.querySelector("figcaption")).length,
                foreign: all("script, img, iframe, object, link[rel=stylesheet], [style], [onclick], [onload]").length,
            };
        })()"""
        unread, number, session, events = b"", 0, None, []

        def message(limit):
            global unread
            while b"\0" not in unread:
                if not select.select([answers], [], [], max(limit - time.monotonic(), 0))[0]:
                    return None
                part = os.read(answers, 1 << 16)
                if not part:
                    sys.exit("the browser has ended")
                unread += part
            text, unread = unread.split(b"\0", 1)
            return json.loads(text)

        def call(method, **parameters):
            global number
            number += 1
            question = {"id": number, "method": method, "params": parameters}
            if session:
                question["sessionId"] = session
            os.write(questions, json.dumps(question).encode() + b"\0")
            limit = time.monotonic() + 60
            while answer := message(limit):
                if answer.get("id") == number:
                    if "error" in answer:
                        sys.exit(f"{method}: {answer['error']}")
                    return answer["result"]
                events.append(answer)
            sys.exit(f"{method}: no answer")

        try:
            page = next(target for target in call("Target.getTargets")["targetInfos"] if target["type"] == "page")
            session = call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
            for domain in ["Page", "Log", "Runtime", "Network", "Audits"]:
                call(domain + ".enable")
            looks = []
            for name, width, scheme, medium in [
                ("light", 1100, "light", "screen"), ("dark", 1100, "dark", "screen"),
                ("phone", 320, "light", "screen"), ("print", 700, "dark", "print"),
            ]:
                call("Emulation.setDeviceMetricsOverride", width=width, height=640, deviceScaleFactor=1, mobile=width < 400)
                call("Emulation.setEmulatedMedia", media=medium,
                     features=[{"name": "prefers-color-scheme", "value": scheme}])
                call("Page.navigate", url=address)
                limit = time.monotonic() + 60
                while not any(event["method"] == "Page.loadEventFired" for event in events):
                    events.append(message(limit) or sys.exit("the page does not load"))
                answer = call("Runtime.evaluate", expression=LOOK, returnByValue=True)
                look = answer["result"].get("value") or sys.exit(f"{answer}")
                paper = len(call("Page.printToPDF", printBackground=True)["data"]) if medium == "print" else 0
                looks.append({
                    "name": name, "paper": paper, **look,
                    "complaints": [json.dumps(event) for event in events if event["method"] in COMPLAINTS],
                    "requests": [event["params"]["request"]["url"].split(":")[0] for event in events
                                 if event["method"] == "Network.requestWillBeSent"]})
                events.clear()
            print(json.dumps(looks))
        finally:
            process.terminate()
            process.wait(20)
        """#
}

@Suite("Report in a browser")
struct BrowserTests {
    @Test(.enabled(if: Chromium.path != nil, "chromium-headless-shell is missing"))
    func `a browser shows the figures, in light and dark, on a phone and on paper, and complains of nothing`()
        async throws
    {
        let looks = try await Browser.looks(at: HTMLReport.render(Samples.small, .en))
        #expect(looks.map(\.name) == ["light", "dark", "phone", "print"])
        for look in looks {
            #expect(look.complaints == [], "\(look.name)")
            #expect(look.requests.allSatisfy { ["file", "data"].contains($0) }, "\(look.name): \(look.requests)")
            #expect(look.width <= look.window, "\(look.name) is \(look.width) wide in \(look.window)")
            #expect(
                look.unlabelled == 0 && look.headless == 0 && look.uncaptioned == 0 && look.foreign == 0,
                "\(look.name)"
            )
            #expect(look.figures["attempts-markets/se"] == ["1,680", "4,766", "480"])
            #expect(look.figures["coverage-markets/no"] == ["208", "195", "93.8\u{A0}%"])
            #expect(look.figures["attempts-periods/2026-11-03"] == ["–", "–", "–", "no data"])
            #expect(look.figures["attempts-periods/2026-11-04"] == ["0", "0", "0", "1"])
            #expect(look.figures["attempts-markets-figures/2026-11-03"] == ["no data", "no data"])
            #expect(look.isNavigationShown == (look.name != "print"))
        }
        #expect(looks[0].ground != looks[1].ground && looks[0].text != looks[1].text, "dark is dark")
        #expect(looks[3].ground == "rgb(255, 255, 255)", "paper is white, whatever the scheme")
        #expect(looks[3].paper > 10_000)
    }

    @Test(.enabled(if: Chromium.path != nil, "chromium-headless-shell is missing"))
    func `texts that would do harm are shown as texts`() async throws {
        var figures = Samples.figures(day: 0, "se", attempts: 5, events: 5, coverage: (1, 1))
        figures.matches = Samples.hostile.map {
            .init(list: $0, mechanism: .dnsUDP, action: $0, events: 1, attempts: 1)
        }
        let report = Report(
            .day,
            from: Samples.start,
            to: Samples.start + Samples.day,
            now: Samples.start + Samples.day,
            figures: [figures]
        )
        for look in try await Browser.looks(at: HTMLReport.render(report, .sv)) {
            #expect(look.complaints == [] && look.foreign == 0 && look.headless == 0, "\(look.name)")
            #expect(look.figures["attempts-lists/<script>alert(1)</script>"] == ["1", "1"], "\(look.name)")
            #expect(
                look.width <= look.window || look.name == "print",
                "\(look.name) is \(look.width) wide in \(look.window)"
            )
        }
    }
}
