/// A text of a report; `%1` and so on stand for what is filled in.
///
/// The texts of all languages stand side by side, so that none can be missing.
enum Word: CaseIterable {
    case title
    case span
    case hour
    case day
    case week
    case month
    case onlyLists
    case windowOne
    case windowMany
    case notOver
    case nothing
    case noData
    case someMissing
    case curveLegend
    case curveWide
    case chartLegend
    case curve
    case headlines
    case headlinesCaption
    case coverage
    case coverageNote
    case coverageNone
    case coverageMarkets
    case coverageLists
    case probes
    case blocked
    case shareBlocked
    case medianTime
    case longest
    case lag
    case lagNote
    case lagNone
    case lagTable
    case listTable
    case reasonTable
    case reason
    case way
    case issuedReceived
    case receivedActivated
    case issuedActivated
    case updates
    case p95
    case entries
    case rejected
    case refusals
    case stale
    case unblock
    case unblockNote
    case unblockNone
    case unblockTable
    case wishedPassing
    case removedPassing
    case times
    case attempts
    case attemptsNote
    case attemptsAny
    case attemptsNone
    case byMarket
    case byList
    case byMechanism
    case byPeriod
    case detail
    case events
    case rate
    case rateNote
    case market
    case list
    case mechanism
    case action
    case window
    case period
    case markets
    case operation
    case operationTable
    case uptime
    case failOpen
    case killSwitch
    case packets
    case queueDrops
    case unseen
    case operationNote
    case visibility
    case visibilityNote
    case visibilityTable
    case visibilityMarkets
    case sign
    case number
    case dnsNames
    case tlsNames
    case quicNames
    case httpNames
    case withoutServerName
    case encryptedClientHello
    case incomplete
    case unknownQUICVersion
    case dotFlows
    case doqFlows
    case dohFlows
    case dnsUDP
    case dnsTCP
    case tlsSNI
    case quicV1
    case quicV2
    case httpHost
    case contents
    case privacy
    case lagP95
    case unblockP95
    case chartFigures
    case chartLabel
    case chartTimes
    case timesLegend

