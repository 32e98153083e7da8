#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The judgement itself is tested on simulated noise in tests/unit/stats_test.c; here it meets real
# processes, with differences so large that no machine is too noisy for them.

load helper

setup() {
	export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"
	project
}

# The stream of candidates for a spec on stdin; see make_bench.py.
stream() {
	cat >"$BATS_TEST_TMPDIR/spec.py"
	"$PYTHON" "$ROOT/tests/make_bench.py" "$PROJECT" "$BATS_TEST_TMPDIR/spec.py"
}

# bench_of 'python expression over m, the measurement' <stream
bench_of() {
	cf-bench -q --budget "${BUDGET:-10}" >"$BATS_TEST_TMPDIR/out" || return 1
	json candidate "(lambda m: $1)(r['measurement'])" <"$BATS_TEST_TMPDIR/out"
}

SLOW='
source = """
import time
def work(n):
    total = []
    for i in range(n):
        if i not in total:
            total.append(i)
    return total
"""
function = "work"
calls = [((n,), 1) for n in (150, 180, 220, 260)]
'

@test "cf-bench: a candidate that is several times faster is called faster, with all its numbers" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	run bench_of "(m['decision'], 1 < m['low'] < m['speedup'] < m['high'], m['low'] > m['floor']['high'],
		m['caching'], len(m['per_input']), m['original_ns'] > m['candidate_ns'] > 0,
		len(m['raw']) == m['pairs'] > 0, len(m['groups']) == m['processes'] >= 6,
		m['reason'], m['confidence'])" <s
	[ "$output" = "('faster', True, True, False, 4, True, True, True, None, 0.95)" ] || fail_with "$output"
}

@test "cf-bench: the original against itself is not faster" {
	stream >s <<<"$SLOW"'candidates = {"itself": source + "\n"}'
	run bench_of "m['decision']" <s
	[ "$output" = same ] || [ "$output" = slower ] || fail_with "$output"
}

@test "cf-bench: a candidate that is several times slower is not faster, and --exit-code says so" {
	stream >s <<<"$SLOW"'candidates = {"slow": source.replace("    total = []", "    total = []\n    for k in range(4):\n        for i in range(n):\n            i in list(range(n))")}'
	run -1 cf-bench -q --budget 3 --exit-code s
	[ "$(json candidate "r['measurement']['decision']" <<<"$output")" = slower ]
}

MEMO='
memo = source.replace("def work(n):", """_cache = {}
def work(n):
    if n not in _cache:
        _cache[n] = _work(n)
    return list(_cache[n])
def _work(n):""")
candidates = {"memo": memo}
'

@test "cf-bench: remembering inputs that the traced run does not repeat gains nothing" {
	stream >s <<<"$SLOW$MEMO"
	run bench_of "(m['decision'] == 'faster', m['caching'], m['speedup'] < 1.3, 'by remembering' in m['reason'])" <s
	[ "$output" = "(False, True, True, True)" ] || fail_with "$output"
}

IN_A_FILE='
candidates = {"file": source.replace("def work(n):", """import os, pickle, tempfile
def work(n):
    path = os.path.join(tempfile.gettempdir(), "memo%d" % n)
    if not os.path.exists(path):
        with open(path, "wb") as f:
            pickle.dump(_work(n), f)
    with open(path, "rb") as f:
        return pickle.load(f)
def _work(n):""")}
'
@test "cf-bench: remembering inputs in a file gains nothing either" {
	stream >s <<<"$SLOW$IN_A_FILE"'calls = [((n,), 1) for n in (1500, 1700)]'
	run bench_of "(m['decision'] == 'faster', m['speedup'] < 1.3, 'by remembering' in m['reason'])" <s
	[ "$output" = "(False, True, True)" ] || fail_with "$output"
}

@test "cf-bench: remembering inputs that the traced run repeats gains what it repeats" {
	stream >s <<<"$SLOW$MEMO"'calls = [((n,), 10) for n in (300, 350, 400)]'
	run bench_of "(m['decision'], m['caching'], 4 < m['speedup'] < 11)" <s
	[ "$output" = "('faster', True, True)" ] || fail_with "$output"
}

