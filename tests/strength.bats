#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What "equivalent" is worth: mutants of the original, judged like candidates.

load helper

# on the recorded calls: derived inputs would tell apart what is to survive here
cf-verify() { command cf-verify --derived 0 "$@"; }

setup_file() {
	export WORK="$BATS_FILE_TMPDIR/proj"
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	touch pyproject.toml
	cat >app.py <<'PY'
def good(n):
    if n < 10:
        return "low"
    return "high" + str(n)


def poor(n):
    if n < 10:
        return "low"
    return "high" + str(n)


def climb(n):
    i = 0
    while i < n:
        i += 1
    return i


def grow(n):
    rows = []
    while len(rows) < n:
        rows.append(rows[-1:])
    return len(rows)


def plain():
    pass


key = lambda x: (x, 1)


for n in (3, 9, 10, 40):
    good(n)
poor(3)
for n in (5, 0, -5):
    climb(n)
grow(7)
grow(0)
plain()
sorted([3, 1, 2], key=key)
PY
	cf-trace -q app.py | cf-rank -q >"$BATS_FILE_TMPDIR/ranked.jsonl"
}

setup() {
	cd "$WORK" || return 1
	RANKED="$BATS_FILE_TMPDIR/ranked.jsonl"
}

candidate() { # function old new
	"$PYTHON" "$BATS_TEST_DIRNAME/fixtures/verify/candidate.py" "$RANKED" "$@"
}

