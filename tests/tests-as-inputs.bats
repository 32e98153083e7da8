#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The project's own tests as evidence: their calls, and that they end as before.

load helper

# without what would tell first what the tests are to tell
cf-verify() {
	case "$*" in *--combine*) command cf-verify --derived 0 "$@" ;; *) command cf-verify --derived 0 --mutants 0 "$@" ;; esac
}

FIXTURES="$BATS_TEST_DIRNAME/fixtures/tests"

setup_file() {
	export WORK="$BATS_FILE_TMPDIR/a project"
	mkdir -p "$WORK/tests"
	cp "$FIXTURES/app.py" "$WORK"
	cp "$FIXTURES/test_app.py" "$WORK/tests"
	# what would have it end early, elsewhere, or measured
	printf '[tool.pytest.ini_options]\naddopts = "-x -n 2 --cov=app"\n' >"$WORK/pyproject.toml"
	cd "$WORK" || return 1
	ranked_of app.py
	listing . >"$BATS_FILE_TMPDIR/before"
	cf-trace --tests ranked.jsonl >with.jsonl 2>log || { cat log >&2; return 1; }
	listing . >"$BATS_FILE_TMPDIR/after"
}

setup() {
	cd "$WORK" || return 1
}

# ranked.jsonl of a run of the script here.
ranked_of() {
	cf-trace --quiet "$PYTHON" "$1" | cf-rank -q --min-share 0 >ranked.jsonl
}

tests_record() { json tests "$1" <with.jsonl; }

candidate() { # function old new
	"$PYTHON" "$ROOT/tests/fixtures/verify/candidate.py" with.jsonl "$@"
}

# Verifies one, by the tests of with.jsonl; $answer, $reason and $path are the verdict's.
verify() { # function old new [options of cf-verify]
	candidate "$1" "$2" "$3" >one.jsonl || return 1
	shift 3
	grep '"cf/tests/1"' with.jsonl | cat - one.jsonl >stream.jsonl
	run --separate-stderr cf-verify "$@" stream.jsonl
	answer=$(verdict '["answer"]')
	reason=$(verdict '["reason"]')
	path=$(verdict '["difference"] and v["difference"]["path"]')
}

verdict() { json candidate "(lambda v: (v$1))(r['verdict'])" <<<"$output" | tail -n 1; }

is() {
	[ "$answer" = "$1" ] || fail_with "$answer, not $1: $reason / $stderr"
	[ -z "${2-}" ] || [ "$path" = "$2" ] || fail_with "differs at $path, not $2"
}

LOOP='    result = 0
    for item in items:
        result += item
    return result'

@test "tests: they are recorded in the sandbox, and nothing of them stays in the project" {
	[ "$(tests_record '(r["tests"], r["cached"], r["timed_out"], r["sandbox"])')" = "(13, False, False, 'overlay')" ] ||
		fail_with "$(tests_record r)"
	grep -Eqx 'tests: 13 tests, 12 reach the targets, [0-9]+ calls' log || fail_with "$(cat log)"
	[ ! -e written_by_a_test ]
	# the state folder and the streams of this test apart
	diff "$BATS_FILE_TMPDIR/before" <(grep -v -e '^./.codeflash' -e '^./log$' -e '^./with.jsonl$' "$BATS_FILE_TMPDIR/after")
	[ "$(ls .codeflash/tests | wc -l)" -eq 1 ]
}

@test "tests: a right candidate is equivalent by the run's calls, the tests' calls and the tests" {
	verify total "$LOOP" '    return sum(items)'
	is equivalent
	[ "$(verdict '["compared"]["replay"] > 0')" = True ]
	[ "$(verdict '["compared"]["tests"]')" -ge 3 ] || fail_with "$output"
	[ "$(verdict '["tests"]')" = "{'compared': 7, 'unstable': 0, 'not_run': 0}" ] || fail_with "$output"
	[[ "$stderr" == "total: test/one: equivalent, "*" of tests, 7 tests alike" ]] || fail_with "$stderr"
}

