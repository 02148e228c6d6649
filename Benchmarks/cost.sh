#!/usr/bin/env bash
# Counts what work costs, exactly: instructions, heap allocations, retains and releases (valgrind).
#
#   Benchmarks/cost.sh [NAME...]            print the table: of all workloads that are checked, or of those whose name fits, as in 'wire-*'
#   Benchmarks/cost.sh --check [NAME...]    and exit with 1 where one is above cost.limits, or allocates or counts references where none may
#   Benchmarks/cost.sh --update [NAME...]   and write what was measured to cost.limits, with a fiftieth more
#   Benchmarks/cost.sh --top [NAME...]      and print the ten functions of each that run the most instructions
#
# Each workload is run for one pass through its inputs and for two; what differs between the two runs is the cost of one pass, and is divided by
# how often the work is done in a pass.
#
# swift-crypto allocates for each QUIC Initial. The workloads NAME-open go through the same Initials without the engine: what the engine's
# workload allocates beyond them, and what they allocate with no function of swift-crypto among the callers, is not swift-crypto's.
set -euo pipefail
cd "$(dirname "$0")/.."

mode=
case ${1:-} in
--check | --update | --top) mode=$1 && shift ;;
-*) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
esac
wanted=("${@:-*}")
command -v valgrind >/dev/null || { echo "cost: valgrind is missing; run: sudo apt-get install valgrind" >&2; exit 3; }

limits=Benchmarks/cost.limits
# Where none may be made elsewhere, few say so as well as many.
few=64
# swift-crypto's functions, and the Data that it takes and returns.
crypto='s6Crypto|s12CryptoExtras|s19CryptoBoringWrapper|CCryptoBoringSSL|s20FoundationEssentials4DataV'

GRINDVAKT_BENCHMARKS=1 swift build -c release --static-swift-stdlib --product Cost >&2
work=$(mktemp -d)
# Each run in a process group of its own: what is under way when the script ends would go on without anybody to read it.
set -m
clean_up() {
    local group
    for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done
    wait
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
# valgrind stops at the debug information of some newer compilers.
strip -g -o "$work/Cost" "$(GRINDVAKT_BENCHMARKS=1 swift build -c release --static-swift-stdlib --show-bin-path)/Cost"
# The same hash seeds in every run, and no backtrace of a program that valgrind runs.
export SWIFT_DETERMINISTIC_HASHING=1 SWIFT_BACKTRACE=enable=no

"$work/Cost" --list >"$work/list"
declare -A pass
names=()
while read -r name count _; do
    for pattern in "${wanted[@]}"; do
        # shellcheck disable=SC2053
        if [ "$count" -gt 0 ] && [[ $name == $pattern ]]; then pass[$name]=$count && names+=("$name") && break; fi
    done
done <"$work/list"
[ ${#names[@]} -gt 0 ] || {
    echo "cost: no workload fits ${wanted[*]}; there are: $(awk '$2 > 0 { printf "%s ", $1 }' "$work/list")" >&2
    exit 2
}

# What valgrind's own output says, or why it cannot be used.
fail() {
    echo "cost: $1 failed:" >&2
    cat "$2" >&2
    return 1
}

# The allocations of a run that have no function of swift-crypto among their callers.
allocations_elsewhere() {
    valgrind --tool=dhat --num-callers=40 --dhat-out-file="$work/dhat.$1.$2" "$work/Cost" "$1" "$2" >"$work/log.$1.$2" 2>&1 ||
        fail "dhat on $1" "$work/log.$1.$2"
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
        }' "$work/dhat.$1.$2"
}

# Per function: instructions of its own. Under names of their own: how often memory was allocated and references were counted, and what
# QUICProtection's calls of swift-crypto took, with all that they called.
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
            if (callee ~ /^(malloc|calloc|realloc|reallocarray|aligned_alloc|memalign|posix_memalign)$/) allocations += part[1]
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
            print allocations + 0, "=allocations"
            print inCrypto + 0, "=crypto"
            print total + 0, "=total"
        }' "$work/callgrind.$1.$2" >"$work/profile.$1.$2"
    rm "$work/callgrind.$1.$2"
}

# Runs a workload for one pass and for two.
measure() {
    local count
    for count in "${pass[$1]}" $((2 * pass[$1])); do
        valgrind --tool=callgrind --callgrind-out-file="$work/callgrind.$1.$count" "$work/Cost" "$1" "$count" >"$work/log.$1.$count" 2>&1 ||
            fail "callgrind on $1" "$work/log.$1.$count"
        read_profile "$1" "$count"
    done
    case $1 in
    *-open) for count in $few $((2 * few)); do allocations_elsewhere "$1" $count >"$work/elsewhere.$1.$count"; done ;;
    esac
}

# What a pass of a workload took, by the name of a sum.
difference() {
    awk -v name="$2" '$2 == name { value[FILENAME] = $1 } END { print value[ARGV[2]] - value[ARGV[1]] }' \
        "$work/profile.$1.${pass[$1]}" "$work/profile.$1.$((2 * pass[$1]))"
}

rounded() { echo $((($1 + pass[$2] / 2) / pass[$2])); }

