/// Why rules were not shown, applied or removed; `description` is one line for the user.
package enum RulesError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A rule set that cannot be written as rules; the text says what is wrong and the mend.
    case invalid(String)
    /// A program that is not installed.
    case missingProgram(String)
    /// The program was refused by the kernel for want of CAP_NET_ADMIN.
    case missingPrivilege(program: String)
    /// This kernel does not know nft's queue statement.
    case missingQueueStatement
    /// The program ended with an error; `detail` is the first line it wrote.
    case refused(program: String, detail: String)
    /// Another user of the mark bits; `freeMask` is a mask that nobody uses, nil where every bit is taken.
    case markConflict(MarkUse, mask: UInt32, freeMask: UInt32?)

    /// The exit status of the command line: 2 where the configuration can mend it, else 3.
    package var exitStatus: Int32 {
        switch self {
        case .invalid, .markConflict: 2
        case .missingProgram, .missingPrivilege, .missingQueueStatement, .refused: 3
        }
    }

    /// One line that names the object, what is wrong and the mend.
    package var description: String {
        switch self {
        case .invalid(let text):
            return text
        case .missingProgram(let program):
            let debianPackage = program == "nft" ? "nftables" : "iptables"
            return "\(program): program not found; install it with: apt-get install \(debianPackage)"
        case .missingPrivilege(let program):
            return "\(program): missing privilege CAP_NET_ADMIN; run as root"
        case .missingQueueStatement:
            return "nft: this kernel has no queue statement (module nft_queue); use --backend iptables"
        case .refused(let program, let detail):
            return "\(program): the kernel or the program refused the rules: \(detail)"
        case .markConflict(let use, let mask, let freeMask):
            let mend =
                if let freeMask {
                    "set mark-mask = \(markText(freeMask)) in the configuration"
                } else {
                    "no bits are free: give that rule a mask, then set mark-mask in the configuration to bits outside it"
                }
            return "\(use.origin) table \(use.table), chain \(use.chain): the rule `\(use.rule)` uses mark bits "
                + "\(markText(use.bits & mask)) of grindvakt's mask \(markText(mask)); \(mend)"
        }
    }
}