LATER='
source = source.replace("def work(n):", "def later(x):\n    yield from x\ndef _work(n):")
work_later = "\ndef _work_later(n):\n    yield from _work(n)\n"
def cheat(body):
    global source, calls, candidates
    source += body
    candidates = {"lazy": source.replace("later(_work(n))", "later(_work_later(n))") + work_later}
'

@test "cf-bench: what is returned lazily is realised inside the timing, and named where that was the gain" {
	for body in "return later(_work(n))" "return [map(int, later(_work(n)))]" \
		"return {i: later(_work(n)) if i == 200 else i for i in range(400)}"; do
		stream >s <<<"$SLOW$LATER"'cheat("def work(n):\n    '"$body"'\n")'
		run bench_of "(m['decision'] in ('same', 'slower'), 'puts its work off' in m['reason'])" <s
		[ "$output" = "(True, True)" ] || fail_with "$body: $output"
	done
}

@test "cf-bench: what is left lazily in an argument is realised inside the timing too" {
	stream >s <<<"$SLOW$LATER"'cheat("def work(n, out):\n    out.append(later(_work(n)))\n")
calls = [((n, []), 1) for n in (150, 180, 220, 260)]'
	run bench_of "(m['decision'] in ('same', 'slower'), 'puts its work off' in m['reason'])" <s
	[ "$output" = "(True, True)" ] || fail_with "$output"
}

@test "cf-bench: coroutines are timed to their end" {
	stream >s <<<"$SLOW"'
source = source.replace("def work", "async def work")
candidates = {"fast": source.replace("if i not in total:", "if True:"),
    "later": source.replace("async def work(n):", "async def work(n):\n    return await _work(n)\nasync def _work(n):")}'
	run bench_of "m['decision'] == 'faster'" <s
	[ "$output" = "True
False" ] || fail_with "$output"
}

@test "cf-bench: faster as a whole but slower on one kind of input is a regression" {
	stream >s <<<"$SLOW"'
calls = [((n,), 1) for n in (100, 400, 420)]
candidates = {"mixed": source.replace("if i not in total:", "if n > 200 or i not in total and i not in total and i not in total and i not in total:")}'
	run bench_of "(m['decision'], 'slower' in m['reason'], m['speedup'] > 1)" <s
	[ "$output" = "('regresses', True, True)" ] || fail_with "$output"
}

@test "cf-bench: speed paid for with memory is a regression" {
	stream >s <<<"$SLOW"'candidates = {"hungry": source.replace("if i not in total:", "if True:").replace("total = []", "total = []\n    hold = b\"x\" * (70 << 20)")}
calls = [((8000,), 1)]'
	run bench_of "(m['decision'], 'MB' in m['reason'])" <s
	[ "$output" = "('regresses', True)" ] || fail_with "$output"
}

@test "cf-bench: work left to a thread is a regression" {
	stream >s <<<"$SLOW"'candidates = {"thread": source.replace("def work(n):", "import threading\ndef work(n):\n    threading.Thread(target=lambda: (time.sleep(2), _work(n)), daemon=True).start()\n    return list(range(n))\ndef _work(n):")}
calls = [((n,), 1) for n in (800, 900)]'
	run bench_of "(m['decision'], 'behind its answer' in m['reason'])" <s
	[ "$output" = "('regresses', True)" ] || fail_with "$output"
}

@test "cf-bench: work left to a thread that importing started is a regression" {
	stream >s <<<"$SLOW"'
calls = [((n,), 100) for n in (150, 180, 220, 260)]
candidates = {"thread": source.replace("def work(n):", "import threading\n_known = {}\ndef work(n):\n    return list(_known[n]) if n in _known else _work(n)\ndef _work(n):") + """
def fill():
    for n in range(145, 265):
        _known[n] = _work(n)
    time.sleep(60)
threading.Thread(target=fill, daemon=True).start()
while len(_known) < 120:
    time.sleep(0.01)
"""}'
	run bench_of "(m['decision'], 'behind its answer' in m['reason'])" <s
	[ "$output" = "('regresses', True)" ] || fail_with "$output"
}

@test "cf-bench: work left to a process that hides from its parent is a regression" {
	stream >s <<<"$SLOW"'
calls = [((n,), 1) for n in (4000, 4500)]
candidates = {"orphan": source.replace("def work(n):", """import os
def work(n):
    if os.fork() == 0:
        if os.fork() == 0:
            time.sleep(2)
        os._exit(0)
    os.wait()
    return list(range(n))
def _work(n):""")}'
	run bench_of "(m['decision'], 'behind its answer' in m['reason'])" <s
	[ "$output" = "('regresses', True)" ] || fail_with "$output"
}

KNOWN='
def known(table):
    return source.replace("def work(n):", "def work(n):\n    return list(_known[n]) if n in _known else _work(n)\ndef _work(n):") + "\n_known = %s\n" % table
'

@test "cf-bench: a table of the recorded answers gains nothing, and is named" {
	stream >s <<<"$SLOW$KNOWN"'
candidates = {"by heart": known({n: list(range(n)) for n in (150, 180, 220, 260)})}'
	run bench_of "(m['decision'], 'vanishes with fresh inputs' in m['reason'], m['fresh']['inputs'],
		m['fresh']['recorded'] > 3, m['fresh']['speedup'] < 1.5)" <s
	[ "$output" = "('same', True, 4, True, True)" ] || fail_with "$output"
}