# A right candidate for the function.
right() {
	candidate "$1" "def $1(" "# the same
def $1("
}

# All of a function's mutants.
mutants() {
	cf-verify --list-mutants "$RANKED" | grep '"origin":"mutant/' | grep "\"name\":\"$1\""
}

verdict() { # expression in v
	json candidate "(lambda v: ($1))(r['verdict'])"
}

# Counts what is judged: a plugin whose `scope`, asked once a candidate and outside the sandbox, leaves a mark.
counted() {
	local plugin=$BATS_TEST_TMPDIR/plugins/python
	mkdir -p "${plugin%/*}"
	cp -r "${O:-$ROOT/build}/libexec/plugins/python" "$plugin"
	"$PYTHON" - "$plugin/plugin.json" "$BATS_TEST_TMPDIR/marks" <<'PY'
import json, sys
path, marks = sys.argv[1:]
with open(path) as f:
    manifest = json.load(f)
scope = manifest["verbs"]["scope"]
manifest["verbs"]["scope"] = ["sh", "-c", 'echo >>"$0"; exec "$@"', marks, *scope]
with open(path, "w") as f:
    json.dump(manifest, f)
PY
	export CODEFLASH_PLUGINS=${plugin%/*}
	: >"$BATS_TEST_TMPDIR/marks"
}

marks() {
	wc -l <"$BATS_TEST_TMPDIR/marks"
}

@test "strength: inputs on both sides of every border tell all mutants apart" {
	run --separate-stderr cf-verify <<<"$(right good)"
	[ "$status" -eq 0 ]
	[ "$(verdict 'v["strength"]' <<<"$output")" = "{'killed': 8, 'of': 8, 'survivors': []}" ] || fail_with "$output"
	[ "$stderr" = "good: test/one: equivalent, 4 calls; 8 of 8 mutants told apart" ] || fail_with "$stderr"
}

@test "strength: one poor input leaves survivors, and the verdict says which" {
	run --separate-stderr cf-verify --mutants 99 <<<"$(right poor)"
	[ "$status" -eq 0 ]
	[ "$stderr" = "poor: test/one: equivalent, 1 call; 4 of 9 mutants told apart" ] || fail_with "$stderr"
	[ "$(verdict 'sorted((s["line"], s["was"], s["now"]) for s in v["strength"]["survivors"])' <<<"$output")" = \
		"[(8, '10', '11'), (8, '10', '9'), (8, '<', '<='), (10, '\"high\"', '\"Xhigh\"'), (10, '\"high\" + str(n)', 'None')]" ] ||
		fail_with "$output"
	[ "$(verdict '{s["file"] for s in v["strength"]["survivors"]}' <<<"$output")" = "{'app.py'}" ]
	run "$PYTHON" "$ROOT/tests/validate.py" <(printf '%s\n' "$output")
	[ "$status" -eq 0 ] || fail_with "$output"
}

@test "strength: the same each time, and however many work at it" {
	right poor >"$BATS_TEST_TMPDIR/one"
	first=$(cf-verify -q --mutants 5 "$BATS_TEST_TMPDIR/one")
	[ "$(verdict 'v["strength"]["of"]' <<<"$first")" = 5 ]
	[ "$(verdict 'len(v["strength"]["survivors"])' <<<"$first")" -gt 0 ]
	for jobs in 1 4; do
		[ "$(cf-verify -q --mutants 5 -j $jobs "$BATS_TEST_TMPDIR/one")" = "$first" ]
	done
}

@test "strength: found out once a function, and only when a candidate is equivalent" {
	counted
	candidate good '"low"' '"lower"' | cf-verify -q >"$BATS_TEST_TMPDIR/out"
	[ "$(verdict 'v["answer"], v["strength"]' <"$BATS_TEST_TMPDIR/out")" = "('different', None)" ]
	[ "$(marks)" -eq 1 ]
	for jobs in 1 3; do
		: >"$BATS_TEST_TMPDIR/marks"
		{
			candidate good '"low"' '"lower"'
			right good
			candidate good 'n < 10' 'not n >= 10'
			right poor
			candidate good 'n < 10' '10 > n'
		} | cf-verify -q --mutants 3 -j $jobs >"$BATS_TEST_TMPDIR/out"
		[ "$(verdict 'v["answer"], (v["strength"] or {}).get("of")' <"$BATS_TEST_TMPDIR/out")" = "('different', None)
('equivalent', 3)
('equivalent', 3)
('equivalent', 3)
('equivalent', 3)" ] || fail_with "$(cat "$BATS_TEST_TMPDIR/out")"
		[ "$(marks)" -eq $((5 + 3 + 3)) ] || fail_with "$(marks) judged"
	done
}

@test "strength: --mutants 0 and no time judge none" {
	counted
	run --separate-stderr cf-verify --mutants 0 <<<"$(right good)"
	[ "$(verdict 'v["answer"], v["strength"]' <<<"$output")" = "('equivalent', None)" ]
	[ "$stderr" = "good: test/one: equivalent, 4 calls" ]
	run --separate-stderr cf-verify --mutants-time 0 <<<"$(right good)"
	[ "$(verdict 'v["answer"], v["strength"]' <<<"$output")" = "('equivalent', None)" ]
	[ "$(marks)" -eq 2 ]
}

@test "strength: mutants without end, in time or in space, cost little and are told apart" {
	{
		right climb
		right grow
	} >"$BATS_TEST_TMPDIR/two"
	# either would run for minutes if only the limits of a candidate held
	run --separate-stderr timeout 120 cf-verify --mutants 99 --mutants-time 100 --call-timeout 300 \
		--memory 1000000000 "$BATS_TEST_TMPDIR/two"
	[ "$status" -eq 0 ] || fail_with "$status: $stderr"
	[ "$(verdict 'sorted((s["was"], s["now"]) for s in v["strength"]["survivors"])' <<<"$output")" = "[]
[('-', ''), ('1', '0'), ('1', '2')]" ] || fail_with "$output"
	run --separate-stderr timeout 120 cf-verify -q --mutants 0 --call-timeout 1 \
		<<<"$(mutants climb)"
	[ "$(verdict 'v["answer"]' <<<"$output" | sort | uniq -c | tr -s ' \n' ' ')" = " 6 different 3 timeout " ] ||
		fail_with "$(verdict 'v["answer"], v["reason"]' <<<"$output")"
}

@test "strength: of a function without mutants nothing is said" {
	run --separate-stderr cf-verify <<<"$(candidate plain 'def plain():' 'def plain():  # the same')"
	[ "$(verdict 'v["answer"], v["strength"]' <<<"$output")" = "('equivalent', None)" ] || fail_with "$output"
	[ "$stderr" = "plain: test/one: equivalent, 1 call" ]
}

@test "strength: lines come in their place, whatever is waited for" {
	{
		right good
		printf '%s\n' '{"schema":"their/own/1", "x" : 1}'
		candidate poor '"low"' '"lower"'
		right poor
	} | cf-verify -q -j 4 --mutants 4 >"$BATS_TEST_TMPDIR/out"
	[ "$(cut -c1-22 "$BATS_TEST_TMPDIR/out")" = '{"schema":"cf/candidat
{"schema":"their/own/1
{"schema":"cf/candidat
{"schema":"cf/candidat' ]
	[ "$(grep -v their "$BATS_TEST_TMPDIR/out" | verdict 'v["answer"]')" = "equivalent
different
equivalent" ]
}

@test "strength: --list-mutants writes candidates that are verified like any, behind their targets" {
	run --separate-stderr cf-verify --list-mutants "$RANKED"
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ -z "$stderr" ]
	printf '%s\n' "$output" >"$BATS_TEST_TMPDIR/all"
	grep -v cf/candidate "$BATS_TEST_TMPDIR/all" | cmp - "$RANKED"
	run "$PYTHON" "$ROOT/tests/validate.py" "$BATS_TEST_TMPDIR/all"
	[ "$status" -eq 0 ] || fail_with "$output"
	[ "$(grep -c '"origin":"mutant/' "$BATS_TEST_TMPDIR/all")" = "$(grep -c cf/candidate "$BATS_TEST_TMPDIR/all")" ]
	# each names what its diff does, once
	[ "$(grep cf/candidate "$BATS_TEST_TMPDIR/all" | json candidate 'r["diff"]' | grep -c '^@@')" = \
		"$(grep -c cf/candidate "$BATS_TEST_TMPDIR/all")" ]
	[ "$(json candidate 'r["id"]' <"$BATS_TEST_TMPDIR/all" | sort | uniq -d)" = "" ]
	counted
	mutants poor | cf-verify -q >"$BATS_TEST_TMPDIR/out"
	[ "$(verdict 'v["answer"]' <"$BATS_TEST_TMPDIR/out" | sort | uniq -c | tr -s ' \n' ' ')" = " 4 different 5 equivalent " ]
	# they have no strength of their own
	[ "$(verdict 'v["strength"]' <"$BATS_TEST_TMPDIR/out" | sort -u)" = None ]
	[ "$(marks)" -eq 9 ]
	run cf-verify --list-mutants --mutants 2 "$RANKED"
	[ "$(json candidate 'r["target"]["name"]' <<<"$output" | grep -c poor)" -eq 2 ]
}

@test "strength: a trace that is gone, and a function that has changed, have no mutants" {
	run --separate-stderr cf-verify --list-mutants <<<"$(grep cf/target "$RANKED" | head -n 1 | sed s/codeflash.trace/nosuch.trace/)"
	[ "$status" -eq 2 ]
	one_line cf-verify nosuch.trace
	cp app.py "$BATS_TEST_TMPDIR/app.py"
	sed -i 's/return i$/return i + 0/' app.py
	run --separate-stderr cf-verify --list-mutants "$RANKED"
	cp "$BATS_TEST_TMPDIR/app.py" app.py
	[ "$status" -eq 0 ]
	[ "$(json candidate 'r["target"]["name"]' <<<"$output" | sort -u)" = "good
grow
poor" ] || fail_with "$output"
}

@test "strength: --combine says what its members were worth together, and takes no mutant" {
	{
		right good
		right poor
		mutants climb
	} | cf-verify -q | "$PYTHON" -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    r["measurement"] = {"decision": "faster", "speedup": 2}
    if r["origin"].startswith("mutant/"):
        r["verdict"]["answer"] = "equivalent"
    print(json.dumps(r))' >"$BATS_TEST_TMPDIR/measured"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/measured")" -gt 5 ]
	counted
	run --separate-stderr cf-verify --combine "$BATS_TEST_TMPDIR/measured"
	[ "$status" -eq 0 ] || fail_with "$stderr"
	combined=$(tail -n 1 <<<"$output")
	[ "$(json candidate 'r["origin"], sorted(t["name"] for t in r["targets"])' <<<"$combined")" = \
		"('combined', ['good', 'poor'])" ] || fail_with "$combined"
	[ "$(marks)" -eq 1 ]
	both=$(($(head -n 2 "$BATS_TEST_TMPDIR/measured" | verdict 'v["strength"]["killed"]' | paste -sd+)))
	[ "$(verdict 'v["strength"]["killed"], v["strength"]["of"]' <<<"$combined")" = "($both, 16)" ] || fail_with "$combined"
	[[ "$stderr" == *"; $both of 16 mutants told apart" ]] || fail_with "$stderr"
	# one of which nothing is known, and nothing is known of both
	sed '1s/"strength": {.*"survivors": \[\]}/"strength": null/' "$BATS_TEST_TMPDIR/measured" >"$BATS_TEST_TMPDIR/unknown"
	[ "$(cf-verify -q --combine "$BATS_TEST_TMPDIR/unknown" | tail -n 1 | verdict 'v["strength"]')" = None ]
}
