#!/usr/bin/env bash
# Counts what one packet costs the inspector, exactly: instructions, heap allocations, retains and releases (valgrind).
#
#   Benchmarks/packet-cost.sh            print the table
#   Benchmarks/packet-cost.sh --check    and exit with 1 where a class allocates or counts references outside swift-crypto, or is above
#                                        packet-cost.limits
#   Benchmarks/packet-cost.sh --limits   print new limits: what was measured and a tenth more
#   Benchmarks/packet-cost.sh --top      and print the ten functions of each class that run the most instructions
#
# Each class is run with two counts of packets; what differs between the two runs is the cost of the packets between them.
#
# swift-crypto allocates for each QUIC Initial. The classes CLASS-open go through the same Initials without the engine: what the engine's
# class allocates beyond them, and what they allocate with no function of swift-crypto among the callers, is not swift-crypto's.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=${1:-}
case $mode in '' | --check | --limits | --top) ;; *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;; esac
command -v valgrind >/dev/null || { echo "packet-cost: valgrind is missing; run: sudo apt-get install valgrind" >&2; exit 3; }

few=1000
many=10000
limits=Benchmarks/packet-cost.limits
# The classes that only open come before those they are taken from.
classes='dns dns-listed dns-answered tls tls-split http quic-open quic quic-split-open quic-split bulk bulk-midstream'
# swift-crypto's functions, and the Data that it takes and returns.
crypto='s6Crypto|s12CryptoExtras|s19CryptoBoringWrapper|CCryptoBoringSSL|s20FoundationEssentials4DataV'

GRINDVAKT_BENCHMARKS=1 swift build -c release --static-swift-stdlib --product PacketCost >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# valgrind stops at the debug information of some newer compilers.
strip -g -o "$work/PacketCost" "$(GRINDVAKT_BENCHMARKS=1 swift build -c release --static-swift-stdlib --show-bin-path)/PacketCost"
# The same hash seeds in every run, and no backtrace of a program that valgrind runs.
export SWIFT_DETERMINISTIC_HASHING=1 SWIFT_BACKTRACE=enable=no

# What valgrind's own output says, or why it cannot be used.
fail() {
    echo "packet-cost: $1 failed:" >&2
    cat "$2" >&2
    exit 1
}

instructions_run() {
    valgrind --tool=callgrind --callgrind-out-file="$work/$1.$2" "$work/PacketCost" "$1" "$2" >"$work/log.$1.$2" 2>&1 ||
        fail "callgrind on $1" "$work/log.$1.$2"
}

heap_run() {
    valgrind --tool=memcheck --leak-check=no --undef-value-errors=no "$work/PacketCost" "$1" "$2" >"$work/heap.$1.$2" 2>&1 ||
        fail "memcheck on $1" "$work/heap.$1.$2"
}