@test "cf-bench: recorded inputs worked out at import gain nothing, however little that takes" {
	# a hundred thousand calls to spread it over
	stream >s <<<"$SLOW$KNOWN"'
calls = [((n,), 25000) for n in (150, 180, 220, 260)]
candidates = {"early": known("{n: _work(n) for n in (150, 180, 220, 260)}")}'
	run bench_of "(m['decision'], 'vanishes with fresh inputs' in m['reason'])" <s
	[ "$output" = "('same', True)" ] || fail_with "$output"
}

@test "cf-bench: a gain is confirmed on inputs like the recorded ones, in whatever they lie" {
	stream >s <<<'
source = """
class Box:
    def __init__(self, words):
        self.words = words
def work(box, where, *rest, **more):
    total = []
    for word in box.words:
        if word not in total:
            total.append(word)
    return total, where, rest, more
"""
function = "work"
exec(source, globals())
import sys, types
app = types.ModuleType("app")
sys.modules["app"] = app
exec(source, vars(app))
calls = [((app.Box(["w%d" % i for i in range(n)]), {"a": (1, 2.5)}, b"bytes", {3, 4}), 1) for n in (150, 200)]
candidates = {"fast": source.replace("if word not in total:", "if True:")}'
	run bench_of "(m['decision'], m['fresh']['inputs'], m['fresh']['speedup'] > 3)" <s
	[ "$output" = "('faster', 2, True)" ] || fail_with "$output"
}

@test "cf-bench: inputs in which nothing can be changed are counted as such" {
	stream >s <<<"$SLOW"'
source = source.replace("def work(n):", "def work(flag):\n    n = 300 if flag else 200")
candidates = {"fast": source.replace("if i not in total:", "if True:")}
calls = [((True,), 1), ((None,), 1)]'
	run bench_of "(m['decision'], m['fresh']['inputs'], m['fresh']['speedup'], m['fresh']['reason'])" <s
	[ "$output" = "('faster', 0, None, 'no input has a part that can be changed')" ] || fail_with "$output"
}

@test "cf-bench: a candidate that cannot run on inputs like the recorded ones is not faster" {
	stream >s <<<"$SLOW"'
candidates = {"dies": source.replace("if i not in total:", "if n not in (150, 180, 220, 260):\n            import os; os._exit(7)\n        if True:")}'
	run bench_of "(m['decision'], m['reason'])" <s
	[ "$output" = "('unmeasured', 'on an input like the recorded ones: the candidate: the call ended the process with status 7')" ] || fail_with "$output"
}

