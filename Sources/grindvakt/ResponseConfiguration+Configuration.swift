import NetfilterRules
import Responses
import SensorConfiguration

extension SensorConfiguration {
    /// What each of `workers` workers answers by.
    ///
    /// - Throws: ``Refusal`` where the stop page cannot be made of what is configured.
    func responseConfiguration(workers: Int) throws(Refusal) -> ResponseConfiguration {
        var configuration = ResponseConfiguration()
        configuration.sinkholeV4 = responses.sinkholeV4
        configuration.sinkholeV6 = responses.sinkholeV6
        configuration.timeToLive = UInt32(responses.timeToLive)
        configuration.quicUnreachable = responses.quicUnreachable
        configuration.rate = max(1, responses.rate / workers)
        configuration.ownMark = rules.mark.own
        configuration.untrackedMark = rules.mark.ownUntracked
        do throws(StopPageError) {
            configuration.page = try stopPage()?.response ?? []
        } catch {
            throw Refusal(description: "[responses]: \(error.explanation)")
        }
        return configuration
    }

    private func stopPage() throws(StopPageError) -> StopPage? {
        switch responses.http {
        case .reset: return nil
        case .redirect: return try StopPage(redirectingTo: responses.redirect ?? "")
        case .page:
            return try StopPage(
                StopPage.Notice(
                    reason: responses.reason.swedish,
                    reasonInEnglish: responses.reason.english,
                    authority: responses.authority,
                    complaints: responses.complaints,
                    authorityURL: responses.authorityAddress
                )
            )
        }
    }
}
