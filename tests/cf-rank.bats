#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-rank on traces whose times are ours to choose (fixtures/fake).

load helper
load fixtures/fake/helper

setup() {
	project
	use_fake
}

recorded() {
	program p.fake
	cf-trace -q p.fake >trace.jsonl
}

# main calls once (once a call) and often (250 times a call); often's own time is what main causes.
workflow() {
	recorded <<'PY'
names = ["main", "once", "often", "fib", "cold"]
for i, n in enumerate(names):
    f = s.function(n, 10 * i + 1)
    for k in range(3): s.call(f, b"%s %d" % (n.encode(), k), k + 1)
s.call(2, b"often 0", 9); s.call(2, b"often 0", 10)
s.count([4, 4, 1000, 50000, 4])
s.profile([(0, 10, 100_000_000, 1_000_000_000), (1, 30, 300_000_000, 300_000_000),
           (2, 40, 400_000_000, 400_000_000), (3, 20, 195_000_000, 195_000_000), (4, 1, 5_000_000, 5_000_000)])
s.edges([(OUTSIDE, 0, 1_000_000_000), (0, 1, 300_000_000), (0, 2, 400_000_000), (0, 3, 195_000_000), (3, 3, 190_000_000), (0, 4, 5_000_000)])
s.lines([(2, 23, 300), (2, 22, 500), (2, 21, 1)])
s.test("t::b", [2]); s.test("t::a", [2, 0])
s.close()
PY
}

@test "cf-rank: own time, and the time a function causes by calling often, decide" {
	workflow
	run --separate-stderr cf-rank trace.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(head -n1 <<<"$output")" = "$(cat trace.jsonl)" ]
	# main: 0.1 of its own, 0.4 * (1 - 1/250) caused in often; once is called once, fib calls itself
	[ "$(json target '(r["name"], r["potential_ns"], round(r["share"], 4))' <<<"$output")" = $'(\'main\', 498400000, 0.4984)\n(\'often\', 400000000, 0.4)\n(\'once\', 300000000, 0.3)\n(\'fib\', 195000000, 0.195)' ] || fail_with "$output"
	[ "$(json target '[(c["name"], c["ns"], c["calls_per_call"]) for c in r["why"]["callees"]]' <<<"$output" | head -n1)" = "[('often', 400000000, 250.0), ('once', 300000000, 1.0), ('fib', 195000000, None), ('cold', 5000000, 1.0)]" ]
	[[ "$stderr" == *"4 targets of 5 functions, 1 below --min-share"* ]]
}

@test "cf-rank: a target says where, how often, with what, and which tests reach it" {
	workflow
	run --separate-stderr cf-rank --function often trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json target '[r[k] for k in ("file", "name", "module", "kind", "class", "line", "end_line", "calls", "own_ns", "total_ns", "captured", "tests", "language", "project_root")]' <<<"$output")" = "['mod.py', 'often', 'mod', 'function', None, 21, 24, 1000, 400000000, 400000000, 3, ['t::a', 't::b'], 'fake', '$PROJECT']" ]
	[ "$(json target '[r["why"][k] for k in ("distinct", "sampled", "repetition", "covered", "sizes", "hot_lines")]' <<<"$output")" = "[3, 5, 0.995, 0.998, {'min': 7, 'median': 7, 'p90': 7, 'max': 7}, [{'line': 22, 'ns': 500}, {'line': 23, 'ns': 300}, {'line': 21, 'ns': 1}]]" ]
	[ "$(json target 'r["why"]["text"]' <<<"$output")" = "40.0% of the profiled time: 0.400 s of its own in 1000 calls; at least 99.5% of the calls had inputs that came before." ]
	want=$("$PYTHON" -c 'import hashlib; print(hashlib.sha256(b"mod.py\0often\0" + hashlib.sha256(b"often").hexdigest().encode()).hexdigest()[:16])')
	[ "$(json target 'r["id"]' <<<"$output")" = "$want" ]
}

@test "cf-rank: sums of hostile times and counts stop at the largest number" {
	workflow
	sqlite3 codeflash.trace 'UPDATE edge SET ns = 9223372036854775807; UPDATE profile SET own_ns = 9223372036854775807,
		total_ns = 9223372036854775807, calls = 9223372036854775807, samples = 9223372036854775807;
		UPDATE distribution SET repeated = -9223372036854775807, sampled = 9223372036854775807, size_max = 9223372036854775807;
		UPDATE call SET weight = 9223372036854775807, duration_ns = 9223372036854775807; UPDATE ledger SET n = 9223372036854775807'
	run --separate-stderr cf-rank --quiet codeflash.trace
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ -z "$stderr" ]
	[ "$(json target '0 < r["potential_ns"] <= 2 ** 63 - 1' <<<"$output" | sort -u)" = True ]
	[ "$(json trace 'r["calls"]' <<<"$output")" = 9223372036854775807 ]
}