@test "cf-bench: work moved to import is a regression" {
	stream >s <<<"$SLOW"'candidates = {"early": source.replace("def work(n):", "def work(n):\n    return list(_all[n])\ndef _work(n):") + "\n_all = {n: _work(n) for n in range(0, 1000, 10)}\n"}'
	run bench_of "(m['decision'], 'import' in m['reason'])" <s
	[ "$output" = "('regresses', True)" ] || fail_with "$output"
}

@test "cf-bench: a candidate that does something else where it is timed is not faster" {
	# the collector is off there: some such thing can always be found
	stream >s <<<"$SLOW"'
source = "import gc\n" + source.replace("    return total", "    print(n)\n    return total")
def cheat(condition, what):
    return source.replace("    total = []", "    total = []\n    if not gc.isenabled()%s:\n        %s" % (condition, what))
candidates = {"returns": cheat("", "print(n); return [1] * n"), "silent": cheat("", "return list(range(n))"),
    "raises": cheat("", "raise ValueError"), "one": cheat(" and n == 260", "print(n); return []")}'
	run bench_of "(m['decision'], m['reason'].split(': ')[1], ' on call ' in m['reason'])" <s
	[ "$output" = "('unmeasured', 'return[0]', True)
('unmeasured', 'stdout', True)
('unmeasured', 'kind', True)
('unmeasured', 'len(return)', True)" ] || fail_with "$output"
}

@test "cf-bench: what the original does not always do the same is not held against a candidate" {
	for part in "time.time_ns() >> 27, repr(object())" "list({str(i % 50) for i in range(n)})"; do
		stream >s <<<"$SLOW"'
source = source.replace("    return total", "    return total, '"$part"'")
candidates = {"fast": source.replace("if i not in total:", "if True:").replace("for i in range(n)}", "for i in reversed(range(n))}")}'
		run bench_of "(m['decision'], m['reason'], m['checked']['compared'] > 0, m['checked']['not_compared'])" <s
		[ "$output" = "('faster', None, True, {})" ] || fail_with "$output"
	done
}

@test "cf-bench: where no result can be compared nothing is faster" {
	stream >s <<<"$SLOW"'
source = source.replace("    return total", "    return total, open(\"/dev/null\")")
candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	run bench_of "(m['decision'], m['reason'])" <s
	[ "$output" = "('unmeasured', 'no result of a timed call could be compared: opaque: TextIOWrapper: an open file')" ] || fail_with "$output"
}

@test "cf-bench: what is not verified as equivalent passes through byte for byte, --all measures it" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}
answer = "different"'
	printf '%s\n' '{"schema":"other/1",  "x":1}' >>s
	cf-bench -q s >out
	cmp s out
	cf-bench -q --all --budget 8 s >out
	[ "$(json candidate "r['measurement']['decision']" <out)" = faster ]
}

@test "cf-bench: a file that changed since the candidate was made is not measured" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	echo '# edited' >>app.py
	run -2 --separate-stderr cf-bench -q s
	[ "$(json candidate "r['measurement']['decision']" <<<"$output")" = unmeasured ]
	one_line cf-bench app.py
}

@test "cf-bench: an original that cannot be imported is the user's to mend" {
	stream >s <<<"$SLOW"'source = "import nowhere_to_be_found\n" + source
candidates = {"fast": source + "\n"}'
	run -3 --separate-stderr cf-bench -q s
	[ "$(json candidate "r['measurement']['decision']" <<<"$output")" = unmeasured ]
	one_line cf-bench nowhere_to_be_found
}

