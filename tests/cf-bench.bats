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
	run bench_of "(m['decision'] == 'faster', m['caching'], m['speedup'] < 1.3)" <s
	[ "$output" = "(False, True, True)" ] || fail_with "$output"
}

@test "cf-bench: remembering inputs that the traced run repeats gains what it repeats" {
	stream >s <<<"$SLOW$MEMO"'calls = [((n,), 10) for n in (300, 350, 400)]'
	run bench_of "(m['decision'], m['caching'], 4 < m['speedup'] < 11)" <s
	[ "$output" = "('faster', True, True)" ] || fail_with "$output"
}

@test "cf-bench: what is returned lazily is realised inside the timing" {
	stream >s <<<"$SLOW"'
lazy = source = source.replace("def work(n):", "def work(n):\n    return later(_work(n))\ndef later(x):\n    yield from x\ndef _work(n):")
candidates = {"lazy": source.replace("later(_work(n))", "later(map(int, later(_later(n))))") + "\ndef _later(n):\n    yield from _work(n)\n"}'
	run bench_of "m['decision'] in ('same', 'slower')" <s
	[ "$output" = True ] || fail_with "$output"
	stream >s <<<"$SLOW"'
source = source.replace("def work(n):", "def work(n):\n    return [map(int, _work(n))]\ndef _work(n):")
candidates = {"deep": source.replace("_work(n))]", "_lazy(n))]") + "\ndef _lazy(n):\n    yield from _work(n)\n"}'
	run bench_of "m['decision'] in ('same', 'slower')" <s
	[ "$output" = True ] || fail_with "$output"
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
    items.sort()
    seen.append(len(items))
    if len(seen) > 1000:
        raise RuntimeError("state is kept")
    return [x for x in items for y in range(20)]
"""
function = "work"
calls = [(([(i * 7919) % 1009 for i in range(600 + n)],), 1) for n in range(3)]
candidates = {"itself": source.replace("range(20)", "range(20, 40)")}'
	run bench_of "(m['decision'] == 'faster', m['caching'])" <s
	[ "$output" = "(False, False)" ] || fail_with "$output"
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
rows = list(csv.DictReader(open(sys.argv[2])))
per = collections.Counter((r["process"], r["round"], r["pass"], r["side"]) for r in rows)
print(m["seed"], len(per) == 3 * m["pairs"], set(per.values()), {r["side"] for r in rows} == {"original", "original again", "candidate"})
PY
	[ "$output" = "7 True {4} True" ] || fail_with "$output"
}

@test "cf-bench: the table for people fits a screen and is quiet with -q" {
	stream >s <<<"$SLOW"'candidates = {"fast": source.replace("if i not in total:", "if True:")}'
	run --separate-stderr cf-bench --budget 3 s
	[[ $stderr == *"work (app.py), exec/fast: faster"*"###"*"ratio"* ]] || fail_with "$stderr"
	[ "$(wc -l <<<"$stderr")" -le 24 ]
	run --separate-stderr cf-bench -q --budget 3 s
	[ -z "$stderr" ] || fail_with "$stderr"
}

@test "cf-bench: mistakes on the command line are one line and exit 2" {
	for args in "--confidence 2" "--cpus 1-" "--cpus zero" "--export-csv /nonexistent/x" "--shard 3/2" "--budget x"; do
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
