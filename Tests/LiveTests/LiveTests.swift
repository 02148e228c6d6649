import Glibc
import NetworkLab
import Testing

/// The real sensor behind real rules, with real clients and servers; the other files of this target add the tests.
@Suite(
    "Live sensor",
    .serialized,
    .enabled(if: geteuid() == 0, "needs root: network namespaces and netfilter queues"),
    .timeLimit(.minutes(5))
)
struct LiveTests {}