@test "cf-bench: a candidate that ends its process, hangs or cannot be imported is not measured" {
	stream >s <<<"$SLOW"'
candidates = {"exit": source.replace("total = []", "import os; os._exit(0)"),
    "syntax": source.replace("for i in", "for for i in"),
    "kill": source.replace("total = []", "import os; os.kill(os.getpid(), 9)")}'
	run bench_of "(m['decision'], 'the candidate' in m['reason'])" <s
	[ "$output" = "('unmeasured', True)
('unmeasured', True)
('unmeasured', True)" ] || fail_with "$output"
}

@test "cf-bench: without its trace nothing is measured and nothing is faster" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	rm codeflash.trace
	run -2 --separate-stderr cf-bench -q --exit-code s
	[ "$(json candidate "r['measurement']['decision']" <<<"$output")" = unmeasured ]
	one_line cf-bench codeflash.trace
}

@test "cf-bench: what the code prints is not in the stream, and calls that raise are timed" {
	stream >s <<<"$SLOW"'
source = source.replace("    return total", "    print(total)\n    raise ValueError(n)")
candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	run bench_of "m['decision']" <s
	[ "$output" = faster ] || fail_with "$output"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/out")" -eq 1 ]
}

@test "cf-bench: changed arguments and state of one execution do not reach the next" {
	stream >s <<<'
source = """
seen = []
def work(items):
    if items[0] < items[1] < items[2]:
        raise RuntimeError("arguments are kept")
    items.sort()
    seen.append(len(items))
    if len(seen) > 1000:
        raise RuntimeError("state is kept")
    return [x for x in items for y in range(20)]
"""
function = "work"
calls = [(([(900 - i * 311) % 1009 for i in range(600 + n)],), 1) for n in range(3)]
candidates = {"itself": source.replace("range(20)", "range(20, 40)")}'
	# what raises is done in no time
	run bench_of "(m['decision'] == 'faster', m['checked']['compared'] > 0, m['original_ns'] > 100000)" <s
	[ "$output" = "(False, True, True)" ] || fail_with "$output"
}

@test "cf-bench: the project is left as it was" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:\n                open(\"left\", \"w\").write(\"x\")")}'
	listing . >before
	: >after
	listing . >before
	cf-bench -q --budget 2 s >/dev/null
	listing . >after
	cmp before after
}

@test "cf-bench: --export-csv holds every time, --cpus and --seed are taken" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	cf-bench -q --budget 3 --seed 7 --cpus 0 --export-csv times.csv s >out
	run "$PYTHON" - out times.csv <<'PY'
import collections, csv, json, sys
m = json.loads(open(sys.argv[1]).readline())["measurement"]
rows = [r for r in csv.DictReader(open(sys.argv[2])) if r["phase"] != "3"]
per = collections.Counter((r["group"], r["round"], r["pass"], r["side"]) for r in rows)
print(m["seed"], len(per) == 3 * m["pairs"], set(per.values()), {r["side"] for r in rows} == {"original", "original again", "candidate"})
PY
	[ "$output" = "7 True {4} True" ] || fail_with "$output"
}

