#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-replaygen, with a plugin whose values say what the call does (fixtures/fake): "die" kills the
# worker, "hang" hangs, "seed" returns the seed, "skip" cannot be judged, "raise" raises.

load helper
load fixtures/fake/helper

setup() {
	project
	use_fake
}

# Records one function f in mod.py, and whatever stdin adds, with the values given.
recorded() {
	{
		echo 'f = s.function("f")'
		for value; do echo "s.call(f, $value, 1 + len('$value'))"; done
		cat
		echo 's.count([1000]); s.close()'
	} | program p.fake
	cf-trace -q p.fake >trace.jsonl
}

left() {
	find . -type f -newer p.fake ! -name 'trace.jsonl' ! -name codeflash.trace | LC_ALL=C sort
}

@test "cf-replaygen: outcomes of two runs are stored, the unstable ones with what differed" {
	recorded 'b"a"' 'b"seed"' 'b"raise x"' </dev/null
	run --separate-stderr cf-replaygen trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(head -n1 <<<"$output")" = "$(cat trace.jsonl)" ]
	[ "$(json replay '(r["file"], r["module"], r["source"], r["functions"], r["dropped"], r["project_root"])' <<<"$output")" = "('tests/test_replay_test_0.txt', 'mod', 'mod.py', [{'function': 1, 'name': 'f', 'calls': 3, 'stable': 2}], [], '$PROJECT')" ]
	[ "$(q 'SELECT stable, input, mask FROM outcome ORDER BY call')" = $'1|f(\'a\')|None\n0|f(\'seed\')|["return"]\n1|f(\'raise x\')|None' ]
	"$PYTHON" -c 'import sqlite3, zlib
for (data,) in sqlite3.connect("codeflash.trace").execute("SELECT data FROM outcome"): assert b"cf/outcome/1" in zlib.decompress(data)'
	[ "$(tail -n +3 tests/test_replay_test_0.txt)" = $'f 1 return True\nf 2 return False\nf 3 raise True' ]
	[[ "$stderr" == *"3 calls of 1 function replayed by 1 test file"* && "$stderr" == *"1 of them"* ]]
}

@test "cf-replaygen: what cannot be replayed is dropped with its reason, the rest is not" {
	recorded 'b"a"' 'b"die"' 'b"skip it"' 'b"last one"' <<'PY'
g = s.function("broken", 20, file=os.path.abspath("sub/b.py"), module="sub.b"); s.call(g, b"q", 1)
t = s.function("test_x", 30, is_test=True); s.call(t, b"q", 1)
n = s.function("gen", 40, replayable=False, reason="its argument is a generator"); s.call(n, b"q", 1)
l = s.function("lost", 50); s.loss(l, "cannot pickle 'socket' object", 3)
PY
	run --separate-stderr cf-replaygen trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json replay '[(d["name"], d["reason"], d["calls"]) for d in r["dropped"]]' <<<"$output")" = "[('broken', 'cannot import sub.b', 1)]"$'\n'"[('f', 'killed by signal 9 (Killed)', 1), ('f', 'a socket cannot be replayed', 1), ('test_x', 'test code', 1), ('gen', 'its argument is a generator', 1), ('lost', \"cannot pickle 'socket' object\", 3)]" ] || fail_with "$output"
	[ "$(json replay 'r["functions"]' <<<"$output")" = "[]"$'\n'"[{'function': 1, 'name': 'f', 'calls': 2, 'stable': 2}]" ]
	[ "$(q 'SELECT count(*) FROM outcome')" = 2 ]
	for reason in 'killed by signal 9' 'a socket' 'test code' 'cannot import sub.b' 'is a generator'; do
		[[ "$stderr" == *"$reason"* ]] || fail_with "no '$reason' in $stderr"
	done
}

@test "cf-replaygen: what the budget has no time for is dropped by that reason" {
	recorded 'b"a"' 'b"b"' </dev/null
	run --separate-stderr cf-replaygen --budget 0.000001 trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json replay '(r["file"], r["functions"], [(d["name"], d["reason"], d["calls"]) for d in r["dropped"]])' <<<"$output")" = "(None, [], [('f', 'the budget was spent', 2)])" ] || fail_with "$output"
	[ "$(q 'SELECT count(*) FROM outcome')" = 0 ]
	run --separate-stderr cf-replaygen --budget 1000 trace.jsonl
	[ "$(q 'SELECT count(*) FROM outcome')" = 2 ]
}