@test "cf-rank: a trace with a view, a trigger or a virtual table is damaged" {
	for sql in 'DROP TABLE edge; CREATE VIEW edge(caller, callee, ns, calls) AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 1, 1, i, i FROM n' \
		'CREATE TRIGGER t AFTER INSERT ON call BEGIN DELETE FROM value; END' \
		'CREATE VIRTUAL TABLE edges USING fts5(x)'; do
		workflow
		sqlite3 codeflash.trace "$sql"
		for tool in cf-rank cf-replaygen; do
			run --separate-stderr timeout 20 $tool codeflash.trace
			[ "$status" -eq 2 ]
			[ -z "$output" ]
			one_line $tool codeflash.trace "is damaged"
		done
	done
}

@test "cf-rank: test code, what cannot be replayed and what was never captured are no targets, but counted" {
	recorded <<'PY'
a = s.function("a", 1); b = s.function("b", 2); c = s.function("c", 3, is_test=True); d = s.function("d", 4, replayable=False, reason="no")
for f in (a, c, d): s.call(f, b"x", 1)
s.count([1, 1, 1, 1]); s.profile([(f, 100, 1000, 1000) for f in (a, b, c, d)]); s.close()
PY
	run --separate-stderr cf-rank trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json target 'r["name"]' <<<"$output")" = a ]
	one_line cf-rank "1 target of 4 functions" "1 test code" "1 cannot be replayed" "1 never captured"
}

@test "cf-rank: --top, --min-share, --function" {
	workflow
	[ "$(cf-rank -q --top 2 trace.jsonl | json target 'r["name"]' | tr '\n' ' ')" = 'main often ' ]
	[ "$(cf-rank -q --min-share 0.35 trace.jsonl | json target 'r["name"]' | tr '\n' ' ')" = 'main often ' ]
	[ "$(cf-rank -q --min-share 0 trace.jsonl | json target 'r["name"]' | tail -n1)" = cold ]
	[ "$(cf-rank -q --function cold trace.jsonl | json target 'r["name"]')" = cold ]
	[ "$(cf-rank -q --function mod.py:cold trace.jsonl | json target 'r["name"]')" = cold ]
	[ -z "$(cf-rank -q --function other.py:cold trace.jsonl | json target 'r["name"]')" ]
	run cf-rank --top 0 trace.jsonl
	[ "$status" -eq 2 ]
}

@test "cf-rank: the shards together are the whole" {
	workflow
	cf-rank -q --min-share 0 trace.jsonl | grep '"cf/target/1"' | LC_ALL=C sort >whole
	for i in 1 2 3; do cf-rank -q --min-share 0 --shard $i/3 trace.jsonl | grep '"cf/target/1"' || true; done | LC_ALL=C sort >parts
	cmp whole parts
	for bad in 0/3 4/3 1 a/b 1/0 1/; do
		run --separate-stderr cf-rank --shard $bad trace.jsonl
		[ "$status" -eq 2 ]
		one_line cf-rank --shard
	done
}

@test "cf-rank: a run too short to sample still has targets, by what is known of them, and says so" {
	recorded <<'PY'
a = s.function("a", 1); b = s.function("b", 2); c = s.function("c", 3); d = s.function("d", 4); e = s.function("e", 5)
s.call(a, b"x", 1, duration=100); s.call(b, b"x", 1, duration=90); s.call(c, b"x" * 50, 1); s.call(d, b"x", 1); s.call(e, b"x", 1)
s.count([2, 3, 1, 10, 1]); s.profile([(e, 20, 10**6, 10**6)]); s.close()
PY
	run --separate-stderr cf-rank trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(json target '(r["name"], r["share"], r["potential_ns"], r["why"]["note"])' <<<"$output")" = $'(\'e\', 1.0, 1000000, \'too few samples\')\n(\'b\', 0.0, 270, \'too few samples\')\n(\'a\', 0.0, 200, \'too few samples\')\n(\'c\', 0.0, 0, \'too few samples\')\n(\'d\', 0.0, 0, \'too few samples\')' ] || fail_with "$output"
	one_line cf-rank "only 20 samples"
}