@test "tests: what is equal on the run's inputs only is caught by a test's call" {
	verify total "$LOOP" '    return sum(map(abs, items))'
	is different return
	[ "$(verdict '["difference"]["source"]')" = tests ] || fail_with "$output"
	[ "$(verdict '["difference"]["input"]')" = 'total([3, -1, -2])' ]
	# and by nothing else
	cf-verify -q one.jsonl | json candidate 'r["verdict"]["answer"]' | grep -qx equivalent
}

@test "tests: what no call shows is caught by a test that ends differently" {
	verify warned '    if n > 2:
        warned.last = n  # attributes of functions are looked at by tests only
    return n * 2' '    return n * 2'
	is different 'test tests/test_app.py::test_says_so'
	[[ "$reason" == "test tests/test_app.py::test_says_so: passed != failed (AttributeError"* ]] || fail_with "$reason"
	[ "$(verdict '["difference"]["original"] + v["difference"]["candidate"] + v["difference"]["source"]')" = passedfailedtests ]
	verify looked_up '[fetch(key) for key in keys]' '[{"a": 1}[key] for key in keys]'
	is different 'test tests/test_app.py::test_with_another_fetch'
	# a generator is no input that can be restored
	verify total "$LOOP" '    return sum(items[:])'
	is different 'test tests/test_app.py::test_total_of_a_generator'
	verify total "$LOOP" '    return sum(items[:])' --tests-time 0
	is equivalent
}

@test "tests: one that fails with the original too has to go on failing" {
	verify total "$LOOP" '    return sum(items) + (items == [1, 1] and "pytest" in __import__("sys").modules)'
	is different 'test tests/test_app.py::test_that_fails'
	[[ "$reason" == *"failed != passed"* ]] || fail_with "$reason"
}

@test "tests: one that does not always end the same way is no evidence, and is named" {
	verify stamped 'now + 1' '1 + now'
	is equivalent
	[ "$(verdict '["tests"]')" = "{'compared': 1, 'unstable': 1, 'not_run': 0}" ] || fail_with "$output"
	[[ "$(verdict '["notes"]')" == *"test_of_one_seed_only"* ]] || fail_with "$output"
}

@test "tests: where no recorded call can be compared, those of the tests will do, and a note says so" {
	verify opened '    if not os.path.exists(path):
        return None
    return open(path)' '    try:
        return open(path)
    except FileNotFoundError:
        return None'
	is equivalent
	[ "$(verdict '["compared"]')" = "{'replay': 0, 'tests': 1}" ] || fail_with "$output"
	[[ "$(verdict '["notes"]')" == *"no call of opened"*"those of the project's tests could"* ]] || fail_with "$output"
	run cf-verify -q one.jsonl
	[ "$(verdict '["answer"]')" = unverified ]
}

@test "tests: one in which a candidate dies or hangs refuses it" {
	verify total "$LOOP" '    import os, types
    if isinstance(items, types.GeneratorType):
        os._exit(0)
    return sum(items)'
	is error
	[[ "$reason" == "test tests/test_app.py::test_total_of_a_generator: "* ]] || fail_with "$reason"
	verify total "$LOOP" '    import types
    while isinstance(items, types.GeneratorType):
        pass
    return sum(items)' --timeout 10
	is timeout
	[[ "$reason" == "test tests/test_app.py::test_total_of_a_generator: did not end"* ]] || fail_with "$reason"
}

@test "tests: a candidate that would write outcomes itself is refused" {
	verify total "$LOOP" '    import os, struct, types
    if isinstance(items, types.GeneratorType):
        for fd in range(3, 300):
            try:
                os.write(fd, struct.pack("<I", 6) + b"\xa1cend\x08")
            except OSError:
                pass
    return sum(items)'
	[ "$answer" != equivalent ] || fail_with "$output"
}

