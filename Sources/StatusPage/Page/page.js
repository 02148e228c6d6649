// Renews the page's figures from /status, and draws what it has seen in ten minutes; the sensor keeps no history.
"use strict";

(() => {
    /** Milliseconds from one answer to the next question, while all goes well and at most. */
    const pace = 2000, slowestPace = 30000;
    /** Milliseconds after which an answer counts as not come. */
    const patience = 8000;
    /** Seconds that are drawn, and over which latencies are reckoned. */
    const memory = 600, latencyWindow = 10;
    /** Seconds without an answer after which a line is broken off. */
    const longestGap = 15;

    const element = (selector, root = document) => root.querySelector(selector);
    const elements = (selector, root = document) => [...root.querySelectorAll(selector)];
    const sum = (members) => Object.values(members ?? {}).reduce((all, count) => all + count, 0);

    // Words: one function for each of the server's formats, with the same outcome.

    const unknown = { text: "–", nothing: true };

    /** Digits in groups of three with narrow blanks between them. */
    function grouped(number) {
        return String(Math.floor(Math.max(number, 0))).replace(/\B(?=(\d{3})+$)/g, "\u202F");
    }

    /** Text of others without what steers how a page is read, and not too long. */
    function plain(text) {
        const scalars = [...text];
        const shown = scalars.slice(0, 120).map((scalar) => /[\p{C}\p{Zl}\p{Zp}]/u.test(scalar) ? "?" : scalar);
        return shown.join("") + (scalars.length > 120 ? "…" : "");
    }

    function bytes(count) {
        const units = ["B", "KiB", "MiB", "GiB", "TiB"];
        let step = 0;
        for (count = Math.floor(Math.max(count, 0)); count >= 1024 && step < units.length - 1; step += 1) {
            count = Math.floor(count / 1024);
        }
        return `${grouped(count)}\u00A0${units[step]}`;
    }

    /** A number below ten with one digit after the point, a larger one without. */
    function decimal(number) {
        const tenths = Math.round(number * 10);
        return tenths < 100 ? `${Math.floor(tenths / 10)}.${tenths % 10}` : grouped(Math.round(number));
    }

    function latency(seconds) {
        const nanoseconds = Math.max(seconds, 0) * 1e9;
        for (const [unit, size] of [["µs", 1e3], ["ms", 1e6]]) {
            if (Math.round(nanoseconds) < size * 1000) return `${decimal(nanoseconds / size)}\u00A0${unit}`;
        }
        return `${decimal(nanoseconds / 1e9)}\u00A0s`;
    }

    function duration(seconds) {
        const whole = Math.floor(Math.max(seconds, 0));
        const days = Math.floor(whole / 86400), hours = Math.floor(whole / 3600) % 24;
        const minutes = Math.floor(whole / 60) % 60;
        if (days > 0) return `${grouped(days)}\u00A0d ${hours}\u00A0h`;
        if (hours > 0) return `${hours}\u00A0h ${minutes}\u00A0min`;
        if (minutes > 0) return `${minutes}\u00A0min ${whole % 60}\u00A0s`;
        return `${whole}\u00A0s`;
    }

    /** A point in time in UTC, to the second. */
    function moment(seconds) {
        return new Date(Math.floor(seconds) * 1000).toISOString().slice(0, 19).replace("T", " ");
    }

    /** The same to the minute. */
    const time = (seconds) => moment(seconds).slice(0, 16);

    /** A number, and of how many where that is bad news. */
    function part(value, whole, words, isBad) {
        if (value === null || value === undefined) return unknown;
        if (whole === null || whole === undefined || !isBad(value, whole)) {
            return { text: words(value), nothing: value === 0 };
        }
        return { text: `${words(value)} of\u00A0${words(whole)}`, bad: true };
    }

    const formats = {
        text: (text) => ({ text: plain(text) }),
        words: (words) => words.length > 0 ? { text: plain(words.join(", ")) } : unknown,
        count: (count) => ({ text: grouped(count), nothing: count === 0 }),
        number: (number) => ({ text: String(number) }),
        loss: (count) => ({ text: grouped(count), nothing: count === 0, bad: count > 0 }),
        bytes: (count) => ({ text: bytes(count), nothing: count === 0 }),
        latency: (seconds) => ({ text: latency(seconds) }),
        duration: (seconds) => ({ text: duration(seconds), nothing: seconds === 0 }),
        time: (seconds) => ({ text: time(seconds) }),
        flag: (flag) => ({ text: flag ? "yes" : "no" }),
        presence: (isThere) => isThere ? { text: "yes" } : { text: "no", bad: true },
        killSwitch: (isOn) => isOn ? { text: "on: nothing is blocked", bad: true } : { text: "off" },
        buffer: (queue) => part(queue.receive_buffer_bytes, queue.receive_buffer_wanted_bytes, bytes, (a, b) => a < b),
        waiting: (queue) => part(queue.waiting, queue.max_length, grouped, (a, b) => a >= b),
        listState: (list) => {
            if (list.fallback) return { text: `${list.expired ? "expired, " : ""}last good edition`, bad: true };
            return { text: list.expired ? "expired" : "in force", bad: list.expired === true };
        },
        sum: (members) => formats.count(sum(members)),
        causes: (members) => {
            const causes = Object.keys(members).filter((cause) => members[cause] > 0).sort();
            if (causes.length === 0) return { text: "none", nothing: true };
            return { text: causes.map((cause) => `${cause} ${grouped(members[cause])}`).join(", "), bad: true };
        },
        refusals: (list) => {
            const updates = formats.loss(list.updates_refused);
            if (!updates.bad) return updates;
            return { text: `${updates.text} (${formats.causes(list.refusals).text})`, bad: true };
        },
        reloads: (counts) => {
            const text = `${grouped(counts.succeeded)} done, ${grouped(counts.failed)} refused`;
            if (!counts.last) return { text };
            const outcome = counts.last.succeeded ? "done" : "refused";
            return { text: `${text}; the last was ${outcome} ${time(counts.last.at)}`, bad: !counts.last.succeeded };
        },
        failures: (failures) => ({
            text: [
                ["overload", "overload"], ["nobody there", "absence"], ["malformed", "malformed"],
                ["over budget", "over_budget"],
            ].map(([words, member]) => `${words}: ${plain(failures[member])}`).join(", "),
        }),
    };

    // Figures: each element says where in the report its figure lies.

    const lone = elements("[data-path]").filter((figure) => figure.closest("[data-rows]") === null);

    function at(value, path) {
        return path.split(".").filter((member) => member !== "")
            .reduce((inner, member) => inner?.[member] ?? null, value);
    }

    function fill(figure, report) {
        const value = at(report, figure.dataset.path);
        const shown = value === null ? unknown : formats[figure.dataset.format](value);
        const text = figure.firstElementChild;
        if (text.textContent !== shown.text) text.textContent = shown.text;
        figure.classList.toggle("bad", shown.bad === true);
        figure.classList.toggle("nothing", shown.nothing === true);
    }

    function fillTable(table, report) {
        const values = at(report, table.dataset.rows) ?? [];
        const body = table.tBodies[0], template = document.getElementById(`${table.id}-row`);
        while (body.rows.length > values.length) body.rows[body.rows.length - 1].remove();
        while (body.rows.length < values.length) body.append(template.content.cloneNode(true));
        values.forEach((value, index) => {
            for (const cell of body.rows[index].cells) fill(cell, value);
        });
        document.getElementById(`${table.id}-table`).hidden = values.length === 0;
        const empty = document.getElementById(`${table.id}-empty`);
        if (empty) empty.hidden = values.length > 0;
    }

    // Health.

    let isAway = false;
    let findings = elements("#findings > li").map((item) => item.dataset.finding).join(" ");

    /** Lets a screen reader say something; silent where it was said last. */
    function announce(text) {
        const place = element("#announcements");
        if (place.textContent !== text) place.textContent = text;
    }

    /** What matters first, since tabs are narrow. */
    function showTitle() {
        const count = elements("#findings > li").length;
        document.title = isAway ? "(?) Grindvakt: no answer" :
            count === 0 ? "Grindvakt: all is well" : `(${count}) Grindvakt: needs attention`;
    }

    function fillHealth(health) {
        const all = health?.findings ?? [];
        const now = all.map((finding) => finding.id).join(" ");
        if (now === findings) return;
        findings = now;
        const count = all.length;
        const verdict = count === 0 ? "All is well" : `${count} thing${count === 1 ? " needs" : "s need"} attention`;
        element("#verdict").textContent = verdict;
        element("#health").className = count === 0 ? "well" : "unwell";
        element("#findings").replaceChildren(...all.map((finding) => {
            const item = document.createElement("li"), meaning = document.createElement("p");
            const advice = document.createElement("p");
            item.dataset.finding = finding.id;
            meaning.className = "meaning";
            meaning.textContent = finding.text;
            advice.className = "advice";
            const known = elements("[data-advice]", element("#advice").content)
                .find((other) => other.dataset.advice === finding.id);
            if (known) advice.append(...known.cloneNode(true).childNodes);
            item.append(meaning, advice);
            return item;
        }));
        showTitle();
        announce([`${verdict}.`, ...all.map((finding) => finding.text)].join(" "));
    }

    // History: what the charts need of each report, for ten minutes.

    let history = [];

    function sample(report) {
        const totals = report.totals;
        const buckets = [];
        for (const queue of report.queues) {
            (queue.verdict_buckets ?? []).forEach((bucket, index) => {
                buckets[index] ??= { bound: bucket.le ?? Infinity, count: 0 };
                buckets[index].count += bucket.count;
            });
        }
        return {
            at: report.started_at + report.uptime_seconds,
            started: report.started_at,
            packets: sum(totals.packets),
            names: sum(totals.names),
            matches: totals.matches,
            blocked: totals.packets.drop,
            undecided: sum(totals.undecided),
            nameless: totals.anomalies["no-server-name"],
            encrypted: totals.anomalies.ech + totals.anomalies.esni,
            dns: sum(totals.encrypted_dns_flows),
            buckets,
        };
    }

    function remember(report) {
        const next = sample(report), last = history.at(-1);
        // Another process counts from zero, and a clock that was set back has no rates.
        if (last && (last.started !== next.started || last.at >= next.at)) history = [];
        history.push(next);
        history = history.filter((past) => next.at - past.at <= memory);
    }

    /** The rate of a counter from each sample to the next; null where there was a gap. */
    function rates(member) {
        return history.slice(1).map((next, index) => {
            const last = history[index], seconds = next.at - last.at;
            return { at: next.at, value: seconds > longestGap ? null : (next[member] - last[member]) / seconds };
        });
    }

    /** A quantile of the verdict times between two samples, in seconds; null where none was given. */
    function quantile(share, first, last) {
        const counts = last.buckets.map((bucket, index) => bucket.count - (first.buckets[index]?.count ?? 0));
        const all = counts.at(-1) ?? 0;
        if (all <= 0) return null;
        const index = counts.findIndex((count) => count >= share * all);
        const below = index > 0 ? counts[index - 1] : 0;
        const lower = index > 0 ? last.buckets[index - 1].bound : 0, upper = last.buckets[index].bound;
        if (upper === Infinity) return lower;
        return lower + (upper - lower) * (share * all - below) / (counts[index] - below);
    }

    /** A quantile at each sample, over the window before it. */
    function quantiles(share) {
        let first = 0;
        return history.slice(1).map((next, index) => {
            while (first < index && next.at - history[first].at > latencyWindow) first += 1;
            const isGap = next.at - history[index].at > longestGap;
            return { at: next.at, value: isGap ? null : quantile(share, history[first], next) };
        });
    }

    // Drawing.

    function draw(parent, name, attributes, text) {
        const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
        for (const [attribute, value] of Object.entries(attributes)) shape.setAttribute(attribute, value);
        if (text !== undefined) shape.textContent = text;
        parent.append(shape);
        return shape;
    }

    /** Empties a drawing and makes its units pixels. */
    function canvas(svg) {
        const width = Math.max(svg.clientWidth, 60), height = Math.max(svg.clientHeight, 8);
        svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        svg.replaceChildren();
        return { width, height };
    }

    /** The path of a line; it is broken off where there is no value, and a value alone is a dot. */
    function path(points, x, y) {
        let text = "", isDown = false;
        for (const point of points) {
            if (point.value === null) {
                isDown = false;
                continue;
            }
            const place = `${x(point.at).toFixed(1)} ${y(point.value).toFixed(1)}`;
            text += isDown ? `L${place}` : `M${place}h0`;
            isDown = true;
        }
        return text;
    }

    /** The least round number, 1 or more, that is not below another. */
    function ceiling(number) {
        const power = 10 ** Math.floor(Math.log10(Math.max(number, 1)));
        return [1, 2, 3, 4, 5, 6, 8, 10].map((factor) => factor * power).find((round) => round >= number) ?? 10 * power;
    }

    /** The time that the pointer is at in a chart of times; null while it is in none. */
    let pointed = null;
    /** Pixels to the left of the lines in the chart of latencies, where its marks stand. */
    const margin = 44;

    /** The point that is put into words: the last one, or the one next to the pointer. */
    function told(points) {
        if (pointed === null) return points.at(-1);
        const distance = (point) => Math.abs(point.at - pointed);
        return points.reduce((best, point) => best && distance(best) <= distance(point) ? best : point, undefined);
    }

    function drawPointer(svg, point, x, height) {
        if (pointed === null || point === undefined) return;
        draw(svg, "path", { class: "pointer", d: `M${x(point.at).toFixed(1)} 0V${height}` });
    }

    /** Lets the pointer choose the time that is put into words. */
    function follow(svg, left) {
        svg.addEventListener("pointermove", (event) => {
            const box = svg.getBoundingClientRect(), width = box.width - 2 - left;
            pointed = history.at(-1).at - (1 - (event.clientX - box.left - left) / width) * memory;
            drawTimes();
        });
        svg.addEventListener("pointerleave", () => {
            pointed = null;
            drawTimes();
        });
    }

    const perSecond = (rate) => rate < 10 ? String(Math.round(rate * 10) / 10) : grouped(Math.round(rate));

    /** A time without its smaller part where that says little. */
    function about(seconds) {
        const step = seconds >= 7200 ? 3600 : seconds >= 300 ? 60 : 1;
        return duration(Math.floor(seconds / step) * step).replace(/ 0\u00A0(h|min|s)$/, "");
    }

    function drawRates(now) {
        for (const series of elements("#rates .series")) {
            const points = rates(series.dataset.series), values = points.flatMap(({ value }) => value ?? []);
            const svg = element("svg", series), { width, height } = canvas(svg);
            const last = points.at(-1)?.value ?? null, point = told(points), value = point?.value ?? null;
            element(".now", series).textContent = value === null ? "–" : `${perSecond(value)}/s`;
            const least = Math.min(...values), most = Math.max(...values);
            const range = values.length < 2 ? "" : `${perSecond(least)} to ${perSecond(most)}`;
            element(".range", series).textContent = range;
            const name = element("h3", series).textContent;
            svg.setAttribute("aria-label", range === "" ? `${name}: no rate is known yet` :
                `${name} per second over ${about(now - history[0].at)}: ${range}, now ${perSecond(last ?? 0)}`);
            const top = ceiling(values.length > 0 ? most : 1);
            const x = (at) => width - 2 - (now - at) / memory * (width - 2);
            const y = (value) => height - 1 - value / top * (height - 14);
            draw(svg, "path", { class: "grid", d: `M0 ${y(0)}H${width}M0 ${y(top)}H${width}` });
            draw(svg, "text", { class: "tick", x: 0, y: y(top) - 3 }, grouped(top));
            draw(svg, "path", { class: "line", d: path(points, x, y) });
            drawPointer(svg, point, x, height);
        }
    }

    function drawLatency(now) {
        const figure = element("#latency"), svg = element("svg", figure), { width, height } = canvas(svg);
        const shares = { half: 0.5, most: 0.99, nearly: 0.999 };
        const lines = Object.entries(shares).map(([name, share]) => ({ name, points: quantiles(share) }));
        const values = lines.flatMap(({ points }) => points.flatMap(({ value }) => value ?? []));
        const decade = (value) => Math.log10(Math.max(value, 1e-6));
        const low = Math.min(-5, ...values.map((value) => Math.floor(decade(value))));
        const high = Math.max(-3, ...values.map((value) => Math.ceil(decade(value))));
        const bottom = 18;
        const x = (at) => width - 2 - (now - at) / memory * (width - 2 - margin);
        const y = (value) => 8 + (high - Math.max(decade(value), low)) / (high - low) * (height - 8 - bottom);
        for (let power = low; power <= high; power += 1) {
            const level = y(10 ** power);
            draw(svg, "path", { class: "grid", d: `M${margin} ${level}H${width}` });
            const text = latency(10 ** power).replace(".0", "");
            draw(svg, "text", { class: "tick", x: margin - 6, y: level + 4, "text-anchor": "end" }, text);
        }
        for (const [minutes, anchor] of [[10, "start"], [5, "middle"], [0, "end"]]) {
            const text = minutes === 0 ? "now" : `${minutes}\u00A0min ago`;
            draw(svg, "text", { class: "tick", x: x(now - minutes * 60), y: height - 3, "text-anchor": anchor }, text);
        }
        const present = [];
        for (const { name, points } of lines) {
            draw(svg, "path", { class: `line ${name}`, d: path(points, x, y) });
            const words = (point) => (point?.value ?? null) === null ? "–" : latency(point.value);
            element(`.${name} dd`, figure).textContent = words(told(points));
            present.push(`${element(`.${name} dt`, figure).textContent} ${words(points.at(-1))}`);
        }
        drawPointer(svg, told(lines[0].points), x, height - bottom);
        svg.setAttribute("aria-label", values.length === 0 ? "No verdict was given in this time" :
            `Time from a packet's receipt to its verdict, now: ${present.join(", ")}; between ` +
            `${latency(Math.min(...values))} and ${latency(Math.max(...values))} over ${about(now - history[0].at)}`);
    }

    /** A bar that is full to a share of its width. */
    function drawBar(svg, share, kind) {
        const { width, height } = canvas(svg);
        svg.setAttribute("preserveAspectRatio", "none");
        draw(svg, "rect", { class: "track", x: 0.5, y: 0.5, width: width - 1, height: height - 1 });
        const filled = share > 0 ? Math.max(share * width, 1) : 0;
        draw(svg, "rect", { class: `fill ${kind}`, x: 0, y: 0, width: filled, height });
    }


    function drawFreshness(lists, now) {
        const figure = element("#freshness"), place = element("ul", figure);
        element(".empty", figure).hidden = lists.length > 0;
        while (place.children.length > lists.length) place.lastElementChild.remove();
        while (place.children.length < lists.length) place.append(element("template", figure).content.cloneNode(true));
        const left = (list) => (list.expires_at ?? Infinity) - now;
        const order = (one, other) => (left(one) > left(other)) - (left(one) < left(other));
        [...lists].sort(order).forEach((list, index) => {
            const item = place.children[index], begin = list.issued_at ?? list.activated_at;
            element("bdi", item).textContent = plain(list.id);
            const since = about(now - begin);
            const age = list.issued_at === null ? `in use for ${since}` : `issued ${since} ago`;
            const end = list.expires_at === null ? "no expiry given" :
                list.expired ? `expired ${about(now - list.expires_at)} ago` : `expires in ${about(left(list))}`;
            element(".left", item).textContent = `${age}, ${end}`;
            element(".left", item).classList.toggle("bad", list.expired === true);
            const svg = element("svg", item);
            svg.classList.toggle("hidden", list.expires_at === null);
            if (list.expires_at !== null) {
                const share = Math.min(Math.max((now - begin) / Math.max(list.expires_at - begin, 1), 0), 1);
                drawBar(svg, share, list.expired ? "over" : "age");
            }
        });
    }

    function drawVisibility(now) {
        const figure = element("#visibility"), last = history.at(-1), isLong = history.length > 1;
        const count = (kind) => last[kind] - (isLong ? history[0][kind] : 0);
        const kinds = elements("li", figure).map((item) => item.dataset.kind);
        const all = kinds.reduce((whole, kind) => whole + count(kind), 0);
        element(".period", figure).textContent = isLong ? `last ${about(now - history[0].at)}` : "since the start";
        // What is rounded must neither vanish nor be all.
        const percent = (share) => share > 0 && share < 0.001 ? "under 0.1\u00A0%" :
            share > 0.999 && share < 1 ? "over 99.9\u00A0%" : `${(share * 100).toFixed(1)}\u00A0%`;
        element(".share", figure).textContent = all === 0 ? "Nothing was seen that could carry a name." :
            `${percent(count("names") / all)} of what was seen showed its name.`;
        for (const item of elements("li", figure)) {
            const share = all === 0 ? 0 : count(item.dataset.kind) / all;
            const words = grouped(count(item.dataset.kind)) + (share === 0 ? "" : `, ${percent(share)}`);
            element(".left", item).textContent = words;
            drawBar(element("svg", item), share, item.dataset.kind === "names" ? "names" : "unnamed");
        }
    }

    let report = null;

    /** The charts that have a time. */
    function drawTimes() {
        const now = history.at(-1).at, point = told(history);
        const period = pointed === null ? "last 10 min" : `at ${moment(point.at).slice(11)} UTC`;
        for (const words of elements("#rates .period, #latency .period")) words.textContent = period;
        drawRates(now);
        drawLatency(now);
    }

    function drawAll() {
        if (report === null) return;
        const now = history.at(-1).at;
        drawTimes();
        drawFreshness(report.lists, now);
        drawVisibility(now);
    }

    // Asking.

    let timer = 0, delay = pace, isPaused = false, isAsking = false;
    const version = element("#build [data-path=version]").textContent;

    function take(next) {
        // The page of another version may know other figures.
        if (plain(next.version) !== version) return location.reload();
        report = next;
        remember(report);
        for (const figure of lone) fill(figure, report);
        for (const table of elements("[data-rows]")) fillTable(table, report);
        element("#section-taps").hidden = report.taps.length === 0;
        fillHealth(report.health);
        element("#taken").textContent = moment(history.at(-1).at);
        element("#charts").hidden = false;
        drawAll();
    }

    function showAway(away) {
        if (away === isAway) return;
        isAway = away;
        element("#away").hidden = !away;
        document.body.classList.toggle("stale", away);
        showTitle();
        announce(away ? "The sensor does not answer." : "The sensor answers again.");
    }

    function showState() {
        element("#state").textContent = isPaused ? "Paused at" : isAway ? "No answer since" : "Figures of";
        element("#pause").textContent = isPaused ? "Go on" : "Pause";
        element("#retry").textContent = isPaused ? "" : `The page asks again after ${duration(delay / 1000)}.`;
    }

    async function ask() {
        clearTimeout(timer);
        if (isAsking) return;
        isAsking = true;
        let next = null;
        try {
            const answer = await fetch("status", { cache: "no-store", signal: AbortSignal.timeout(patience) });
            if (answer.ok) next = await answer.json();
        } catch {
            // No connection, no answer in time, or no JSON: all of it means that the sensor is away.
        }
        isAsking = false;
        delay = next !== null ? pace : Math.min(delay * 2, slowestPace);
        showAway(next === null);
        showState();
        plan();
        if (next !== null) take(next);
    }

    function plan() {
        clearTimeout(timer);
        if (!isPaused && !document.hidden) timer = setTimeout(ask, delay);
    }

    element("#pause").hidden = false;
    element("#pause").addEventListener("click", () => {
        isPaused = !isPaused;
        showState();
        if (isPaused) clearTimeout(timer);
        else ask();
    });
    document.addEventListener("visibilitychange", () => {
        if (document.hidden) clearTimeout(timer);
        else if (!isPaused) ask();
    });
    for (const svg of elements("#rates svg")) follow(svg, 0);
    follow(element("#latency svg"), margin);
    new ResizeObserver(drawAll).observe(element("#charts"));
    ask();
})();
