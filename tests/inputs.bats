#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a trace says of the inputs of all calls, against programs that count them themselves.

load helper

# Of every function: what truth.json has of it, what the trace has, and how they compare.
check() {
	cf-rank -q --min-share 0 codeflash.trace >ranked.jsonl
	"$PYTHON" - "$@" <<'PY' || fail_with "$(cat truth.json)"
import json, sys
truth = json.load(open("truth.json"))
targets = {r["name"]: r for r in map(json.loads, open("ranked.jsonl")) if r["schema"] == "cf/target/1"}
for name, want in truth.items():
    r = targets[name]
    why = r["why"]
    assert r["calls"] == want["calls"], (name, r["calls"])
    for key in ("repetition", "covered"):
        if key in want:
            assert abs(why[key] - want[key]) < 0.1, (name, key, why[key])
    for key in ("min", "median", "p90", "max"):
        for which in ("sizes", "kept_sizes"):
            if key in want:
                low, high = want[key]
                assert low <= why[which][key] <= high, (name, which, key, why[which])
PY
}

setup() {
	project
}

@test "inputs: how often they repeat, how large they are and what of them is kept, of 100 000 calls" {
	cat >job.py <<'PY'
import json
import pickle
import random

random.seed(11)


def mostly(x):
    return x


def fresh(i):
    return i


def changes(k):
    return k


def power(data):
    return len(data)


had, sizes = set(), []
again = 0
for i in range(100000):
    x = 7 if random.random() < 0.9 else 1000 + i
    again += x in had
    had.add(x)
    mostly(x)
    fresh(i)
    changes(i % 5 if i < 70000 else 500 + i % 2)
    data = bytes(min(20000, int(100 * random.paretovariate(1.2))))
    sizes.append(len(pickle.dumps(((data,), {}), 5)))
    power(data)
sizes.sort()
json.dump({
    "mostly": {"calls": 100000, "repetition": again / 100000, "covered": 0.9},
    "fresh": {"calls": 100000, "repetition": 0, "covered": 0},
    "changes": {"calls": 100000, "repetition": 1, "covered": 1},
    # the quantile that is told is one of near by: a run is sampled some two hundred times
    "power": {"calls": 100000, "min": [sizes[0], sizes[2000]], "median": [sizes[35000], sizes[65000]],
              "p90": [sizes[80000], sizes[97000]], "max": [sizes[97000], sizes[-1]]},
}, open("truth.json", "w"))
PY
	cf-trace -q job.py >/dev/null
	check
	q() { sqlite3 codeflash.trace "$@"; }
	name='function = (SELECT id FROM function WHERE qualname ='
	# whatever is kept or not, all calls are weighed
	[ "$(q "SELECT sum(weight) FROM call WHERE $name 'mostly')")" -ge 90000 ]
	[ "$(q "SELECT sum(weight) FROM call WHERE $name 'changes')")" = 100000 ]
	# the input of nine calls in ten, and the late ones
	[ "$(q "SELECT count(*) FROM call WHERE $name 'mostly') AND weight > 80000")" = 1 ]
	[ "$(q "SELECT sum(weight) BETWEEN 20000 AND 40000 FROM call WHERE $name 'changes') AND seq > 70000")" = 1 ]
	# a hundred of two hundred: those that stand for most of the run are among them
	[ "$(q "SELECT count(*), sum(weight) > 60000 FROM call WHERE $name 'fresh')")" = '100|1' ]
	[ "$(q "SELECT group_concat(why) FROM (SELECT DISTINCT why FROM call WHERE $name 'power') ORDER BY why)")" = commonest,first,largest,smallest,uniform ]
}

@test "inputs: of several processes each counts, also one that leaves at once" {
	cat >job.py <<'PY'
import json
import os


def work(x):
    return x


for k in range(4):
    if os.fork() == 0:
        for i in range(10000 * k):
            work(("child", k))
        os._exit(0)
for i in range(20000):
    work("parent")
for k in range(4):
    os.wait()
json.dump({"work": {"calls": 80000, "repetition": 1, "covered": 1}}, open("truth.json", "w"))
PY
	cf-trace -q job.py >/dev/null
	check
	[ "$(sqlite3 codeflash.trace 'SELECT weight FROM call ORDER BY weight')" = $'10000\n20000\n20000\n30000' ]
}

@test "inputs: of the first calls that are all looked at, the slowest, largest and smallest are kept" {
	cat >job.py <<'PY'
import time


def step(text):
    end = time.perf_counter() + (0.08 if text[:2] == "10" and len(text) == 32 else 0)
    while time.perf_counter() < end:
        pass
    return len(text)


for i in range(6000):
    step(str(i) + ("" if i == 14 else "x" * (9000 if i == 12 else 30 + i // 30)))
PY
	cf-trace -q --max-function-count 40 job.py >/dev/null
	q() { sqlite3 codeflash.trace "$@"; }
	[ "$(q "SELECT seq, why FROM call JOIN function f ON f.id = function WHERE qualname = 'step' AND (seq IN (13, 15) OR duration_ns > 60000000) ORDER BY seq")" = $'11|slowest\n13|largest\n15|smallest' ]
	[ "$(q "SELECT group_concat(seq) FROM (SELECT seq FROM call JOIN function f ON f.id = function WHERE qualname = 'step' AND why = 'first' ORDER BY seq)")" = 1,2,3,4 ]
	# each quarter of the run has its part, though most of what was looked at is in the first
	[ "$(q "SELECT count(*), min(n) >= 1, sum(n) FROM (SELECT count(*) AS n FROM call JOIN function f ON f.id = function WHERE qualname = 'step' GROUP BY (seq - 1) / 1500)")" = '4|1|40' ]
}