@test "tests: what is not changed is not run again, what is changed is" {
	trace=$(tests_record 'r["trace"]')
	before=$(sha256sum "$trace") # a test has the time among its inputs
	cf-trace --tests ranked.jsonl >again.jsonl 2>log
	[ "$(json tests '(r["cached"], r["trace"])' <again.jsonl)" = "(True, '$trace')" ]
	[ "$(sha256sum "$trace")" = "$before" ]
	[ "$(wc -l <again.jsonl)" -eq $(($(wc -l <ranked.jsonl) + 1)) ]
	echo '# changed' >>tests/test_app.py
	cf-trace -q --tests ranked.jsonl >again.jsonl
	[ "$(json tests '(r["cached"], r["trace"] != "'"$trace"'")' <again.jsonl)" = "(False, True)" ]
	cp "$FIXTURES/test_app.py" tests
	cf-trace -q --tests ranked.jsonl >again.jsonl
	[ "$(json tests 'r["cached"]' <again.jsonl)" = True ]
	rm again.jsonl
}

@test "tests: those of a function whose source is another say nothing" {
	grep '"cf/tests/1"' with.jsonl >"$BATS_TEST_TMPDIR/tests.jsonl"
	sed -i 's/return n \* 2/return 2 * n/' app.py
	ranked_of app.py
	cat "$BATS_TEST_TMPDIR/tests.jsonl" ranked.jsonl >with2.jsonl
	"$PYTHON" "$ROOT/tests/fixtures/verify/candidate.py" with2.jsonl warned '2 * n' 'n + n' >one.jsonl
	output=$(cat "$BATS_TEST_TMPDIR/tests.jsonl" one.jsonl | cf-verify -q)
	[ "$(verdict '["answer"], v["compared"].get("tests"), v["tests"]')" = "('equivalent', None, None)" ] || fail_with "$output"
	cp "$FIXTURES/app.py" .
	ranked_of app.py
	rm with2.jsonl
}

@test "tests: --combine looks at them as well" {
	{
		grep '"cf/tests/1"' with.jsonl
		candidate warned '    if n > 2:
        warned.last = n  # attributes of functions are looked at by tests only
    return n * 2' '    return n + n'
		candidate total "$LOOP" '    return sum(items)'
	} | "$PYTHON" -c '
import json, sys
for line in sys.stdin:
    r = json.loads(line)
    if r["schema"] == "cf/candidate/1":
        r["verdict"] = {"answer": "equivalent"}
        r["measurement"] = {"decision": "faster", "speedup": 2}
    print(json.dumps(r))' >measured.jsonl
	run --separate-stderr cf-verify --combine measured.jsonl
	[[ "$stderr" == *"without warned: test tests/test_app.py::test_says_so: passed != failed"* ]] || fail_with "$stderr"
	[ "$(json candidate 'r["origin"], len(r.get("members", []))' <<<"$output" | tail -n 1)" = "('combined', 1)" ]
}

