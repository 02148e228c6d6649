import Inspection
import SensorConfiguration

extension SensorConfiguration {
    /// What each of `workers` inspectors gets of the limits.
    func inspectorConfiguration(workers: Int) -> InspectorConfiguration {
        var inspector = InspectorConfiguration()
        inspector.inspectsDNS = inspectsDNS
        inspector.inspectsDNSAnswers = inspectsDNSAnswers
        inspector.countsEncryptedDNS = countsEncryptedDNS
        inspector.fragmentBudget = max(1 << 20, flowMemory / 8 / workers)
        inspector.inspectsTLS = inspectsTLS
        inspector.inspectsQUIC = inspectsQUIC
        inspector.inspectsHTTP = inspectsHTTP
        inspector.flowCapacity = max(1_024, flows / workers)
        inspector.streamBudget = max(1 << 20, flowMemory / workers)
        inspector.attemptWindow = UInt64(statistics.attemptWindow) * 1_000_000_000
        return inspector
    }
}
