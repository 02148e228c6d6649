/// The reader of the status page.
extension Script {
    /// Opens the status page in a browser, over the pipe of its DevTools protocol, and tells what it shows, a JSON object a line.
    ///
    /// Arguments: the browser, a folder for its profile, the page's address, and how many names of DNS are read at last.
    ///
    /// `plain` is the page without JavaScript; `renewed` with it, after its first answer; then `watching` is said, and `more` is the page when it shows
    /// as many names of DNS; `unwell` and `well` are the page when not all is well, and then again; `away` is it once it has found the sensor gone.
    /// With each come the figures by their place, what the browser complained of (its console, exceptions, violations of the policy) and how many
    /// requests it had sent since the page before.
    static let statusPage = #"""
        import json, os, select, signal, subprocess, sys, time

        signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
        browser, profile, address, names = sys.argv[1:5]
        # A process holds the pipe's ends as descriptors 3 and 4: questions and answers, each ended by a zero byte.
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
        FIGURES = """(() => {
            const figures = {};
            for (const figure of document.querySelectorAll("[data-path]")) {
                const row = figure.closest("[data-rows] tbody tr");
                const place = row ? `${figure.closest("table").id}/${row.cells[0].textContent}/` : "";
                figures[place + (figure.dataset.path || figure.dataset.format)] = figure.textContent;
            }
            const text = (selector) => document.querySelector(selector)?.textContent;
            return {
                figures, title: document.title, verdict: text("#verdict"), said: text("#announcements"),
                findings: [...document.querySelectorAll("#findings > li")].map((finding) => finding.innerText),
                away: !document.querySelector("#away").hidden, charts: !document.querySelector("#charts").hidden,
                rate: text("[data-series=names] .now"), width: document.documentElement.scrollWidth, window: innerWidth,
                drawings: [...document.querySelectorAll("svg[role=img]")].map((drawing) => drawing.getAttribute("aria-label")),
                elements: document.querySelectorAll("img, iframe, object, script[src], link[rel=stylesheet]").length,
                refreshes: document.querySelectorAll("noscript meta").length,
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

        def shown():
            answer = call("Runtime.evaluate", expression=FIGURES, returnByValue=True)
            return answer["result"].get("value") or sys.exit(f"{answer}")

        def wait(condition):
            limit = time.monotonic() + 60
            while time.monotonic() < limit:
                page = shown()
                if condition(page):
                    return page
                event = message(time.monotonic() + 0.1)
                if event:
                    events.append(event)
            sys.exit(f"waited in vain; the page is {json.dumps(page)}")

        def tell(step, page):
            page["complaints"] = [json.dumps(event) for event in events if event["method"] in COMPLAINTS]
            page["requests"] = sum(event["method"] == "Network.requestWillBeSent" for event in events)
            events.clear()
            print(json.dumps({"step": step, **page}), flush=True)

        def load():
            call("Page.navigate", url=address)
            limit = time.monotonic() + 60
            while not any(event["method"] == "Page.loadEventFired" for event in events):
                event = message(limit) or sys.exit("the page does not load")
                events.append(event)

        try:
            page = next(target for target in call("Target.getTargets")["targetInfos"] if target["type"] == "page")
            session = call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
            for domain in ["Page", "Log", "Runtime", "Network", "Audits"]:
                call(domain + ".enable")
            # As narrow as the narrowest phone.
            call("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=1, mobile=True)
            call("Emulation.setScriptExecutionDisabled", value=True)
            load()
            tell("plain", shown())
            call("Emulation.setScriptExecutionDisabled", value=False)
            load()
            tell("renewed", wait(lambda page: page["charts"]))
            print(json.dumps({"step": "watching"}), flush=True)
            tell("more", wait(lambda page: page["figures"]["totals.names.dns"] == names and page["rate"] != "–"))
            tell("unwell", wait(lambda page: page["verdict"] != "All is well"))
            tell("well", wait(lambda page: page["verdict"] == "All is well"))
            tell("away", wait(lambda page: page["away"]))
        finally:
            process.terminate()
            process.wait(20)
        """#
}
