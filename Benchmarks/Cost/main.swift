// Does one piece of work COUNT times and says what each took.
//
//     Cost WORKLOAD COUNT
//     Cost --list
//
// Everything a run needs is made before the measured part, and the inputs are gone through once as a warm-up, so that two runs that differ in
// COUNT alone differ by the cost of that work alone. `cost.sh` relies on that, and on the list: for each workload its name, how often it is
// done in one pass through its inputs, zero where it is only timed, and what is done.

import Workloads

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "--list" {
    for workload in Workload.all {
        print(workload.name, workload.extent == .checked ? workload.pass : 0, workload.iteration)
    }
    exit(0)
}
guard arguments.count == 3, let workload = Workload.all.first(where: { $0.name == arguments[1] }),
    let count = Int(arguments[2]), count > 0
else {
    let names = Workload.all.map(\.name).joined(separator: " ")
    print("usage: Cost WORKLOAD COUNT | Cost --list\nworkloads: \(names)")
    exit(2)
}

let run = workload.prepare()
var right = run(workload.pass)
let clock = ContinuousClock()
let start = clock.now
right += run(count)
let (seconds, attoseconds) = (clock.now - start).components
// Room for the whole line, so that a longer number in it is no further allocation.
var line = ""
line.reserveCapacity(256)
line += workload.name
line += ": "
line += String(count)
line += " times, "
line += String((Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)) / count)
line += " ns each"
print(line)
guard right == workload.pass + count else {
    print("\(workload.name): the work did not always come to what it should")
    exit(1)
}