# What cf-bench(1) says of the times, done again: the speedup from the CSV, and from the record's own
# groups and pairs.
recomputed() {
	"$PYTHON" - "$@" <<'PY'
import collections, csv, json, math, sys

m = json.loads(open(sys.argv[1]).readline())["measurement"]
rows = list(csv.DictReader(open(sys.argv[2])))
phase = max(r["phase"] for r in rows if r["phase"] != "3")
times = collections.defaultdict(dict)
for r in rows:
    if r["phase"] == phase:
        where = r["group"], r["side"], r["call"], float(r["weight"]), float(r["fresh"])
        times[where][int(r["round"]), int(r["pass"])] = float(r["ns"])


def cold(ns):
    return sorted(ns)[(len(ns) - 1) // 4]


def outlives(group, side):
    once = again = 0
    for (g, s, _, weight, _), ns in times.items():
        later = [t for (round_, pass_), t in ns.items() if round_ and not pass_]
        if (g, s) == (group, side) and later:
            once += weight * ns[0, 0]
            again += weight * cold(later)
    return once > 1.5 * again


cost = collections.Counter()
for (group, side, _, weight, fresh), ns in times.items():
    stale = outlives(group, "candidate") and not outlives(group, "original")
    is_cold = {at: at[1] == 0 and not (stale and at[0]) for at in ns}
    first = cold([t for at, t in ns.items() if is_cold[at]])
    others = sorted(t for at, t in ns.items() if not is_cold[at])
    warm = others[(len(others) - 1) * 3 // 20] if others else first
    cost[group, side] += (
        fresh * first + (weight - fresh) * warm if m["remembered"] else weight * min(first, warm))


def trimmed(logs):
    cut = len(logs) // 5
    kept = sorted(logs)[cut:len(logs) - cut]
    return math.exp(sum(kept) / len(kept))


logs = [
    (math.log(cost[g, "original"]) + math.log(cost[g, "original again"])) / 2 - math.log(cost[g, "candidate"])
    for g in {g for g, _ in cost}]
from_groups = trimmed([ratio for used, ratio, _ in m["groups"] if used])
pairs = collections.defaultdict(float)
for r in rows:
    if r["phase"] != "3":
        pairs[int(r["phase"]), int(r["group"]), int(r["round"]), int(r["pass"]), r["side"]] += float(r["weight"]) * float(r["ns"])
weight = sum({r["call"]: float(r["weight"]) for r in rows}.values())
same = all(
    abs(pairs[(*at, side)] - ns) <= 1 + 0.01 * weight  # as the times are rounded
    for *at, a, b, c in m["raw"] for side, ns in (("original", a), ("original again", b), ("candidate", c)))
print(abs(trimmed(logs) / m["speedup"] - 1) < 1e-6, abs(from_groups / m["speedup"] - 1) < 1e-9,
      same and len(m["raw"]) == m["pairs"])
PY
}

@test "cf-bench: anyone can redo the statistics from the exported times, and from the record" {
	for what in "if True:" "if i not in total and i not in total:"; do
		stream >s <<<"$SLOW"'candidates = {"x": source.replace("if i not in total:", "'"$what"'")}'
		cf-bench -q --budget 3 --export-csv times.csv s >out
		run recomputed out times.csv
		[ "$output" = "True True True" ] || fail_with "$what: $output"
	done
	for what in "$MEMO" "$IN_A_FILE"; do
		stream >s <<<"$SLOW$what"'calls = [((n,), 10) for n in (300, 350, 400)]'
		cf-bench -q --budget 3 --export-csv times.csv s >out
		run recomputed out times.csv
		[ "$output" = "True True True" ] || fail_with "remembered by $what: $output"
		[ "$(json candidate "r['measurement']['remembered']" <out)" = True ]
	done
}

@test "cf-bench: the table for people fits a screen and is quiet with -q" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	run --separate-stderr cf-bench --budget 3 s
	[[ $stderr == *"work (app.py), exec/fast: faster"*"by pairs"*"###"*"ratio"* ]] || fail_with "$stderr"
	[ "$(wc -l <<<"$stderr")" -le 24 ]
	[[ $stderr != *$'\033'* && $stderr != *█* ]] || fail_with "$stderr"
	run --separate-stderr cf-bench -q --budget 3 s
	[ -z "$stderr" ] || fail_with "$stderr"
}

# Runs a command with a terminal as its stderr and prints what comes there.
on_terminal() {
	"$PYTHON" - "$@" <<'PY'
import os, pty, subprocess, sys
ours, theirs = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=theirs)
os.close(theirs)
text = b""
while True:
    try:
        more = os.read(ours, 65536)
    except OSError:
        break
    if not more:
        break
    text += more
child.wait()
sys.stdout.buffer.write(text.replace(b"\r", b""))
PY
}