# The words of a workload's limits: instructions, allocations.
limit() { awk -v name="$1" -v word="$2" '$1 == name { print $word }' $limits 2>/dev/null || true; }

echo "cost: counting ${#names[@]} workloads; all of them take a minute or two on two processors" >&2
# As many at a time as there are processors.
declare -A running
for name in "${names[@]}"; do
    [ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait -n
    measure "$name" &
    running[$name]=$!
done

status=0
above=()
declare -A allocations references elsewhere
line='%-24s %12s %13s %12s %10s %11s %8s%s\n'
# shellcheck disable=SC2059
printf "$line" workload instructions swift-crypto allocations elsewhere references limit ''
for name in "${names[@]}"; do
    wait "${running[$name]}"
    instructions=$(rounded "$(difference "$name" =total)" "$name")
    references[$name]=$(difference "$name" =references)
    allocations[$name]=$(difference "$name" =allocations)
    elsewhere[$name]=${allocations[$name]}
    counted=${references[$name]}
    open=$name-open
    case $name in
    quic*-open)
        elsewhere[$name]=$(($(<"$work/elsewhere.$name.$((2 * few))") - $(<"$work/elsewhere.$name.$few")))
        counted=0
        ;;
    quic | quic-split)
        if [ -n "${elsewhere[$open]:-}" ]; then
            elsewhere[$name]=$((allocations[$name] - allocations[$open] + elsewhere[$open]))
            # One call is for the empty array, which has no count: it stands in for the frames while they are read.
            counted=$((references[$name] - references[$open] - pass[$name]))
        else
            # Nothing to compare it with was asked for.
            elsewhere[$name]=0
            counted=0
        fi
        ;;
    esac
    limit=$(limit "$name" 2)
    allowed=$(limit "$name" 3)

    verdict=
    each=$(rounded "${allocations[$name]}" "$name")
    case $name in
    quic*) if [ "${elsewhere[$name]}" -ne 0 ]; then verdict="$verdict allocates outside swift-crypto;"; fi ;;
    *)
        if [ "${allowed:-0}" -eq 0 ] && [ "${allocations[$name]}" -ne 0 ]; then verdict="$verdict allocates;"; fi
        if [ "${allowed:-0}" -gt 0 ]; then counted=0; fi
        ;;
    esac
    if [ "${allowed:-0}" -gt 0 ] && [ "$each" -gt "$allowed" ]; then verdict="$verdict allocates $each times, not $allowed;"; fi
    # The line that a run prints may count a reference more for a longer number; a packet's would be there for each.
    if [ "$counted" -ge $((pass[$name] / 100 + 1)) ]; then verdict="$verdict counts references;"; fi
    if [ "${limit:-0}" -eq 0 ]; then
        verdict="$verdict no limit in $limits;"
    elif [ "$instructions" -gt "$limit" ]; then
        thousandths=$(((instructions - limit) * 1000 / limit))
        verdict="$verdict above its limit by $((instructions - limit)), $((thousandths / 10)).$((thousandths % 10)) %;"
    fi
    if [ -n "$verdict" ]; then above+=("$name"); fi
    # shellcheck disable=SC2059
    printf "$line" "$name" "$instructions" "$(rounded "$(difference "$name" =crypto)" "$name")" "${allocations[$name]}" \
        "${elsewhere[$name]}" "${references[$name]}" "${limit:--}" "${verdict:+  <-$verdict}"
    # A little more than was measured: functions move in memory when others change, and small ones would have no room at all.
    printf '%s %d%s\n' "$name" $((instructions + (instructions + 49) / 50 + 2)) "$([ "$each" -eq 0 ] || echo " $each")" >>"$work/new"

    if [ "$mode" = --top ]; then
        awk -v between="${pass[$name]}" '
            $2 ~ /^=/ { next }
            NR == FNR { before[$2] = $1; next }
            { cost = ($1 - before[$2]) / between; if (cost >= 1) printf "%10.1f  %s\n", cost, $2 }
        ' "$work/profile.$name.${pass[$name]}" "$work/profile.$name.$((2 * pass[$name]))" | sort -rn | sed -n 1,10p | swift demangle --simplified
    fi
done
echo "instructions of one iteration, and how many of them in swift-crypto; allocations, how many of them elsewhere, and references of a pass"

if [ "$mode" = --update ]; then
    # The comment stays, and the lines of workloads that were not measured; those of none that there is go.
    sed -n '/^#/p' $limits >"$work/limits"
    awk 'FILENAME == ARGV[3] { print lines[$1]; next } $1 !~ /^#/ { lines[$1] = $0 }' $limits "$work/new" "$work/list" | sed '/^$/d' >>"$work/limits"
    cp "$work/limits" $limits
    echo "cost: wrote $limits"
elif [ "$mode" = --check ] && [ ${#above[@]} -gt 0 ]; then
    echo "cost: look at what costs: Benchmarks/cost.sh --top ${above[*]}" >&2
    echo "cost: where more instructions are worth it: Benchmarks/cost.sh --update ${above[*]}" >&2
    status=1
fi
exit $status
