import Glibc
import NetworkLab
import Testing

/// The real sensor behind real rules, with real clients and servers; the other files of this target add the tests.
@Suite(
    "Live sensor",
    .serialized,
    .enabled(if: geteuid() == 0, "needs root: network namespaces and netfilter queues"),
    .timeLimit(.minutes(5 * slowdown + kills / 3))
)
struct LiveTests {}

/// How many times longer the program under test takes than it should: `GRINDVAKT_SLOWDOWN`, for one built with a sanitizer.
let slowdown: Int = {
    // SAFETY: the environment is not changed; what is returned is nil or a NUL-terminated string, copied at once.
    guard let value = unsafe getenv("GRINDVAKT_SLOWDOWN") else { return 1 }
    return unsafe max(1, Int(String(cString: value)) ?? 1)
}()