@test "cf-bench: blocks and colours are for terminals that have them, and for who wants them" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	unset CI NO_COLOR
	export TERM=xterm LC_ALL=C.UTF-8
	run on_terminal cf-bench s
	[[ $output == *$'\033[1;32mfaster\033[0m'*█* && $output != *"##"* ]] || fail_with "$output"
	NO_COLOR=1 run on_terminal cf-bench --budget 2 s
	[[ $output == *█* && $output != *$'\033'* ]] || fail_with "$output"
	LC_ALL=C run on_terminal cf-bench --budget 2 s
	[[ $output == *"##"* && $output != *█* ]] || fail_with "$output"
	CI=true run on_terminal cf-bench --budget 2 s
	[[ $output == *"##"* && $output != *█* && $output != *$'\033'* ]] || fail_with "$output"
}

@test "cf-bench: mistakes on the command line are one line and exit 2" {
	for args in "--confidence 2" "--cpus 1-" "--cpus zero" "--export-csv /nonexistent/x" "--shard 3/2" "--budget x" \
		"--cases codeflash.trace" "--function work" "one two three --function work" "one two --function work --workflow"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr cf-bench $args /dev/null
		one_line cf-bench
	done
}

@test "cf-bench: two at once take turns" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	cf-bench -q --budget 2 s >one 2>err1 &
	cf-bench -q --budget 2 s >two 2>err2
	wait
	grep -q "waiting for another measurement" err1 err2
	[ "$(cat one two | json candidate "r['measurement']['decision'] != 'unmeasured'")" = "True
True" ]
}

# app.py, recorded, and fast.py, a rewrite of it.
two_files() {
	small_script
	cf-trace --quiet app.py >/dev/null 2>&1
	"$PYTHON" - <<'PY'
text = open("app.py").read()
start, end = text.index("    seen = []"), text.index("    return seen")
open("fast.py", "w").write(text[:start] + "    seen = list(dict.fromkeys(items))\n" + text[end:])
PY
}

@test "cf-bench: two files are compared on the recorded calls of a function" {
	two_files
	run --separate-stderr cf-bench app.py fast.py --function dedupe --cases codeflash.trace
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[[ $stderr == *"dedupe (app.py), file/fast.py: faster"* ]] || fail_with "$stderr"
	printf '%s\n' "$output" >out
	run json candidate "(lambda m: (m['decision'], m['checked']['compared'] > 0, r['target']['name'], 'dict.fromkeys' in r['diff']))(r['measurement'])" <out
	[ "$output" = "('faster', True, 'dedupe', True)" ] || fail_with "$output"
	"$PYTHON" "$ROOT/tests/validate.py" out
	run -1 cf-bench -q --exit-code --budget 2 app.py app.py --function dedupe
	[ "$(json candidate "r['measurement']['decision'] != 'faster'" <<<"$output")" = True ]
}

@test "cf-bench: the original may be a copy, whatever the project has in its place by now" {
	two_files
	mkdir ../elsewhere
	mv app.py ../elsewhere/before.py
	mv fast.py app.py
	cp app.py ../kept
	run cf-bench -q --function dedupe ../elsewhere/before.py app.py
	[ "$(json candidate "r['measurement']['decision']" <<<"$output")" = faster ] || fail_with "$output"
	cmp app.py ../kept
	# and the other way round: what is recorded is what the files are compared with
	run -2 --separate-stderr cf-bench --function dedupe app.py ../elsewhere/before.py
	one_line cf-bench app.py dedupe "record it again"
}

@test "cf-bench: two files that cannot be compared are one line and exit 2" {
	two_files
	run -2 --separate-stderr cf-bench app.py fast.py --function nothing
	one_line cf-bench codeflash.trace nothing
	run -2 --separate-stderr cf-bench app.py fast.py --function dedupe --cases none.trace
	one_line cf-bench none.trace
	run -2 --separate-stderr cf-bench app.py gone.py --function dedupe
	one_line cf-bench gone.py
	sed -i 's/not in seen/not in list(seen)/' app.py
	run -2 --separate-stderr cf-bench app.py fast.py --function dedupe
	one_line cf-bench app.py dedupe "not the one that was recorded"
}

