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
# The workloads quic-open and quic-split-open go through the Initials of quic and quic-split without the engine.
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

# Per function: instructions of its own. Under names of their own: how often memory was allocated and references were counted, and what
# calls of libcrypto took, with all that they called.
read_profile() {
    awk '
        /^c?ob=\(/ {
            id = $0; sub(/^c?ob=\(/, "", id); name = id; sub(/\).*/, "", id); sub(/^[0-9]+\)/, "", name)
            if (name != "") isCrypto[id] = name ~ /libcrypto/
            if (/^c/) calleeIsCrypto = isCrypto[id]; else currentIsCrypto = calleeIsCrypto = isCrypto[id]
            next
        }
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
            if (skip && calleeIsCrypto && !currentIsCrypto) inCrypto += $2
            if (skip) { skip = 0; calleeIsCrypto = currentIsCrypto } else own[current] += $2
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
for name in "${names[@]}"; do
    [ "$(jobs -pr | wc -l)" -lt "$(nproc)" ] || wait -n
    # Said in a file: on a busy machine the number of a process that has ended may soon be another's, and the shell forgets how the first ended.
    { measure "$name" && touch "$work/measured.$name"; } &
done
wait

status=0
above=()
declare -A allocations references
line='%-24s %12s %10s %12s %11s %8s%s\n'
# shellcheck disable=SC2059
printf "$line" workload instructions libcrypto allocations references limit ''
for name in "${names[@]}"; do
    [ -e "$work/measured.$name" ] || exit 1
    instructions=$(rounded "$(difference "$name" =total)" "$name")
    references[$name]=$(difference "$name" =references)
    allocations[$name]=$(difference "$name" =allocations)
    counted=${references[$name]}
    # One call is for the empty array, which has no count: it stands in for the frames while they are read.
    case $name in
    quic | quic-split) counted=$((counted - pass[$name])) ;;
    esac
    limit=$(limit "$name" 2)
    allowed=$(limit "$name" 3)

    verdict=
    each=$(rounded "${allocations[$name]}" "$name")
    if [ "${allowed:-0}" -eq 0 ] && [ "${allocations[$name]}" -ne 0 ]; then verdict="$verdict allocates;"; fi
    if [ "${allowed:-0}" -gt 0 ]; then counted=0; fi
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
        "${references[$name]}" "${limit:--}" "${verdict:+  <-$verdict}"
    # A little more than was measured: functions move in memory when others change, and small ones would have no room at all.
    printf '%s %d%s\n' "$name" $((instructions + (instructions + 49) / 50 + 2)) "$([ "$each" -eq 0 ] || echo " $each")" >>"$work/new"

    if [ "$mode" = --top ]; then
        awk -v between="${pass[$name]}" '
            $2 ~ /^=/ { next }
            { name = $0; sub(/^[0-9]+ /, "", name) }
            NR == FNR { before[name] = $1; next }
            { cost = ($1 - before[name]) / between; if (cost >= 1) printf "%10.1f  %s\n", cost, name }
        ' "$work/profile.$name.${pass[$name]}" "$work/profile.$name.$((2 * pass[$name]))" | sort -rn | sed -n 1,10p | swift demangle --simplified
    fi
done
echo "instructions of one iteration, and how many of them in libcrypto; allocations and references of a pass"

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
