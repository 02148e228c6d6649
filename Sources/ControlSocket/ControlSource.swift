package import Telemetry

/// What a running sensor offers to those who ask over its control socket.
///
/// The functions may be called from several connections at once; whoever provides them lets one change run at a time.
/// Those that change something are given the user who asks, as the kernel knows him, for the audit log; only root and the
/// sensor's own user get as far.
package struct ControlSource: Sendable {
    let reading: @Sendable () async -> SensorReading
    let isHealthy: @Sendable () async -> Bool
    let reload: @Sendable (_ user: UInt32) async -> ReloadOutcome
    let rollback: (@Sendable (_ user: UInt32) async -> ReloadOutcome)?
    let setKillSwitch: (@Sendable (_ isOn: Bool, _ user: UInt32) async -> ControlOutcome)?
    let pass: (@Sendable (_ request: PassRequest, _ user: UInt32) async -> ControlOutcome)?
    let upgrade: (@Sendable (_ user: UInt32) async -> UpgradeOutcome)?

    /// Collects the functions.
    ///
    /// - Parameters:
    ///   - reading: takes a reading for `/metrics` and `/status`.
    ///   - isHealthy: tells whether the sensor does its work, for `/healthz`.
    ///   - reload: reads the lists anew and tells how it went, for `/reload`.
    ///   - rollback: makes the snapshot before the active one active again, for `/rollback`; nil in a sensor that keeps
    ///     none, where there is no such resource, as with the next two.
    ///   - setKillSwitch: switches blocking off, or on again, for `/kill-switch`.
    ///   - pass: lets a name pass for a while, or no longer, for `/pass`; its outcome never repeats the name.
    ///   - upgrade: starts the program that is installed now and leaves the queues to it, for `/upgrade`.
    package init(
        reading: @escaping @Sendable () async -> SensorReading,
        isHealthy: @escaping @Sendable () async -> Bool,
        reload: @escaping @Sendable (_ user: UInt32) async -> ReloadOutcome,
        rollback: (@Sendable (_ user: UInt32) async -> ReloadOutcome)? = nil,
        setKillSwitch: (@Sendable (_ isOn: Bool, _ user: UInt32) async -> ControlOutcome)? = nil,
        pass: (@Sendable (_ request: PassRequest, _ user: UInt32) async -> ControlOutcome)? = nil,
        upgrade: (@Sendable (_ user: UInt32) async -> UpgradeOutcome)? = nil
    ) {
        self.reading = reading
        self.isHealthy = isHealthy
        self.reload = reload
        self.rollback = rollback
        self.setKillSwitch = setKillSwitch
        self.pass = pass
        self.upgrade = upgrade
    }
}