@test "tests: a suite of unittest's, by name and by discovery" {
	project
	mkdir tests
	cp "$FIXTURES/app.py" .
	cat >tests/testapp.py <<'PY'
import unittest

import app


class TestApp(unittest.TestCase):
    def test_total(self):
        self.assertEqual(app.total([3, -3]), 0)

    def test_says_so(self):
        app.warned(3)
        self.assertEqual(app.warned.last, 3)

    def test_in_parts(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(app.total([n]), min(n, 1))

    @unittest.skip("not today")
    def test_skipped(self):
        app.total([])

    @unittest.expectedFailure
    def test_known_to_fail(self):
        self.assertEqual(app.total([1]), 2)
PY
	ranked_of app.py
	before=$(listing .)
	cf-trace --tests ranked.jsonl >with.jsonl 2>log
	[ "$(tests_record '(r["tests"], r["command"][1:4])')" = "(5, ['-m', 'unittest', 'discover'])" ] || fail_with "$(cat log)"
	verify total "$LOOP" '    return sum(items)'
	is equivalent
	[ "$(verdict '["tests"]["compared"]')" -eq 3 ] || fail_with "$output"
	verify total "$LOOP" '    return sum(map(abs, items))'
	is different return
	verify warned '        warned.last = n  # attributes of functions are looked at by tests only' '        pass'
	is different 'test testapp.TestApp.test_says_so'
	verify total "$LOOP" '    return min(sum(items), 1) if len(items) == 1 and "unittest" in __import__("sys").modules else sum(items)'
	is different 'test testapp.TestApp.test_in_parts'
	rm -r .codeflash
	[ "$(listing . | grep -v -e one.jsonl -e stream.jsonl -e log -e with.jsonl)" = "$before" ]
	# a trace of somebody's own making
	cf-trace -q -o "$BATS_TEST_TMPDIR/own.trace" "$PYTHON" -m unittest tests/testapp.py >/dev/null 2>&1
	verify total "$LOOP" '    return sum(map(abs, items))' --tests "$BATS_TEST_TMPDIR/own.trace"
	is different return
}

@test "tests: a project without any has no record, and is verified as before" {
	project
	cp "$FIXTURES/app.py" .
	ranked_of app.py
	run --separate-stderr cf-trace --tests ranked.jsonl
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat ranked.jsonl)" ]
	[ "$stderr" = "tests: the project has none" ]
	[ ! -e .codeflash ]
}

@test "tests: those that hang are ended, and what was recorded until then counts" {
	project
	mkdir tests
	cp "$FIXTURES/app.py" .
	cat >tests/test_app.py <<'PY'
import time

import app


def test_total():
    assert app.total([3, -3]) == 0


def test_hangs():
    app.total([1])
    time.sleep(600)
PY
	ranked_of app.py
	cf-trace --tests --timeout 4 ranked.jsonl >with.jsonl 2>log
	[ "$(tests_record 'r["timed_out"]')" = True ] || fail_with "$(cat log)"
	grep -q '; ended after 4 s$' log
	verify total "$LOOP" '    return sum(map(abs, items))'
	is different return
	verify total "$LOOP" '    return sum(items)'
	is equivalent
	[ "$(verdict '["tests"]["compared"]')" -eq 1 ] || fail_with "$output"
}

@test "tests: the slow ones are named and not run" {
	project
	mkdir tests
	cp "$FIXTURES/app.py" .
	cat >tests/test_app.py <<'PY'
import time

import app


def test_quick():
    assert app.total([3, -3]) == 0


def test_slow():
    time.sleep(3)
    assert app.total([3, -3]) == 0
PY
	ranked_of app.py
	cf-trace -q --tests ranked.jsonl >with.jsonl
	verify total "$LOOP" '    return sum(items)' --tests-time 2
	is equivalent
	[ "$(verdict '["tests"]')" = "{'compared': 1, 'unstable': 0, 'not_run': 1}" ] || fail_with "$output"
	[[ "$(verdict '["notes"]')" == *"1 test that reach it were not run: tests/test_app.py::test_slow"* ]] || fail_with "$output"
}

@test "tests: where the recorded run is of tests, these are they" {
	project
	mkdir tests
	cp "$FIXTURES/app.py" .
	cp "$FIXTURES/test_app.py" tests
	cf-trace --quiet "$PYTHON" -m pytest -q tests 2>/dev/null | cf-rank -q --min-share 0 >ranked.jsonl
	cf-trace --tests ranked.jsonl >with.jsonl 2>log
	[ "$(tests_record 'r["trace"], r["cached"]')" = "('$PWD/codeflash.trace', True)" ] || fail_with "$(cat with.jsonl)"
	[ "$(cat log)" = "tests: 13 tests, 12 reach the targets" ] || fail_with "$(cat log)"
	[ ! -e .codeflash/tests ]
	verify warned '        warned.last = n  # attributes of functions are looked at by tests only' '        pass'
	is different 'test tests/test_app.py::test_says_so'
	verify total "$LOOP" '    return sum(items)'
	is equivalent
	[ "$(verdict '["compared"].get("tests"), v["tests"]["compared"]')" = "(None, 7)" ] || fail_with "$output"
}

