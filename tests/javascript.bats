#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# JavaScript through the stages: scripts that node runs, CommonJS and ESM.

load helper

setup() {
	command -v node >/dev/null || { [ -z "${CI:-}" ] && skip "node is not installed"; }
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
}

fixture() {
	project
	cp -R "$ROOT/tests/fixtures/javascript/$1/." .
}

sql() {
	sqlite3 codeflash.trace "$1"
}

@test "javascript: a CommonJS script's calls are counted exactly, captured, and timed, and it does what it did" {
	fixture cjs
	node main.js >plain.out
	cf-trace --quiet node main.js >trace.json
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "fib"')" = 242785 ]
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Account.pay"')" = 40 ]
	[ "$(sql 'SELECT count(*) > 0 FROM call c JOIN function f ON f.id = c.function WHERE qualname = "intersect"')" = 1 ]
	[ "$(sql 'SELECT count(*) FROM value WHERE codec <> "js-graph-1"')" = 0 ]
	[ "$(sql 'SELECT sum(own_ns) > 0 FROM profile')" = 1 ]
	sql 'SELECT qualname || "|" || kind FROM function ORDER BY file, line, id' >functions
	grep -qx 'Account.of|staticmethod' functions
	grep -qx 'Account.label|property' functions
	grep -qx 'twice|function' functions
	cf-rank <trace.json | head -n 3 | grep -q '"name":"intersect"'
}

@test "javascript: ESM with a cycle, top-level await, threads and children is recorded whole" {
	fixture esm
	run node main.js
	plain=$output
	[ "$status" -eq 3 ]
	cf-trace --quiet node main.js >trace.json 2>out || fail_with "$(cat out)"
	[ "$(cat out)" = "$plain" ] || fail_with "$(cat out)" "$plain"
	# in the program, in its thread and in its child
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "busy"')" = 3 ]
	[ "$(sql "SELECT ledger.reason FROM ledger JOIN function ON id = function WHERE qualname = 'Shape.area'")" = "an object with private fields" ]
	[ "$(sql 'SELECT exit_status FROM complete')" = 3 ]
}

@test "javascript: what ends without a word leaves its trace: counts, inputs and times" {
	project
	echo 'function f(x) { return x + 1 } let s = 0; for (;;) s = f(s);' >loop.js
	cf-trace --quiet --timeout 2 node loop.js >trace.json
	[ "$(sql 'SELECT calls > 100000 FROM profile JOIN function ON id = function WHERE qualname = "f"')" = 1 ]
	[ "$(sql 'SELECT count(*) > 10 FROM call')" = 1 ]
	[ "$(sql 'SELECT sum(samples) > 10 FROM profile')" = 1 ]
}

@test "javascript: what cannot be recorded is one line and a status" {
	project
	run --separate-stderr cf-trace node
	[ "$status" -eq 2 ]
	one_line cf-trace "nothing to run"
	run --separate-stderr cf-trace node gone.js
	[ "$status" -eq 2 ]
	one_line cf-trace "gone.js: no such file"
	run --separate-stderr cf-trace node -e 1
	[ "$status" -eq 2 ]
	one_line cf-trace "no script"
}

@test "javascript: replay tests run under node's runner, pass, and fail when the code does something else" {
	fixture cjs
	cf-trace --quiet node main.js 2>/dev/null | cf-replaygen --quiet >replay.jsonl
	[ "$(sql 'SELECT count(*) FROM outcome WHERE NOT stable')" = 0 ]
	[ "$(sql 'SELECT count(DISTINCT function) FROM outcome JOIN call c ON c.id = call')" -ge 9 ]
	node --test tests/ >out || fail_with "$(tail -n 30 out)"
	grep -q '^# fail 0' out
	sed -i 's/out.push(x)/out.unshift(x)/' lib.js
	run node --test tests/
	[ "$status" -eq 1 ]
	case $output in *'return[0]'*) ;; *) fail_with "$output" ;; esac
}

@test "javascript: every feature is recorded and replayed the same in every process" {
	fixture features
	cf-trace --quiet node main.js 2>/dev/null | cf-replaygen --quiet >replay.jsonl
	sql "SELECT qualname FROM function f WHERE f.kind NOT IN ('module', 'nested') AND file = 'lib.js' AND NOT EXISTS
		(SELECT * FROM outcome JOIN call c ON c.id = call WHERE c.function = f.id AND stable)" >left
	[ ! -s left ] || fail_with "$(cat left)" "$(sql 'SELECT * FROM ledger')" "$(tail -n 3 replay.jsonl)"
	node --test tests/ >out || fail_with "$(grep -A 12 '^not ok' out)"
	grep -qx "# pass $(sql 'SELECT count(*) FROM outcome')" out || fail_with "$(tail -n 12 out)"
}