heap_blocks() { sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' "$work/heap.$1.$2" | tr -d ,; }

# The allocations of a run that have no function of swift-crypto among their callers.
allocations_elsewhere() {
    valgrind --tool=dhat --num-callers=40 --dhat-out-file="$work/dhat" "$work/PacketCost" "$1" "$2" >"$work/log.dhat" 2>&1 ||
        fail "dhat on $1" "$work/log.dhat"
    awk -v crypto="$crypto" '
        match($0, /"tbk":[0-9]+/) { blocks = substr($0, RSTART + 6, RLENGTH - 6) }
        match($0, /"fs":\[[0-9,]+/) { made[++count] = blocks; stacks[count] = substr($0, RSTART + 6, RLENGTH - 6) }
        /^ *,"ftbl"/ { isTable = 1; next }
        isTable { isCrypto[number++] = $0 ~ crypto }
        END {
            for (place = 1; place <= count; place++) {
                depth = split(stacks[place], callers, ",")
                found = 0
                for (caller = 1; caller <= depth; caller++) if (isCrypto[callers[caller]]) found = 1
                if (!found) elsewhere += made[place]
            }
            print elsewhere + 0
        }' "$work/dhat"
}

# Per function: instructions of its own. Under names of their own: how often references were counted, and what QUICProtection's calls of
# swift-crypto took, with all that they called.
read_profile() {
    awk -v crypto="$crypto" '
        /^c?fn=\(/ {
            kind = substr($0, 1, 1)
            id = $0; sub(/^c?fn=\(/, "", id); name = id; sub(/\).*/, "", id); sub(/^[0-9]+\)/, "", name); sub(/^ /, "", name)
            if (name != "") names[id] = name
            if (kind == "c") callee = names[id]; else current = names[id]
            next
        }
        /^calls=/ {
            split(substr($0, 7), part, " ")
            if (callee ~ /^swift_(bridgeObject|unknownObject|nonatomic_)?_?[rR](etain|elease)/) references += part[1]
            skip = 1
            next
        }
        /^[0-9+*-]/ {
            if (skip && current ~ /s14QUICProtection/ && callee ~ crypto) inCrypto += $2
            if (skip) skip = 0; else own[current] += $2
        }
        END {
            for (name in own) { print own[name], name; total += own[name] }
            print references + 0, "=references"
            print inCrypto + 0, "=crypto"
            print total + 0, "=total"
        }' "$work/$1.$2"
}

value() { awk -v name="$2" '$2 == name { print $1 }' "$1"; }

# What the packets between the two runs took, by the name of a sum.
between=$((many - few))
difference() { echo $(($(value "$work/many" "$1") - $(value "$work/few" "$1"))); }
each() { echo $((($(difference "$1") + between / 2) / between)); }

status=0
declare -A allocations references elsewhere
line='%-16s %12s %13s %12s %10s %11s %7s%s\n'
# shellcheck disable=SC2059
printf "$line" class instructions swift-crypto allocations elsewhere references limit ''
for class in $classes; do
    heap_run "$class" $few & first=$!
    instructions_run "$class" $few
    wait $first
    heap_run "$class" $many & first=$!
    instructions_run "$class" $many
    wait $first

    read_profile "$class" $few >"$work/few"
    read_profile "$class" $many >"$work/many"
    instructions=$(each =total)
    references[$class]=$(difference =references)
    allocations[$class]=$(($(heap_blocks "$class" $many) - $(heap_blocks "$class" $few)))
    limit=$(awk -v class="$class" '$1 == class { print $2 }' $limits 2>/dev/null || true)

    open=$class-open
    counted=${references[$class]}
    case $class in
    *-open)
        elsewhere[$class]=$(($(allocations_elsewhere "$class" $many) - $(allocations_elsewhere "$class" $few)))
        counted=0
        ;;
    quic*)
        elsewhere[$class]=$((allocations[$class] - allocations[$open] + elsewhere[$open]))
        # One call is for the empty array, which has no count: it stands in for the frames while they are read.
        counted=$((references[$class] - references[$open] - between))
        ;;
    *) elsewhere[$class]=${allocations[$class]} ;;
    esac

    verdict=
    if [ "${elsewhere[$class]}" -ne 0 ]; then verdict="$verdict allocates;"; fi
    # The line that a run prints may count a reference more for a longer number; a packet's would be there for each.
    if [ "$counted" -ge $((between / 100)) ]; then verdict="$verdict counts references;"; fi
    if [ "${limit:-0}" -eq 0 ]; then verdict="$verdict no limit in $limits;"
    elif [ "$instructions" -gt "$limit" ]; then verdict="$verdict above its limit;"; fi
    if [ "$mode" = --check ] && [ -n "$verdict" ]; then status=1; fi
    # shellcheck disable=SC2059
    printf "$line" "$class" "$instructions" "$(each =crypto)" "${allocations[$class]}" "${elsewhere[$class]}" "${references[$class]}" \
        "${limit:--}" "${verdict:+  <-$verdict}"

    if [ "$mode" = --limits ]; then printf '%s %d\n' "$class" $((instructions + (instructions + 9) / 10)) >>"$work/limits"; fi
    if [ "$mode" = --top ]; then
        awk -v between=$between '
            $2 ~ /^=/ { next }
            NR == FNR { before[$2] = $1; next }
            { cost = ($1 - before[$2]) / between; if (cost >= 1) printf "%10.1f  %s\n", cost, $2 }
        ' "$work/few" "$work/many" | sort -rn | sed -n 1,10p | swift demangle --simplified
    fi
done
echo "instructions per packet, and how many of them in swift-crypto; allocations, how many of them elsewhere, and references of all"
echo "$between packets together"
if [ "$mode" = --limits ]; then cat "$work/limits"; fi
exit $status
