import Dispatch
import Glibc

/// Turns signals into a sequence, for as long as it is watched; then they have their default meaning again.
struct SignalWatch {
    /// The signals as they come.
    let received: AsyncStream<Int32>

    private let numbers: [Int32]
    private let sources: [any DispatchSourceSignal]
    private let continuation: AsyncStream<Int32>.Continuation

    init(_ numbers: [Int32]) {
        self.numbers = numbers
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        received = stream
        self.continuation = continuation
        sources = numbers.map { number in
            // A child is started with default dispositions, so it does not ignore the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.activate()
            return source
        }
    }

    /// Ends the sequence and gives the signals their default meaning back.
    func end() {
        for source in sources {
            source.cancel()
        }
        for number in numbers {
            signal(number, SIG_DFL)
        }
        continuation.finish()
    }
}