@test "cf-rank: other lines pass byte for byte, a trace is ranked once, several are each" {
	workflow
	mkdir two
	cp p.fake two/ && (cd two && cf-trace -q p.fake >trace.jsonl)
	{
		echo '{"schema":"cf/candidate/1",  "x":1.0}'
		cat trace.jsonl two/trace.jsonl trace.jsonl
		echo '{"other":true}'
	} >all.jsonl
	run --separate-stderr cf-rank -q - <all.jsonl
	[ "$status" -eq 0 ]
	[ "$(grep -c '"cf/target/1"' <<<"$output")" -eq 8 ]
	[ "$(grep -v '"cf/target/1"' <<<"$output")" = "$(cat all.jsonl)" ]
}

@test "cf-rank: a file that is no trace, a missing one, an older one and damaged ones are one line each" {
	workflow
	echo hello >not.trace
	record() { printf '{"schema":"cf/trace/1","trace":"%s","project_root":"%s"}\n' "$1" "$PROJECT"; }
	for bad in not.trace nosuch.trace /dev/null .; do
		run --separate-stderr cf-rank < <(record "$bad")
		[ "$status" -eq 2 ] || fail_with "$bad: $status"
		one_line cf-rank "$(basename "$bad")"
		[ "$output" = "$(record "$bad")" ]
	done
	cp codeflash.trace old.trace
	"$PYTHON" -c 'import sqlite3; d = sqlite3.connect("old.trace"); d.execute("pragma user_version=2"); d.commit()'
	run --separate-stderr cf-rank < <(record old.trace)
	[ "$status" -eq 2 ]
	one_line cf-rank "schema 2, this build reads 3; record it again with cf-trace"
	size=$(stat -c %s codeflash.trace)
	for keep in 50 100 4096 $((size / 2)) $((size - 1)); do
		head -c "$keep" codeflash.trace >cut.trace
		run --separate-stderr cf-rank < <(record cut.trace)
		[ "$status" -eq 2 ] || fail_with "$keep: $status"
		one_line cf-rank cut.trace
	done
	# the same size, but nonsense in it: an error or a result, never a crash
	for seed in 1 2 3 4 5 6 7 8; do
		"$PYTHON" - $seed <<'PY'
import random, sys
r = random.Random(int(sys.argv[1])); b = bytearray(open("codeflash.trace", "rb").read())
for _ in range(200): b[r.randrange(100, len(b))] = r.randrange(256)
open("bad.trace", "wb").write(b)
PY
		run --separate-stderr cf-rank -q < <(record bad.trace)
		[ "$status" -eq 2 ] || [ "$status" -eq 0 ] || fail_with "$seed: $status $stderr"
	done
}

@test "cf-rank: a table for people, only where asked or on a terminal" {
	workflow
	run --separate-stderr cf-rank --table trace.jsonl
	[[ "$stderr" == *"#   share      own"* && "$stderr" == *"mod.py:often"* ]]
	run --separate-stderr cf-rank trace.jsonl
	[[ "$stderr" != *"mod.py:often"* ]]
	run --separate-stderr cf-rank --quiet trace.jsonl
	[ -z "$stderr" ]
}

@test "cf-rank: --inputs says what the kept inputs are of those of all calls" {
	recorded <<'PY'
f = s.function("f", 1); g = s.function("g", 2)
# every tenth call of f: nine in ten of those alike, the others with inputs of their own
for i in range(200):
    s.call(f, b"x" * 100 if i % 10 else b"%04d" % i * (1 + 100 * i), 10 * i + 5)
for i in range(3): s.call(g, b"y" * 1500, i + 1)
s.count([2000, 3]); s.profile([(f, 60, 10**9, 10**9), (g, 40, 10**8, 10**8)]); s.close()
PY
	run --separate-stderr cf-rank --inputs trace.jsonl
	[ "$status" -eq 0 ]
	[ "$(sed -n '2,4p' <<<"$stderr")" = "   #       calls  sampled  inputs repeats  kept  covers   min half  90%  max   min half  90%  max  function
   1        2000      200      21   90.0%    21   91.0%    4B 100B 100B  76k    4B 100B 100B  76k  mod.py:f
   2           3        3       1   66.7%     1  100.0%  1.5k 1.5k 1.5k 1.5k  1.5k 1.5k 1.5k 1.5k  mod.py:g" ] || fail_with "$stderr"
	[ "$(json target '(r["captured"], r["why"]["distinct"], r["why"]["sampled"], r["why"]["repetition"], r["why"]["covered"])' <<<"$output")" = $'(21, 21, 200, 0.9, 0.9105)\n(1, 1, 3, 0.6666666666666666, 1.0)' ] || fail_with "$output"
	# a trace that holds nothing of it
	sqlite3 codeflash.trace 'DELETE FROM distribution'
	[ "$(cf-rank -q codeflash.trace | json target '(r["why"]["sampled"], r["why"]["repetition"], r["why"]["sizes"])' | sort -u)" = '(0, 0.0, None)' ]
}