@test "cf-replaygen: a crash costs one call of one function, though a worker has several" {
	recorded 'b"a"' 'b"die"' 'b"b"' <<'PY'
for name in "ghi":
    g = s.function(name, 20 + ord(name))
    for n, v in enumerate((b"one", b"die", b"two", b"seed")): s.call(g, v + name.encode(), 1 + n)
PY
	for jobs in 1 4; do
		run --separate-stderr cf-replaygen -q --jobs "$jobs" trace.jsonl
		[ "$status" -eq 0 ] || fail_with "$stderr"
		[ "$(json replay '[(f["name"], f["calls"], f["stable"]) for f in r["functions"]]' <<<"$output")" = "[('f', 2, 2), ('g', 3, 2), ('h', 3, 2), ('i', 3, 2)]" ] || fail_with "$output"
		[ "$(json replay '[(d["name"], d["reason"], d["calls"]) for d in r["dropped"]]' <<<"$output")" = "[('f', 'killed by signal 9 (Killed)', 1), ('g', 'killed by signal 9 (Killed)', 1), ('h', 'killed by signal 9 (Killed)', 1), ('i', 'killed by signal 9 (Killed)', 1)]" ] || fail_with "$output"
	done
}

@test "cf-replaygen: two processes do for a module, however many functions it has" {
	cat >m.py <<'PY'
import os
with open(os.environ["IMPORTS"], "a") as f: print(os.getpid(), file=f)
seen = []
def first(x): seen.append(x); return list(seen)
def second(x): seen.append(x); return list(seen)
def third(x): return x / 0
class C:
    def m(self, x): return x
PY
	echo 'import m
for i in range(3): m.first(i); m.second(i); m.C().m(i)
try: m.third(1)
except ZeroDivisionError: pass' >script.py
	unset CODEFLASH_PLUGINS
	export IMPORTS=$PROJECT/imports
	cf-trace -q -o py.trace "$PYTHON" script.py >trace.jsonl
	rm imports
	run --separate-stderr cf-replaygen -q --no-sandbox --jobs 1 trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(json replay 'sum(f["calls"] for f in r["functions"])' <<<"$output")" = 10 ] || fail_with "$output"
	[ "$(sort -u imports | wc -l)" -eq 2 ] || fail_with "$(cat imports)"
	# each function found the module as it was imported
	CODEFLASH_ALLOW=writes run "$PYTHON" -m pytest -q -p no:cacheprovider tests
	[[ "$output" == *"10 passed"* ]] || fail_with "$output"
}

