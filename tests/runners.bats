#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# JavaScript's test runners through the stages: what they load is recorded, and nothing else about them changes.

load helper

setup() {
	command -v node >/dev/null || { [ -z "${CI:-}" ] && skip "node is not installed"; }
	# what they print is read here: some have colours where CI is set
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache NO_COLOR=1 FORCE_COLOR=0
}

# sample name [package=version]: a copy of the sample with what its package.json asks for, installed once.
sample() {
	local key folder manifest=$ROOT/tests/fixtures/javascript/$1/package.json
	project
	cp -R "$ROOT/tests/fixtures/javascript/$1/." .
	[ $# -lt 2 ] || sed -i "s/\"${2%%=*}\": \"[^\"]*\"/\"${2%%=*}\": \"${2#*=}\"/" package.json
	grep -q devDependencies package.json || return 0
	key=$(sha256sum package.json | cut -c 1-16)
	folder=${O:-$ROOT/build}/js-fixtures/$key
	if [ ! -e "$folder/.done" ]; then
		mkdir -p "$folder"
		cp package.json "$folder"
		if ! (cd "$folder" && npm install --no-audit --no-fund --no-package-lock --prefer-offline >npm.log 2>&1 && : >.done); then
			[ -z "${CI:-}" ] || fail_with "npm cannot install $manifest" "$(tail -n 5 "$folder/npm.log")"
			skip "npm cannot install $manifest"
		fi
	fi
	cp -al "$folder/node_modules" . 2>/dev/null || cp -R "$folder/node_modules" .
}

sql() {
	sqlite3 codeflash.trace "$1"
}

# Calls of each function of the project's own, the tests left out, as lines `name|calls`.
counted() {
	sql "SELECT qualname || '|' || sum(calls) FROM profile JOIN function ON id = function
		WHERE NOT is_test AND kind <> 'module' AND file NOT LIKE '%config%' GROUP BY qualname ORDER BY qualname"
}

# same file command…: the command has the outcome it has untraced: what it wrote to the file, and its status.
# What says how a test went is a line of words that $verdicts picks.
same() {
	local file=$1 plain=0
	shift
	"$@" >out 2>&1 || plain=$?
	$verdicts "$file" >plain.txt
	[ -s plain.txt ] || fail_with "$(cat out)"
	rm -f "$file"
	cf-trace --quiet "$@" >trace.json 2>out || fail_with "$(cat out)"
	$verdicts "$file" >traced.txt
	cmp plain.txt traced.txt || fail_with "$(diff plain.txt traced.txt)" "$(cat out)"
	[ "$(sql 'SELECT exit_status FROM complete')" = "$plain" ]
}

# Of the JSON that Jest and Vitest write.
jest_verdicts() {
	node -e '
for (const s of JSON.parse(fs.readFileSync(process.argv[1], "utf8")).testResults)
	for (const t of s.assertionResults) console.log(`${t.status} ${t.fullName}`);' "$1" | sort
}

mocha_verdicts() {
	node -e '
for (const t of JSON.parse(fs.readFileSync(process.argv[1], "utf8")).tests) console.log(`${Object.keys(t.err).length} ${t.fullTitle}`);' "$1"
}

node_verdicts() {
	sed -n 's/^ *\(not \)\{0,1\}ok [0-9]* - \(.*\)/\1\2/p' "$1" | sort
}

@test "runners: node --test is recorded a process a file, npm test what it starts" {
	sample node-test
	printf '%s\n' 'Account.constructor|1' 'Account.greet|1' 'intersect|21' >expected
	verdicts=node_verdicts same tap.out node --test --test-reporter tap --test-reporter-destination tap.out
	[ "$(sql 'SELECT exit_status FROM complete')" = 1 ]
	counted | diff - expected
	verdicts=node_verdicts same tap.out npm test
	counted | diff - expected
	cf-replaygen --quiet <trace.json >replay.jsonl
	node --test test/lib_replay_test_0.test.cjs >out || fail_with "$(cat out)"
	[ "$(node_verdicts out | grep -c .)" -eq 4 ] || fail_with "$(cat out)"
}

@test "runners: Mocha's tests are recorded, and those that replay run under it" {
	sample mocha
	verdicts=mocha_verdicts same out.json npx mocha --reporter json --reporter-option output=out.json
	printf '%s\n' 'Account.constructor|1' 'Account.greet|1' 'intersect|21' >expected
	counted | diff - expected
	cf-replaygen --quiet <trace.json >replay.jsonl
	node_modules/.bin/mocha test/*_replay_test_* >out || fail_with "$(cat out)"
	sed -i 's/out.push(x)/out.unshift(x)/' lib.js
	run node_modules/.bin/mocha test/*_replay_test_*
	[ "$status" -eq 1 ]
	case $output in *'return[0]'*) ;; *) fail_with "$output" ;; esac
}

# With ts-jest, which checks the types of the text that it is given, and babel-jest; a mock, a spy, a clock.
jest_recorded() {
	verdicts=jest_verdicts same out.json npx jest --json --outputFile out.json "$@"
	printf '%s\n' 'Account.constructor|1' 'Account.pay|1' 'Box.area|1' 'Box.constructor|2' 'areas|1' 'ids|1' \
		'intersect|20' 'isBox|1' 'later|1' 'total|3' >expected
	counted | LC_ALL=C sort | diff - expected
	[ "$(sql "SELECT sum(calls) FROM profile JOIN function ON id = function WHERE kind = 'module' AND file = 'src/lib.js'")" = 2 ]
	# what is of the realm of Jest's is known for what it is
	sql "SELECT f.qualname FROM function f JOIN profile p ON p.function = f.id WHERE f.kind <> 'module' AND f.qualname <> 'later'
		AND NOT EXISTS (SELECT * FROM call WHERE function = f.id)" >left
	[ ! -s left ] || fail_with "$(cat left)" "$(sql 'SELECT * FROM ledger')"
}

@test "runners: Jest's tests pass and fail as they do, and what they call is recorded exactly" {
	sample jest
	jest_recorded
	cf-replaygen --quiet <trace.json >replay.jsonl
	node_modules/.bin/jest tests >out 2>&1 || fail_with "$(cat out)"
	grep -q 'Tests: *12 passed, 12 total' out || fail_with "$(cat out)"
	# they are no part of what is recorded
	cf-trace --quiet --output again.trace npx jest -i >trace.json 2>out
	grep -q '12 skipped' out || fail_with "$(cat out)"
	sed -i 's/out.push(x)/out.unshift(x)/' src/lib.js
	run node_modules/.bin/jest tests
	[ "$status" -eq 1 ]
	case $output in *'return[0]'*) ;; *) fail_with "$output" ;; esac
}

@test "runners: Jest counts what it covers as it does untraced" {
	sample jest
	npx jest -i --coverage --coverageReporters json-summary --coverageDirectory plain >out 2>&1 || :
	cf-trace --quiet npx jest -i --coverage --coverageReporters json-summary --coverageDirectory traced >trace.json 2>out
	diff plain/coverage-summary.json traced/coverage-summary.json || fail_with "$(cat out)"
}

@test "runners: Vitest's tests are recorded in processes, threads, and contexts" {
	sample vitest
	printf '%s\n' 'Account.constructor|2' 'Account.pay|2' 'areas|1' 'intersect|20' 'rate|1' >expected
	for pool in forks threads vmThreads; do
		verdicts=jest_verdicts same out.json npx vitest run --pool $pool --reporter json --outputFile out.json
		counted | LC_ALL=C sort | diff - expected || fail_with "$pool"
		[ "$(sql 'SELECT count(DISTINCT function) FROM call')" = 5 ] || fail_with "$pool" "$(sql 'SELECT * FROM ledger')"
	done
	cf-replaygen --quiet <trace.json >replay.jsonl
	node_modules/.bin/vitest run tests >out 2>&1 || fail_with "$(cat out)"
	grep -q 'Tests *7 passed' out || fail_with "$(cat out)"
}

# measured runner: of the candidates for intersect() the right one is equivalent and faster, the wrong one different.
measured() {
	codeflash optimize --quiet --trace-only --only-functions intersect "--$1" >out 2>&1 || fail_with "$(cat out)"
	cf-rank --quiet --min-share 0 .codeflash/run-*/02-replay.jsonl |
		cf-suggest --quiet --from "exec:$ROOT/tests/fixtures/javascript/runner_candidate.sh" | cf-verify --quiet | cf-bench --quiet >measured.jsonl
	grep '"set"' measured.jsonl | grep -q '"decision":"faster"' || fail_with "$(cat measured.jsonl)"
	grep '"wrong"' measured.jsonl | grep -q '"answer":"different".*return\[0\]' || fail_with "$(cat measured.jsonl)"
}

@test "runners: codeflash optimize --jest ends with a candidate that is right and faster" {
	sample jest
	measured jest
}

@test "runners: codeflash optimize --vitest ends with a candidate that is right and faster, in TypeScript" {
	sample vitest
	measured vitest
}

@test "runners: one that is not installed is one line and a status" {
	project
	run --separate-stderr codeflash optimize --jest
	[ "$status" -eq 4 ]
	one_line codeflash "jest is not installed"
}

@test "runners: what Jest's mocks keep from being recorded is in the ledger" {
	sample jest
	printf '%s\n' "jest.mock('./rate');" 'function faked(x) { return x; }' 'module.exports = {faked};' >src/faked.js
	printf '%s\n' "const {faked} = require('./faked');" "test('faked', () => { expect(faked(1)).toBe(1); });" >src/faked.test.js
	cf-trace --quiet npx jest src/faked.test.js >trace.json 2>out || fail_with "$(cat out)"
	sql 'SELECT reason FROM ledger' | grep -q 'jest.mock.*src/faked.js' || fail_with "$(sql 'SELECT * FROM ledger')" "$(cat out)"
}