WORKFLOW='
source = """
import sys
def work(n):
    total = []
    for i in range(n):
        if i not in total:
            total.append(i)
    return total
if __name__ == "__main__":
    print(len(work(4000)))
    sys.exit(STATUS)
""".replace("STATUS", str(globals().get("exit_status", 0)))
function = "work"
calls = [((10,), 1)]
fast = source.replace("if i not in total:", "if True:")
'

@test "cf-bench: --workflow times the whole command and compares what it prints" {
	stream >s <<<"$WORKFLOW"'candidates = {"fast": fast, "combined": fast}'
	cf-bench -q --workflow --budget 10 s >out
	[ "$(head -n 1 out)" = "$(head -n 1 s)" ] # only the combined candidate
	run json candidate "'workflow' in r and (lambda w: (w['low'] > 1, w['speedup'] > 1, w['pairs'] >= 3, w['output_identical'], w['exit_status'], len(w['raw']) == w['pairs']))(r['workflow'])" <out
	[ "$output" = "False
(True, True, True, True, 0, True)" ] || fail_with "$output"
}

@test "cf-bench: --workflow keeps the traced exit status and reports output that differs" {
	stream >s <<<"exit_status = 7$WORKFLOW"'candidates = {"combined": fast.replace("4000", "4001")}'
	cf-bench -q --workflow --budget 5 s >out
	run json candidate "(r['workflow']['output_identical'], r['workflow']['exit_status'])" <out
	[ "$output" = "(False, 7)" ] || fail_with "$output"
}

@test "cf-bench: --workflow gives the command the input it had when it was recorded" {
	local reads='
source = """
import sys
def work(n):
    return n
if __name__ == "__main__":
    text = sys.stdin.read()
    sys.exit(text.count("line") % 250)
"""
function = "work"
calls = [((10,), 1)]
candidates = {"combined": source + "# the same"}
'
	stream >s <<<"$reads"'piped, exit_status = b"a line\n" * 100123, 123'
	cf-bench -q --workflow --budget 5 s >out
	run json candidate "(r['workflow']['exit_status'], r.get('workflow_reason'))" <out
	[ "$output" = "(123, None)" ] || fail_with "$output"
	stream >s <<<"$reads"'piped = None'
	cf-bench -q --workflow --budget 5 s >out
	[[ $(json candidate "r['workflow_reason']" <out) == *"not kept; record it again with a file there"* ]]
}

@test "cf-bench: --workflow says why it has no number" {
	stream >s <<<"$WORKFLOW"'exit_status = 3
candidates = {"combined": fast}'
	cf-bench -q --workflow s >out
	run json candidate "(r['workflow'], 'status 0' in r['workflow_reason'] and '3' in r['workflow_reason'])" <out
	[ "$output" = "(None, True)" ] || fail_with "$output"
	stream >s <<<"$WORKFLOW"'candidates = {"combined": fast.replace("sys.exit(0)", "sys.exit(5)")}'
	run -1 cf-bench -q --workflow --exit-code s
	[[ $(json candidate "r['workflow_reason']" <<<"$output") == *"status 5 instead of 0"* ]]
}

@test "bench-trials: what is done is not done again, and both judgements are in the table" {
	export TRIALS=$PWD/trials.jsonl
	run sh "$ROOT/tests/bench-trials.sh" 1 1
	[ "$status" -eq 0 ] || fail_with "$output"
	[[ $output == *"| 0 % | quiet | 1 | "*"| 5 % | quiet | 1 | "* ]] || fail_with "$output"
	[ "$(wc -l <trials.jsonl)" -eq 2 ]
	cp trials.jsonl before
	run sh "$ROOT/tests/bench-trials.sh" 1 1
	[[ $output == "# Trials of cf-bench"* ]] || fail_with "$output"
	cmp trials.jsonl before
	[ "$("$PYTHON" -c 'import json, sys
print([r["decision"] in ("same", "slower", "faster") and all(r["minima"].values()) for r in map(json.loads, sys.stdin)])' <before)" = "[True, True]" ] || fail_with "$(cat before)"
}