@test "cf-replaygen: inputs that pickle refuses or would make anew as something else" {
	unset CODEFLASH_PLUGINS
	cat >script.py <<'PY'
import sys, threading, functools
from collections import namedtuple
class Version(int):
    def __new__(cls, text): return super().__new__(cls, int("".join(text.split("."))))
class Name(str):
    def __new__(cls, a, b): 
        o = super().__new__(cls, a + b); o.a = a; return o
class P(tuple):
    def __new__(cls, x, y): return super().__new__(cls, (x, y))
class L(list):
    def __new__(cls, n): 
        return super().__new__(cls)
    def __init__(self, n): self.extend(range(n))
class O:
    __slots__ = ("v",)
    def __new__(cls, v):
        o = object.__new__(cls); o.v = v; return o
class Err(ValueError):
    def __init__(self, code, msg): super().__init__(f"{code}: {msg}"); self.code = code
import re, weakref
class NS:
    def __init__(self, **k): self.__a = k
    def __getattribute__(self, n):
        if n in ("_NS__a", "__class__"): return object.__getattribute__(self, n)
        try: return self.__a[n]
        except KeyError: raise AttributeError(n)
class Lazy:
    def __init__(self): self.target = {"q": 1}
    def __getattr__(self, n): return self.target[n]
class Node:
    def __init__(self, p=None): self.p = weakref.ref(p) if p else None; self.kids = []
def up(n): return n.p() is not None
def grp(m): return m.group(0), m.span()
NT = namedtuple("Other", "a b")
Dyn = type("dyn", (), {"m": 1})
class Ctx:
    def __init__(self): self.mpf = type("mpf", (object,), {"__eq__": lambda a, b: type(a) is type(b)})
ctx = Ctx()
def make(n):
    def inner(x, d=[1]): return x + n if x else inner(x + 1)
    return inner
def use(*a, **k): return repr(len(a))
def call(f, x): return f(x)
def writes(out, x): out.write("%s\n" % x)
if __name__ == "__main__":
    use(Version("1.2.3")); use(Name("a", "b"), P(1, 2)); use(L(3), O(5)); use(Err(1, "x")); use(NT(1, 2)); use(Dyn()); use(ctx.mpf())
    use(sys, functools.partial(make, 1))
    print(call(lambda v: v * 2, 4), call(make(3), 0)); writes(sys.stdout, 1)
    use(NS(a=1)); use(Lazy()); use(Lazy().q)
    top = Node(); top.kids.append(Node(top)); print(up(top.kids[0])); use(top)
    for m in re.finditer(r"(?<=a)b+", "abb cab"): print(grp(m))
PY
	cf-trace -q -o py.trace "$PYTHON" script.py >trace.jsonl
	[ "$(q "SELECT count(*) FROM ledger JOIN function f ON f.id = function WHERE f.qualname IN ('use', 'call', 'writes', 'up', 'grp')" py.trace)" = 0 ]
	run --separate-stderr cf-replaygen -q trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	run "$PYTHON" -m pytest -q -p no:cacheprovider tests
	[[ "$output" == *" passed"* && "$output" != *failed* ]] || fail_with "$output"
	for shown in 'use(Version(123))' "use(Name('ab'), P(1, 2))" 'use(L(0, 1, 2), <O>)' 'use(<Err code=1>)' 'call(<lambda>, 4)' 'up(<Node'; do
		grep -qF "# $shown" tests/*.py || fail_with "no $shown"
	done
}

@test "cf-replaygen: a call that hangs is dropped after --call-timeout" {
	recorded 'b"a"' 'b"hang"' 'b"after"' </dev/null
	SECONDS=0
	run --separate-stderr cf-replaygen --call-timeout 0.5 trace.jsonl
	[ "$SECONDS" -lt 20 ]
	[ "$status" -eq 0 ]
	[ "$(json replay '(r["functions"][0]["calls"], r["dropped"][0]["reason"])' <<<"$output")" = "(2, 'did not return within 0.5 s')" ]
	[ -z "$(running_here)" ]
}

@test "cf-replaygen: with nothing to replay there is no file, and a line that says so" {
	recorded 'b"die"' </dev/null
	run --separate-stderr cf-replaygen --quiet trace.jsonl
	[ "$status" -eq 0 ]
	one_line cf-replaygen codeflash.trace "no test file"
	[ "$(head -n 1 <<<"$output")" = "$(cat trace.jsonl)" ]
	[ "$(json replay '(r["file"], r["functions"], len(r["dropped"]))' <<<"$output")" = "(None, [], 1)" ]
	[ -z "$(left)" ]
}

@test "cf-replaygen: other people's files are left alone, its own of the same trace are replaced" {
	recorded 'b"a"' <<'PY'
g = s.function("g", 1, file=os.path.abspath("sub/b.py"), module="sub.b"); s.call(g, b"q", 1)
PY
	mkdir tests
	echo mine >tests/test_replay_test_0.txt
	printf '# codeflash replay test\n# trace: ../other.trace\n' >tests/test_replay_test_2.txt
	printf '# codeflash replay test\n# trace: ../codeflash.trace\nold\n' >tests/test_replay_test_1.txt
	printf '# codeflash replay test\n# trace: ../codeflash.trace\nold\n' >tests/test_stale.txt
	ln -s /etc/passwd tests/link.txt
	run --separate-stderr cf-replaygen trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(json replay 'r["file"]' <<<"$output")" = $'tests/test_replay_test_3.txt\ntests/test_replay_test_4.txt' ]
	[ "$(cat tests/test_replay_test_0.txt)" = mine ]
	[ "$(ls tests | tr '\n' ' ')" = 'link.txt test_replay_test_0.txt test_replay_test_2.txt test_replay_test_3.txt test_replay_test_4.txt ' ] || fail_with "$(ls tests)"
	# again: the same files, not new ones
	run --separate-stderr cf-replaygen trace.jsonl
	[ "$(json replay 'r["file"]' <<<"$output")" = $'tests/test_replay_test_3.txt\ntests/test_replay_test_4.txt' ]
	[ "$(find tests -type f | wc -l)" -eq 4 ]
}

@test "cf-replaygen: a plugin cannot make it write outside of the tests" {
	recorded 'b"a"' </dev/null
	for path in ../evil.txt /tmp/evil.txt tests/../mod.py tests; do
		FAKE_PATH=$path run --separate-stderr cf-replaygen -q trace.jsonl
		[ "$status" -eq 2 ] || fail_with "$path: $status"
		one_line cf-replaygen "outside of $PROJECT/tests"
		[ -z "$(left)" ]
	done
}

@test "cf-replaygen: lines of other kinds pass through, a trace is done once, garbage is named" {
	recorded 'b"a"' </dev/null
	{
		echo '{"schema":"cf/other/1", "x":  1.50}'
		cat trace.jsonl trace.jsonl
		echo garbage
		echo '{"schema":"cf/trace/1","trace":"nosuch","project_root":"'"$PROJECT"'"}'
	} >all.jsonl
	run --separate-stderr cf-replaygen -q all.jsonl
	[ "$status" -eq 2 ]
	[ "$(grep -c '"cf/replay/1"' <<<"$output")" -eq 1 ]
	[ "$(grep -c '"cf/trace/1"' <<<"$output")" -eq 3 ]
	grep -qxF '{"schema":"cf/other/1", "x":  1.50}' <<<"$output"
	grep -qxF garbage <<<"$output"
	[[ "$stderr" == *"all.jsonl:4:"* && "$stderr" == *nosuch* ]]
}

@test "cf-replaygen: a trace itself will do as an operand" {
	recorded 'b"a"' </dev/null
	run --separate-stderr cf-replaygen -q codeflash.trace
	[ "$status" -eq 0 ]
	[ "$(head -n1 <<<"$output")" = "$(cat trace.jsonl)" ]
	[ "$(grep -c '"cf/replay/1"' <<<"$output")" -eq 1 ]
}

@test "cf-replaygen: --tests-root, --max-calls and --jobs" {
	recorded 'b"a"' 'b"bb"' 'b"ccc"' 'b"dddd"' 'b"eeeee"' 'b"ffffff"' </dev/null
	run --separate-stderr cf-replaygen -q --tests-root 'my tests/deep' --max-calls 3 --jobs 1 trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json replay '(r["file"], r["functions"][0]["calls"])' <<<"$output")" = "('my tests/deep/test_replay_test_0.txt', 3)" ]
	[ "$(q 'SELECT seq FROM outcome JOIN call ON call.id = outcome.call ORDER BY 1' | tr '\n' ' ')" = '5 7 9 ' ]
	# a second run with all of them leaves none of the first's behind
	run --separate-stderr cf-replaygen -q --jobs 7 trace.jsonl
	[ "$(q 'SELECT count(*) FROM outcome')" = 6 ]
}

@test "cf-replaygen: what most calls had is replayed, however few are" {
	recorded 'b"a"' 'b"bb"' 'b"bb"' 'b"ccc"' 'b"dddd"' 'b"dddd"' 'b"dddd"' 'b"eeeee"' </dev/null
	for max in 1:8 2:5,8 3:5,7,8 5:5,6,7,8,9; do
		cf-replaygen -q --max-calls "${max%:*}" trace.jsonl >/dev/null
		[ "$(q 'SELECT group_concat(seq) FROM (SELECT seq FROM outcome JOIN call ON call.id = outcome.call ORDER BY 1)')" = "${max#*:}" ] ||
			fail_with "$max: $(q 'SELECT seq, weight, seen FROM outcome JOIN call ON call.id = outcome.call')"
	done
}

@test "cf-replaygen: no plugin, no interpreter, a trace that cannot be written" {
	recorded 'b"a"' </dev/null
	CODEFLASH_PLUGINS=/nowhere run --separate-stderr cf-replaygen trace.jsonl
	[ "$status" -eq 4 ]
	one_line cf-replaygen fake
	"$PYTHON" -c 'import sqlite3; d = sqlite3.connect("codeflash.trace"); d.execute("update meta set value = ? where key = ?", ("\"/gone/python\"", "runtime")); d.commit()'
	run --separate-stderr cf-replaygen trace.jsonl
	[ "$status" -eq 4 ]
	one_line cf-replaygen /gone/python
	[ -z "$(left)" ]
	if [ "$(id -u)" -eq 0 ]; then
		run --separate-stderr unshare -m sh -c 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && cf-replaygen trace.jsonl'
		[ "$status" -eq 2 ]
		one_line cf-replaygen codeflash.trace
	fi
}

@test "cf-replaygen: --no-sandbox is loud" {
	recorded 'b"a"' </dev/null
	run --separate-stderr cf-replaygen --quiet --no-sandbox trace.jsonl
	[ "$status" -eq 0 ]
	one_line cf-replaygen "no isolation at all"
}

@test "cf-replaygen: when it is killed nothing goes on, and the trace is whole" {
	recorded 'b"a"' 'b"hang"' <<'PY'
for k in range(30):
    g = s.function("g%d" % k, 100 + k, file=os.path.abspath("g.py"), module="g"); s.call(g, b"x", 1)
PY
	for sig in TERM KILL; do
		cf-replaygen --jobs 2 --call-timeout 60 trace.jsonl >/dev/null 2>&1 &
		pid=$!
		wait_for '[ "$(q "SELECT count(*) > 5 FROM outcome")" = 1 ]'
		wait_for '[[ "$(running_here)" == *python3* ]]'
		kill -s $sig $pid
		wait $pid || true
		wait_for '[ -z "$(running_here)" ]'
		[ "$(q 'PRAGMA integrity_check')" = ok ]
	done
	[ -z "$(left)" ]
	run cf-rank -q codeflash.trace
	[ "$status" -eq 0 ]
}

@test "cf-replaygen: names with spaces, quotes, newlines and shell metacharacters" {
	project $'pro ject\'s "dir"; $(touch pwned) `x` & *\nnewline'
	recorded 'b"a"' <<'PY'
g = s.function("g'\"\n$(touch pwned)", 7, file=os.path.abspath("m\n'$(touch pwned)\".py"), module="m 'x\"\n"); s.call(g, b"x", 1)
PY
	run --separate-stderr cf-replaygen --tests-root $'t\'e "s\nts' trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(grep -c '"cf/replay/1"' <<<"$output")" -eq 2 ]
	[ "$(find . -name 'test_replay_test_*' -printf x)" = xx ]
	[ ! -e pwned ]
}

@test "cf-replaygen: a wrapper that bears the name of what it wraps is taken along by its code" {
	cat >wrapped.py <<'PY'
import functools
import statistics


def known(function):
    @functools.wraps(function)
    def some(values):
        return function([v for v in values if v is not None])

    return some


TABLE = {"mean": known(statistics.fmean)}


def apply(table, values):
    return table["mean"](values), table["mean"].__module__


print(apply(TABLE, [1, None, 3]))
PY
	run --separate-stderr cf-trace wrapped.py
	[ "$(sqlite3 codeflash.trace "SELECT count(*) FROM call JOIN function f ON f.id = function WHERE qualname = 'apply'")" = 1 ] || fail_with "$stderr"
	run --separate-stderr cf-replaygen codeflash.trace
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(sqlite3 codeflash.trace "SELECT stable FROM outcome JOIN call c ON c.id = call JOIN function f ON f.id = c.function WHERE qualname = 'apply'")" = 1 ]
	"$PYTHON" -m pytest -q -p no:cacheprovider tests >out || fail_with "$(cat out)"
}