@test "javascript: a right candidate is equivalent, a wrong one different, and the path says where" {
	fixture cjs
	cf-trace --quiet node main.js 2>/dev/null >trace.jsonl
	cf-replaygen --quiet <trace.jsonl | cf-rank --quiet | cf-suggest --quiet --from "exec:$ROOT/tests/fixtures/javascript/candidate.sh" >candidates.jsonl
	cf-verify --quiet <candidates.jsonl >verdicts.jsonl
	grep '"set"' verdicts.jsonl | grep -q '"answer":"equivalent"' || fail_with "$(cat verdicts.jsonl)"
	grep '"wrong"' verdicts.jsonl | grep -q '"answer":"different".*return\[0\]' || fail_with "$(cat verdicts.jsonl)"
}

@test "javascript: codeflash optimize ends with a measured gain and leaves the tree as it was" {
	fixture cjs
	cp lib.js before.js
	run codeflash optimize --no-pr --only-functions intersect node main.js
	[ "$status" -eq 0 ] || fail_with "$output"
	case $output in *"lib.intersect: "*"x faster"*) ;; *) fail_with "$output" ;; esac
	cmp lib.js before.js
	grep -q 'new Set(b)' .codeflash/patches/all.patch
}

@test "javascript: of the corpus no wrong rewrite is equivalent and every right one is" {
	fixture proof
	cf-trace --quiet node main.js 2>/dev/null | cf-replaygen --quiet | cf-rank --quiet |
		cf-suggest --quiet --from "exec:python3 $ROOT/tests/fixtures/javascript/proof/candidates.py" >candidates.jsonl
	[ "$(grep -c '"schema":"cf/candidate/1"' candidates.jsonl)" -ge 30 ] || fail_with "$(grep -c cf/candidate candidates.jsonl)"
	cf-verify --quiet <candidates.jsonl >verdicts.jsonl
	grep '"schema":"cf/candidate/1"' verdicts.jsonl >all.jsonl
	wrong=$(grep -v '"name":"[^"]*right-' all.jsonl | grep '"answer":"equivalent"' || true)
	[ -z "$wrong" ] || fail_with "$wrong"
	refused=$(grep '"name":"[^"]*right-' all.jsonl | grep -v '"answer":"equivalent"' || true)
	[ -z "$refused" ] || fail_with "$refused"
}

@test "javascript: TypeScript is recorded under the project's loader, and replayed and judged in plain node" {
	fixture ts
	TYPESCRIPT=$(dirname "$(command -v cf-trace)")/../libexec/plugins/javascript/node_modules/typescript
	export TYPESCRIPT
	node --require ./register.cjs main.ts >plain.out
	cf-trace --quiet node --require ./register.cjs main.ts 2>out >trace.json || fail_with "$(cat out)"
	[ "$(cat out)" = "$(cat plain.out)" ] || fail_with "$(cat out)"
	unset TYPESCRIPT
	# of the text as it was written
	[ "$(sql 'SELECT line || "-" || end_line FROM function WHERE qualname = "groups"')" = 8-14 ]
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Account.pay"')" = 31 ]
	cf-replaygen --quiet <trace.json >replay.jsonl
	sql "SELECT qualname FROM function f WHERE f.kind NOT IN ('module', 'nested') AND file LIKE '%.ts' AND NOT EXISTS
		(SELECT * FROM outcome JOIN call c ON c.id = call WHERE c.function = f.id AND stable)" >left
	[ ! -s left ] || fail_with "$(cat left)" "$(cat replay.jsonl)"
	node --test tests/src_index_replay_test_*.cjs tests/src_account_replay_test_*.cjs >out || fail_with "$(grep -A 12 '^not ok' out)"
	cf-rank --quiet --min-share 0 --top 100 <trace.json | cf-suggest --quiet --from "exec:$PWD/candidate.sh" | cf-verify --quiet >verdicts.jsonl
	grep '"set"' verdicts.jsonl | grep -q '"answer":"equivalent"' || fail_with "$(cat verdicts.jsonl)"
	grep '"wrong"' verdicts.jsonl | grep -q '"answer":"different".*return\[0\]' || fail_with "$(cat verdicts.jsonl)"
}
