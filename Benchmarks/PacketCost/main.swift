// Pushes packets of one class through an `Inspector` and says what each took.
//
//     PacketCost CLASS COUNT
//
// Everything a run needs is made before the measured part, and the pool is gone through once as a warm-up, so that two runs that differ in
// COUNT alone differ by the cost of those packets alone. `packet-cost.sh` relies on that.

import Blocklists
import Inspection
import Telemetry
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let arguments = CommandLine.arguments
guard arguments.count == 3, let packetClass = PacketClass(rawValue: arguments[1]), let count = Int(arguments[2]),
    count > 0
else {
    let classes = PacketClass.allCases.map(\.rawValue).joined(separator: "|")
    print("usage: PacketCost \(classes) COUNT")
    exit(2)
}

var run = PacketRun(packetClass)
run.warmUp()
let cost = run.measure(count)
let each = cost.nanoseconds / count
// Room for the whole line, so that a longer number in it is no further allocation.
var line = ""
line.reserveCapacity(256)
line += packetClass.rawValue
line += ": "
for (number, unit) in [
    (count, " packets, "), (each, " ns each, "), (cost.names, " names, "), (cost.drops, " drops, "),
    (cost.opened, " opened, "), (cost.answers, " answers"),
] {
    line += String(number)
    line += unit
}
print(line)
guard packetClass.isPlausible(cost, count) else {
    print("\(packetClass.rawValue): the packets were not judged as this class is")
    exit(1)
}
