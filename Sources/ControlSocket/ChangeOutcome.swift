/// How a change that was asked for over the control socket went.
protocol ChangeOutcome {
    /// Whether it was carried out; nothing has changed where it was not.
    var isDone: Bool { get }
    /// The outcome as the JSON object that is answered with.
    var json: String { get }
}