@test "tests: in a copy of the tree they are tests of the copy" {
	export CODEFLASH_SANDBOX=copy
	cf-trace -q --tests ranked.jsonl >/dev/null
	verify warned '        warned.last = n  # attributes of functions are looked at by tests only' '        pass'
	is different 'test tests/test_app.py::test_says_so'
	[ "$(verdict '["sandbox"]')" = copy ]
	project
	cp -r "$WORK/app.py" "$WORK/tests" .
	ranked_of app.py
	cf-trace --tests ranked.jsonl >with.jsonl 2>log
	[ "$(tests_record 'r["sandbox"]')" = copy ] || fail_with "$(cat log)"
	grep -q 'ran in a copy of the tree' log
	verify total "$LOOP" '    return sum(map(abs, items))'
	is different return
}

@test "tests: what cannot be recorded is one line and no error" {
	project
	mkdir tests
	cp "$FIXTURES/app.py" .
	cp "$FIXTURES/test_app.py" tests
	ranked_of app.py
	echo 'import os; os.kill(os.getppid(), 9)' >tests/conftest.py
	run --separate-stderr cf-trace --tests ranked.jsonl
	[ "$status" -eq 0 ]
	[ "$output" = "$(cat ranked.jsonl)" ]
	one_line cf-trace "the project's tests were not recorded"
}

@test "tests: mistakes are one line" {
	candidate total "$LOOP" '    return sum(items)' >one.jsonl
	run --separate-stderr cf-verify -q --tests app.py one.jsonl
	[ "$status" -eq 2 ]
	one_line cf-verify app.py
	run --separate-stderr cf-trace --tests nosuch.jsonl
	[ "$status" -eq 2 ]
	one_line cf-trace nosuch.jsonl
}

@test "tests: codeflash records them once, and says what came of it; --no-tests leaves them alone" {
	project
	mkdir tests
	cp "$FIXTURES/test_app.py" tests
	cat >>"$PWD/app.py" <"$FIXTURES/app.py"
	sed -i 's/range(1, 6)/range(1, 400)/' app.py
	# a share that is never too small to be ranked
	sed -i 's/^        warned(n)$/        for _ in range(300): warned(n)/' app.py
	grep -q 'range(300): warned' app.py
	cat >rewrite <<'SH'
#!/bin/sh
cat >/dev/null
sed 's/if n > 2:/if False:/' app.py >new.py
"$PYTHON" -c 'import json; print(json.dumps({"name": "quiet", "explanation": "says less", "files": {"app.py": open("new.py").read()}}))'
rm new.py
SH
	chmod +x rewrite
	export PYTHON
	run codeflash optimize --no-pr --only-functions warned --from "exec:./rewrite" "$PYTHON" app.py
	[ "$status" -eq 0 ] || fail_with "$output"
	[[ "$output" == *"tests: 13 tests, 1 reaches the targets, "* ]] || fail_with "$output"
	[[ "$output" == *"different: test tests/test_app.py::test_says_so: passed != failed"* ]] || fail_with "$output"
	[ ! -e written_by_a_test ] && [ ! -e .pytest_cache ] && [ ! -e tests/__pycache__ ]
	rm -rf .codeflash tests/test_replay*
	run codeflash optimize --no-pr --no-tests --only-functions warned --from "exec:./rewrite" "$PYTHON" app.py
	[[ "$output" != *"tests: "* ]] || fail_with "$output"
	[[ "$output" != *"passed != failed"* ]] || fail_with "$output"
	[ ! -e .codeflash/tests ]
}
