#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How often cf-bench is right, for real: N comparisons of functions with themselves and N with a true gain
# of 5 %, every second of each beside a busy loop on the same CPU; and what the same times say when they are
# judged as is usual: the one side measured, then the other, by the sum of the minima.
#
# Each comparison is appended to bench-trials.jsonl in the build folder, and one that is there already is
# not done again: stop it and start it as you like; remove the file to begin anew. The table is printed at
# the end, and with N from 200 on kept in tests/results/bench-trials.md. How noisy the machine was is part of
# the answer: let it have nothing else to do. Nothing here fails.
#
# usage: tests/bench-trials.sh [N [BUDGET]]
set -eu
n=${1:-200} budget=${2:-10}
here=$(cd "$(dirname "$0")" && pwd)
O=${O:-$here/../build}
results=${TRIALS:-$O/bench-trials.jsonl}
dir=$(mktemp -d)
noise=
trap 'stop_noise; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# Some microseconds, some hundreds, and some milliseconds that make objects; of each the candidate leaves
# out work that is a twentieth of the rest and of no consequence.
cat >"$dir/spec.py" <<'PY'
import os
body = {
    "short": """
    total = unused = 0
    for i in range(100):
        total += i * step % 7 + n
    for i in range(5):
        unused += i * step % 7 + n
    return total
""",
    "loop": """
    total, seen, waste, unused = 0, {}, 0, {}
    for i in range(n * 100):
        total += i * step % 7
        seen[i % 50] = total
    for i in range(n * 5):
        waste += i * step % 7
        unused[i % 50] = waste
    return total, seen
""",
    "objects": """
    rows, unused = [], []
    for i in range(n * 300):
        rows.append({"key": i, "value": str(i * step)})
    for i in range(n * 15):
        unused.append({"key": i, "value": str(i * step)})
    return rows
""",
}[os.environ["KIND"]]
source = "\ndef work(n, step):" + body
function = "work"
calls = [((n, step), 1 + n % 3) for n in (2, 5, 9) for step in (1, 3, 4)]
gain = source
for waste in ("range(5)", "range(n * 5)", "range(n * 15)"):
    gain = gain.replace(waste, "range(0)")
candidates = {"itself": source + "\n", "gain": gain}
PY
for kind in short loop objects; do
	KIND=$kind python3 "$here/make_bench.py" "$dir/$kind" "$dir/spec.py" >"$dir/stream"
	for what in itself gain; do
		grep "\"name\": \"$what\"" "$dir/stream" >"$dir/$kind-$what"
	done
done

# The loop moves with the measurement: one on every CPU, so that whichever is drawn has its neighbour.
start_noise() {
	for cpu in $(python3 -c 'import os; print(*os.sched_getaffinity(0))'); do
		taskset -c "$cpu" sh -c 'while :; do :; done' &
		noise="$noise $!"
	done
}
stop_noise() {
	for pid in $noise; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	noise=
}

# trial NUMBER WHAT: appends what came of it.
trial() {
	number=$1 what=$2
	case $((number / 2 % 3)) in 0) kind=short ;; 1) kind=loop ;; *) kind=objects ;; esac
	key="\"what\": \"$what\", \"number\": $number, \"budget\": $budget,"
	! grep -qsF "$key" "$results" || return 0
	beside=quiet
	if [ $((number % 2)) -eq 1 ]; then
		beside=noisy
		start_noise
	fi
	begin=$(date +%s%N)
	"$O/bin/cf-bench" -q --seed "$number" --budget "$budget" --export-csv "$dir/csv" \
		"$dir/$kind-$what" >"$dir/out" || :
	end=$(date +%s%N)
	stop_noise
	python3 - "$what" "$number" "$budget" "$beside" "$kind" $((end - begin)) "$dir/out" "$dir/csv" >"$dir/line" <<'PY'
import collections, csv, json, sys
what, number, budget, beside, kind, ns, out, path = sys.argv[1:]
m = json.loads(open(out).readline())["measurement"]
# The other way: all of one side, then all of the other, judged by the sum of the minima. The first half of
# the processes are the time in which that would have measured the original, the second the candidate's.
rows = [r for r in csv.DictReader(open(path)) if r["phase"] != "3"]
last = max((int(r["group"]) for r in rows), default=0)
best = collections.defaultdict(lambda: float("inf"))
for r in rows:
    if r["side"] == ("original" if int(r["group"]) * 2 <= last else "candidate"):
        key = r["side"], r["call"]
        best[key] = min(best[key], float(r["ns"]))
total = {s: sum(t for (side, _), t in best.items() if side == s) for s in ("original", "candidate")}
record = {"what": what, "number": int(number), "budget": float(budget), "beside": beside, "kind": kind,
          "seconds": int(ns) / 1e9, "minima": total, "times": len(rows)}
record.update((k, m.get(k)) for k in ("decision", "reason", "speedup", "low", "high", "floor", "groups"))
line = json.dumps(record)
# as it is looked for
print(line.replace('"budget": %s,' % record["budget"], '"budget": %s,' % budget))
PY
	cat "$dir/line" >>"$results"
	echo "$number $what, $kind, $beside: $(python3 -c 'import json, sys
r = json.load(sys.stdin)
print(r["decision"], r["speedup"], "%.1f s" % r["seconds"])' <"$dir/line")" >&2
}

i=0
while [ "$i" -lt "$n" ]; do
	trial "$i" itself
	trial "$i" gain
	i=$((i + 1))
done

python3 - "$results" "$n" "$budget" >"$dir/table.md" <<'PY'
import collections, json, os, platform, statistics, sys
path, n, budget = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
runs = [json.loads(line) for line in open(path)]
runs = [r for r in runs if r["number"] < n and r["budget"] == budget]
cells = collections.defaultdict(list)
for r in runs:
    cells[r["what"], r["beside"]].append(r)


def naive(r):
    return r["minima"]["original"] > 1.03 * r["minima"]["candidate"] > 0


def outside(r, true):
    return r["low"] is not None and not r["low"] <= true <= r["high"]


print("# Trials of cf-bench")
print()
print("Written by `make bench-trials`: %d comparisons, --budget %g, on %d CPUs, Python %s. The minima are those"
      % (len(runs), budget, os.cpu_count(), platform.python_version()))
print("of the same times, the original's from the first half of the processes, the candidate's from the second,")
print("called faster above a ratio of 1.03. Noisy is beside a busy loop on every CPU.")
print()
print("| true gain | beside | runs | faster | faster by minima | interval misses it | median s | longest s |")
print("|---|---|---:|---:|---:|---:|---:|---:|")
for what, true in (("itself", 1.0), ("gain", 1.05)):
    for beside in ("quiet", "noisy"):
        cell = cells[what, beside]
        if cell:
            print("| %.0f %% | %s | %d | %d | %d | %d | %.1f | %.1f |" % (
                true * 100 - 100, beside, len(cell), sum(r["decision"] == "faster" for r in cell),
                sum(map(naive, cell)), sum(outside(r, true) for r in cell),
                statistics.median(r["seconds"] for r in cell), max(r["seconds"] for r in cell)))
others = collections.Counter(
    "%s: %s" % (r["decision"], r["reason"]) for r in runs if r["decision"] in ("regresses", "unmeasured"))
if others:
    print()
    print("Other decisions than same, slower and faster:")
    print()
    for text, count in others.most_common():
        print("- %d times %s" % (count, text))
PY
cat "$dir/table.md"
if [ "$n" -ge 200 ]; then
	cp "$dir/table.md" "$here/results/bench-trials.md"
fi