    /// The text in each language.
    private var texts: (en: String, sv: String) {
        switch self {
        case .title: ("Report", "Rapport")
        case .span: ("%1 to %2 (UTC), by %3", "%1 till %2 (UTC), per %3")
        case .hour: ("hour", "timme")
        case .day: ("day", "dag")
        case .week: ("week", "vecka")
        case .month: ("month", "månad")
        case .onlyLists: ("Lists: %1.", "Listor: %1.")
        case .windowOne:
            (
                """
                Events of one list entry within %1 seconds on one sensor are one attempt; nothing tells who \
                asked.
                """,
                """
                Händelser på en och samma listpost inom %1 sekunder hos en sensor är ett försök; inget visar vem \
                som frågade.
                """
            )
        case .windowMany:
            (
                """
                Attempts are of several windows (%1 seconds) and are not added up over them: events of one list \
                entry within the window on one sensor are one attempt.
                """,
                """
                Försöken gäller flera fönster (%1 sekunder) och läggs inte ihop över dem: händelser på en och \
                samma listpost inom fönstret hos en sensor är ett försök.
                """
            )
        case .notOver: ("The last period is not over yet.", "Den sista perioden är inte slut än.")
        case .nothing: ("Nothing is known of %1 to %2.", "Inget är känt om tiden %1 till %2.")
        case .noData: ("no data", "data saknas")
        case .someMissing:
            (
                "Of %1 of %2 periods nothing is known; they are left blank, which is not zero.",
                "För %1 av %2 perioder är inget känt; de är tomma, vilket inte är noll."
            )
        case .curveLegend:
            (
                "Curves: a blank is a period without data, %1 is zero.",
                "Kurvor: ett blanksteg är en period utan data, %1 är noll."
            )
        case .curveWide:
            (
                "Each sign stands for the highest of %1 periods.",
                "Varje tecken står för den högsta av %1 perioder."
            )
        case .chartLegend:
            (
                "A dashed frame: no data. A line at the bottom: zero.",
                "Streckad ram: data saknas. Ett streck längst ned: noll."
            )
        case .curve: ("Course", "Förlopp")
        case .headlines: ("At a glance", "I korthet")
        case .headlinesCaption: ("Each market in four figures", "Varje marknad i fyra tal")
        case .coverage: ("Coverage", "Täckning")
        case .coverageNote:
            (
                "Test names that every list holds, asked for from a client's place. They are no attempts.",
                "Testnamn som finns på varje lista, efterfrågade från en klients plats. De är inga försök."
            )
        case .coverageNone:
            (
                "No test name was asked for. grindvakt selftest coverage asks for them.",
                "Inget testnamn efterfrågades. Kommandot grindvakt selftest coverage gör det."
            )
        case .coverageMarkets: ("Test names blocked, by market", "Blockerade testnamn per marknad")
        case .coverageLists: ("Test names blocked, by list and mechanism", "Blockerade testnamn per lista och mekanism")
        case .probes: ("Asked", "Frågor")
        case .blocked: ("Blocked", "Blockerade")
        case .shareBlocked: ("Share", "Andel")
        case .medianTime: ("Median", "Median")
        case .longest: ("Longest", "Längst")
        case .lag: ("Age of lists", "Listornas ålder")
        case .lagNote:
            (
                "From the publisher's issue to this host, and from there to every worker.",
                "Från utgivarens utgåva till värden, och därifrån till varje arbetstråd."
            )
        case .lagNone: ("No update of a list came into use.", "Ingen uppdatering av en lista togs i bruk.")
        case .lagTable: ("Time to use of list updates", "Listuppdateringars väg till bruk")
        case .listTable: ("Lists at the end of the time", "Listor vid tidens slut")
        case .reasonTable: ("Left out of lists, by reason", "Utelämnat ur listor, per orsak")
        case .reason: ("Reason", "Orsak")
        case .way: ("Way", "Väg")
        case .issuedReceived: ("issued to received", "utgiven till mottagen")
        case .receivedActivated: ("received to in use", "mottagen till i bruk")
        case .issuedActivated: ("issued to in use", "utgiven till i bruk")
        case .updates: ("Updates", "Antal")
        case .p95: ("95 %", "95 %")
        case .entries: ("Entries", "Poster")
        case .rejected: ("Left out", "Utelämnade")
        case .refusals: ("Refused", "Avvisade")
        case .stale: ("Out of date", "För gammal")
        case .unblock: ("Time to unblock", "Tid till avblockering")
        case .unblockNote:
            (
                """
                Until every worker let a name pass: from the wish here, by pass or the allow list, and from the issue of \
                an edition that has it no more.
                """,
                """
                Tills varje arbetstråd släppte igenom ett namn: från önskan här, med pass eller listan över undantag, och \
                från det att en utgåva utan namnet gavs ut.
                """
            )
        case .unblockNone: ("No name was let pass.", "Inget namn släpptes igenom.")
        case .unblockTable: ("Time to unblock, by market", "Tid till avblockering per marknad")
        case .wishedPassing: ("wished here to passing", "önskad här till fri passage")
        case .removedPassing: ("off the list to passing", "ur listan till fri passage")
        case .times: ("Times", "Gånger")
        case .attempts: ("Attempts", "Försök")
        case .attemptsNote:
            (
                """
                A high figure is no success and a low one no failure: compare coverage and the age of lists \
                first.
                """,
                """
                Ett högt tal är ingen framgång och ett lågt inget misslyckande: jämför först täckning och \
                listornas ålder.
                """
            )
        case .attemptsAny:
            (
                "Attempts of a market count a name on several lists once, those of a list each list's own.",
                """
                En marknads försök räknar ett namn på flera listor en gång, en listas försök räknar listans \
                egna.
                """
            )
        case .attemptsNone: ("No listed name was seen.", "Inget listat namn syntes.")
        case .byMarket: ("Attempts and events, by market", "Försök och händelser per marknad")
        case .byList: ("Attempts and events, by list", "Försök och händelser per lista")
        case .byMechanism: ("Attempts and events, by mechanism", "Försök och händelser per mekanism")
        case .byPeriod: ("Attempts and events, by period", "Försök och händelser per period")
        case .detail:
            (
                "Attempts and events, by list, mechanism and action",
                "Försök och händelser per lista, mekanism och åtgärd"
            )
        case .events: ("Events", "Händelser")
        case .rate: ("Rate", "Takt")
        case .rateNote:
            (
                "Rate: attempts per 100,000 subscribers and day, where the number of subscribers is given.",
                "Takt: försök per 100 000 abonnenter och dygn, där antalet abonnenter är angivet."
            )
        case .market: ("Market", "Marknad")
        case .list: ("List", "Lista")
        case .mechanism: ("Mechanism", "Mekanism")
        case .action: ("Action", "Åtgärd")
        case .window: ("Window", "Fönster")
        case .period: ("Period", "Period")
        case .markets: ("Markets", "Marknader")
        case .operation: ("Operation", "Drift")
        case .operationTable: ("How the sensors ran, by market", "Sensorernas drift per marknad")
        case .uptime: ("Uptime", "Drifttid")
        case .failOpen: ("Fail-open", "Osedd trafik")
        case .killSwitch: ("Switched off", "Avstängd")
        case .packets: ("Packets", "Paket")
        case .queueDrops: ("Queue losses", "Köförluster")
        case .unseen: ("Unseen", "Osedda")
        case .operationNote:
            (
                """
                Times are the sum of all sensors. Fail-open: packets passed that nobody had looked at. Queue \
                losses: packets that the kernel dropped.
                """,
                """
                Tiderna är summan av alla sensorer. Osedd trafik: paket passerade som ingen hade sett på. \
                Köförluster: paket som kärnan kastade.
                """
            )
        case .visibility: ("Visibility", "Synlighet")
        case .visibilityNote:
            (
                """
                How much of the traffic showed a name, whatever lists say. Most of the encrypted hellos are \
                grease, whose outer name is read.
                """,
                """
                Hur mycket av trafiken som visade ett namn, oavsett listor. De flesta krypterade hälsningar är \
                utfyllnad, vars yttre namn läses.
                """
            )
        case .visibilityTable: ("What could be seen, all markets", "Vad som gick att se, alla marknader")
        case .visibilityMarkets: ("What could be seen, by market", "Vad som gick att se per marknad")
        case .sign: ("Seen", "Sett")
        case .number: ("Number", "Antal")
        case .dnsNames: ("names in DNS", "namn i DNS")
        case .tlsNames: ("names in TLS", "namn i TLS")
        case .quicNames: ("names in QUIC", "namn i QUIC")
        case .httpNames: ("names in HTTP", "namn i HTTP")
        case .withoutServerName: ("hellos without a name", "hälsningar utan namn")
        case .encryptedClientHello: ("hellos with ECH", "hälsningar med ECH")
        case .incomplete: ("incomplete messages", "ofullständiga meddelanden")
        case .unknownQUICVersion: ("unknown QUIC versions", "okända QUIC-versioner")
        case .dotFlows: ("flows of DNS over TLS", "flöden av DNS över TLS")
        case .doqFlows: ("flows of DNS over QUIC", "flöden av DNS över QUIC")
        case .dohFlows: ("flows of DNS over HTTPS", "flöden av DNS över HTTPS")
        case .dnsUDP: ("DNS over UDP", "DNS över UDP")
        case .dnsTCP: ("DNS over TCP", "DNS över TCP")
        case .tlsSNI: ("TLS", "TLS")
        case .quicV1: ("QUIC 1", "QUIC 1")
        case .quicV2: ("QUIC 2", "QUIC 2")
        case .httpHost: ("HTTP", "HTTP")
        case .contents: ("Contents", "Innehåll")
        case .privacy:
            (
                """
                Sums alone: no name, no address, no list entry, and nothing finer than the period. Figures of \
                few attempts stay inside the operator; grindvakt report export makes what may be shared.
                """,
                """
                Endast summor: inget namn, ingen adress, ingen listpost och inget finare än perioden. Tal om få \
                försök stannar hos operatören; grindvakt report export gör det som får delas.
                """
            )
        case .lagP95: ("Age 95 %", "Ålder 95 %")
        case .unblockP95: ("Unblocked 95 %", "Avblockering 95 %")
        case .chartFigures: ("The figures of this chart", "Diagrammets siffror")
        case .chartLabel: ("%1, %2: %3 from %4 to %5", "%1, %2: %3 från %4 till %5")
        case .chartTimes: ("%1, %2: median %3, p95 %4, longest %5", "%1, %2: median %3, p95 %4, längst %5")
        case .timesLegend:
            (
                "Dark to the median, light to the 95th percentile, a line at the longest.",
                "Mörkt till medianen, ljust till 95:e percentilen, ett streck vid den längsta."
            )
        }
    }

    /// The text in a language, with what is filled in.
    ///
    /// What is filled in is not looked through again, so that no text of others can name a place to fill.
    ///
    /// - Parameters:
    ///   - language: the language.
    ///   - values: what stands for `%1`, `%2` and so on.
    /// - Returns: the text.
    func text(_ language: ReportLanguage, _ values: String...) -> String {
        let text =
            switch language {
            case .sv: texts.sv
            case .en: texts.en
            }
        guard values.isEmpty == false else { return text }
        var result = ""
        for (index, part) in text.split(separator: "%", omittingEmptySubsequences: false).enumerated() {
            if index > 0, let place = part.first?.wholeNumberValue, values.indices.contains(place - 1) {
                result += values[place - 1] + part.dropFirst()
            } else {
                result += (index > 0 ? "%" : "") + part
            }
        }
        return result
    }
}
