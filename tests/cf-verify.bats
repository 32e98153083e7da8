#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-verify: what it accepts, what it refuses, and that nothing in between counts as equal.

load helper

# derived.bats has the inputs that are not recorded, strength.bats what a verdict is worth
cf-verify() { command cf-verify --derived 0 --mutants 0 "$@"; }

BODY='    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen'

setup_file() {
	export WORK="$BATS_FILE_TMPDIR/a project, with a name"
	mkdir -p "$WORK"
	cp "$BATS_TEST_DIRNAME/fixtures/verify/app.py" "$WORK/app.py"
	touch "$WORK/pyproject.toml"
	cd "$WORK" || return 1
	cf-trace app.py 2>/dev/null | cf-rank >"$BATS_FILE_TMPDIR/ranked.jsonl" 2>/dev/null
}

setup() {
	cd "$WORK" || return 1
	RANKED="$BATS_FILE_TMPDIR/ranked.jsonl"
}

candidate() { # function old new
	"$PYTHON" "$BATS_TEST_DIRNAME/fixtures/verify/candidate.py" "$RANKED" "$@"
}

# Verifies one; $answer, $reason and $path are the verdict's.
verify() { # function old new [options of cf-verify]
	local record
	record=$(candidate "$1" "$2" "$3")
	shift 3
	run --separate-stderr cf-verify "$@" <<<"$record"
	verdict "$output"
}

verdict() {
	answer=$(json candidate 'r["verdict"]["answer"]' <<<"$1")
	reason=$(json candidate 'r["verdict"]["reason"]' <<<"$1")
	path=$(json candidate '(r["verdict"]["difference"] or {}).get("path")' <<<"$1")
}

is() {
	[ "$answer" = "$1" ] || fail_with "$answer, not $1: $reason / $stderr"
	[ -z "${2-}" ] || [ "$path" = "$2" ] || fail_with "differs at $path, not $2"
}

@test "cf-verify: that original and candidate both fail in replay is no proof" {
	verify named '    return SET["names"][n]' '    return SET["names"] and "?"'
	is unverified
	[[ "$reason" == *"the original fails on it too"* ]] || fail_with "$reason"
	verify find '    return table[key]' '    value = table[key]
    return value'
	is equivalent
	[ "$(json candidate '(r["verdict"]["compared"], r["verdict"]["skipped"])' <<<"$output")" = "({'replay': 1}, {'the original fails on it too': 1})" ] || fail_with "$output"
}

@test "cf-verify: a right candidate is equivalent, and the user's tree is as it was" {
	before=$(listing . && cat app.py)
	verify dedupe "$BODY" '    return list(dict.fromkeys(items))'
	[ "$status" -eq 0 ]
	is equivalent
	[ "$(json candidate 'r["verdict"]["compared"]' <<<"$output")" = "{'replay': 5}" ]
	[ "$stderr" = "dedupe: test/one: equivalent, 5 calls" ]
	[ "$(listing . && cat app.py)" = "$before" ]
}

@test "cf-verify: two files are compared on the recorded calls of a function" {
	local there=$BATS_TEST_TMPDIR
	before=$(listing . && cat app.py)
	"$PYTHON" - "$there" "$BODY" <<'PY'
import sys
text = open("app.py").read()
for name, new in ("right", "    return list(dict.fromkeys(items))"), ("wrong", "    return sorted(set(items))"):
    assert text.count(sys.argv[2]) == 1
    open("%s/%s.py" % (sys.argv[1], name), "w").write(text.replace(sys.argv[2], new))
PY
	run --separate-stderr cf-verify app.py "$there/right.py" --function dedupe --cases codeflash.trace
	verdict "$output"
	is equivalent
	[[ "$stderr" == "dedupe: file/right.py: equivalent, 5 calls"* ]] || fail_with "$stderr"
	printf '%s\n' "$output" >"$there/out"
	"$PYTHON" "$ROOT/tests/validate.py" "$there/out"
	run -1 --separate-stderr cf-verify --exit-code --function app.py:dedupe app.py "$there/wrong.py"
	verdict "$output"
	is different 'return[0]'
	[ "$(listing . && cat app.py)" = "$before" ]
	# what the project has by now is neither original nor candidate
	cp app.py "$there/app.py"
	cp "$there/wrong.py" app.py
	run --separate-stderr cf-verify "$there/app.py" "$there/right.py" --function dedupe
	cp "$there/app.py" app.py
	verdict "$output"
	is equivalent
	for args in "--cases codeflash.trace app.py" "--function dedupe app.py" "--function dedupe --combine app.py app.py"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr cf-verify $args
		one_line cf-verify
	done
}

@test "cf-verify: a wrong value, order, type or length is different, with the path" {
	verify dedupe "$BODY" '    return sorted(set(items))'
	is different 'return[0]'
	[ "$(json candidate 'r["verdict"]["difference"]["input"]' <<<"$output")" = 'dedupe([5, 3, 5, 1, 3, 0])' ]
	[ "$stderr" = 'dedupe: test/one: different: return[0]: 5 != 0 on dedupe([5, 3, 5, 1, 3, 0])' ]
	verify dedupe "$BODY" '    return tuple(dict.fromkeys(items))'
	is different 'type(return)'
	verify dedupe "$BODY" '    return list(dict.fromkeys(items))[:3]'
	is different 'len(return)'
	verify dedupe "$BODY" '    return [float(x) for x in dict.fromkeys(items)]'
	is different 'return[0]'
	verify dedupe "$BODY" '    pass'
	is different return
}

@test "cf-verify: what the arguments, the receiver and stdout are afterwards counts" {
	verify dedupe "$BODY" '    items[:] = dict.fromkeys(items); return list(items)'
	is different 'args[0][2]'
	verify dedupe "$BODY" '    items[:] = dict.fromkeys(items); return items'
	is different
	verify dedupe "$BODY" '    print(end="x"); return list(dict.fromkeys(items))'
	is different stdout
	verify Box.add 'self.items.append(x)' 'self.items += [x]'
	is equivalent
	verify Box.add 'self.items.append(x)' 'self.items.append(x); self.n = 1'
	is different self.n
	verify Box.add 'print("added", x)' 'pass'
	is different stdout
}

@test "cf-verify: what a call leaves in files counts" {
	verify save 'out.write("%d\n" % n)' 'print(n, file=out)'
	is equivalent
	verify save 'out.write("%d\n" % n)' 'out.write("%d\r\n" % n)'
	is different "files['saved.txt']"
	verify save 'out.write("%d\n" % n)' 'pass'
	is different
	verify save 'with open("saved.txt", "a") as out:' 'with open("saved2.txt", "a") as out:'
	is different
	verify save 'with open("saved.txt", "a") as out:' 'import pathlib; pathlib.Path("more").touch()
    with open("saved.txt", "a") as out:'
	is different
}

@test "cf-verify: what changes from run to run must stay of its kind" {
	verify stamp '"t": time.time()' '"t": time.time_ns() / 1e9'
	is equivalent
	verify stamp '"t": time.time()' '"t": time.time_ns()'
	is different "type(return['t'])"
	verify stamp '"t": time.time()' '"t": None'
	is different "type(return['t'])"
	verify token 'uuid.uuid4().hex' 'uuid.uuid4().bytes'
	is different 'return[0]' # seeded, it does not change
}

@test "cf-verify: aliases count" {
	verify share 'return [row, row, len(xs)]' 'return [row, [], len(xs)]'
	is different 'return[1]'
	verify share 'return [row, row, len(xs)]' 'return [row] * 2 + [len(xs)]'
	is equivalent
}

@test "cf-verify: a project's error is its type and words, a runtime's its type" {
	verify check '"too big: %d" % n' 'f"too big: {n}"'
	is equivalent
	verify check '"too big: %d" % n' '"too large: %d" % n'
	is different 'raise.args[0]'
	verify check 'ValueError("' 'TypeError("'
	is different 'type(raise)'
	verify check '> 3' '> 30'
	is different kind
	verify find 'table[key]' 'table.get(key)'
	is different kind
	verify find 'table[key]' '[v for k, v in table.items() if k == key][0]'
	is different 'type(raise)'
	verify find 'table[key]' 'dict(table)[key]'
	is equivalent
	[[ "$(json candidate 'r["verdict"]["notes"]' <<<"$output")" == *"error that the runtime raised"* ]]
}

@test "cf-verify: an error is the same whatever it came upon, and when the call is made again" {
	verify check '    if n > 3:
        raise ValueError("too big: %d" % n)' '    try:
        "abcd"[n]
    except IndexError:
        raise ValueError("too big: %d" % n)'
	is equivalent
	verify find '    return table[key]' '    if key not in table:
        raise KeyError("none of that name")
    return table[key]'
	is equivalent
}

@test "cf-verify: floats within the tolerance, as it is set" {
	verify mean 'sum(xs) / len(xs)' 'sum(x / len(xs) for x in xs)'
	is equivalent
	verify mean 'sum(xs) / len(xs)' 'sum(xs) / len(xs) * (1 + 1e-7)'
	is different return
	verify mean 'sum(xs) / len(xs)' 'sum(xs) / len(xs) * (1 + 1e-7)' --float-rel 1e-6
	is equivalent
	verify mean 'sum(xs) / len(xs)' 'sum(xs) / len(xs) * (1 + 1e-15)' --float-rel 0
	is different return
}

@test "cf-verify: lazy results are compared by what they yield" {
	verify squares '(i * i for i in range(n))' '(i ** 2 for i in range(n))'
	is equivalent
	verify squares '(i * i for i in range(n))' '(i ** 3 for i in range(n))'
	is different 'return[2]'
	verify squares '(i * i for i in range(n))' '[i * i for i in range(n)]'
	is different 'type(return)'
}

@test "cf-verify: a missing result is never equivalent" {
	verify dedupe "$BODY" '    import os; os._exit(0)'
	is error
	[[ "$reason" == *"ended with status 0"* ]]
	verify dedupe "$BODY" '    import os
    if items[-1] == 4: os._exit(0)
    return list(dict.fromkeys(items))'
	is error
	[ "$(json candidate 'r["verdict"]["compared"]["replay"]' <<<"$output")" = 4 ]
	verify dedupe "$BODY" '    raise SystemExit(0)'
	is different kind
	verify dedupe "$BODY" '    import ctypes; ctypes.string_at(0)'
	is error
	[[ "$reason" == *"signal 11"* ]]
	verify dedupe 'def dedupe' 'import no_such_module_here
def dedupe'
	is error
	[[ "$reason" == *no_such_module_here* ]]
	verify dedupe "$BODY" '    return list(dict.fromkeys(items)'
	is error
	[[ "$reason" == *"syntax error"* ]]
	verify dedupe 'def dedupe' 'def dedupe_'
	is unverified
	[[ "$reason" == *"removes dedupe"* ]]
}

@test "cf-verify: what a candidate changes beside its function is verified too, or refused" {
	local both='
def find(table, key):
    return table[key]'
	verify dedupe "    return seen

$both" "    return list(seen)


def find(table, key):
    return table.get(key)"
	is different kind
	verify dedupe "import uuid" "import uuid
LIMIT = 3"
	is equivalent
	verify dedupe 'def check(n):' 'def check(n, more=None):'
	is unverified
	[[ "$reason" == *"changes the signature of check"* ]]
	verify dedupe 'if __name__ ==' 'print("more")
if __name__ =='
	is unverified
	verify dedupe 'def main():' 'def unused():
    return 1


def main():'
	is equivalent
}

@test "cf-verify: what a call leaves in its module counts, and what it keeps for the next one" {
	verify dedupe "    return seen" "    global _kept
    _kept = seen
    return seen" # a name of its own
	is equivalent
	verify dedupe "$BODY" '    return _memo.setdefault(tuple(items), list(dict.fromkeys(items)))


_memo = {}'
	is different
	[[ "$path" == again* ]] || fail_with "$path"
	verify count 'total += n' 'total += n + 1'
	is different globals
	verify count 'total += n' 'total = total + n'
	is equivalent
}

@test "cf-verify: what a call says, logs and leaves in the process counts" {
	verify report '"done", n' '"done", 0 + n'
	is equivalent # the clock is in a line of stderr and in a record, and those alone are masked
	verify report 'print("checked", n, file=sys.stderr)' 'print("checked", -n, file=sys.stderr)'
	is different "stderr[1]"
	verify report 'print("checked", n, file=sys.stderr)' pass
	is different "stderr[1]"
	verify report 'log.info("report' 'log.debug("report'
	is different "logs[0][0]"
	verify report 'log.info("report %d at %s", n, time.time())' pass
	is different logs
	verify report '"report %d" % n' '"report"'
	is different "warnings[0][1]"
	verify report 'os.environ["REPORTED"] = str(n)' pass
	is different
	verify report 'Tally.reports += 1' 'Tally.reports += 2'
	is different "globals['Tally.reports']"
	verify report 'Tally.reports += 1' 'Tally.reports = Tally.reports + 1; Tally._last = n'
	is equivalent
	verify report 'Tally.reports += 1' 'Tally.reports += 1; os.chdir("/")'
	is different process
}

@test "cf-verify: what never returns is a timeout" {
	verify dedupe "$BODY" '    while True: pass' --call-timeout 1
	is timeout
	verify dedupe "$BODY" '    import ctypes; ctypes.CDLL(None).sleep(1000)' --timeout 4
	is timeout
}

@test "cf-verify: what two runs of the original do not share is masked and counted" {
	verify stamp '{"x": x, "t"' '{"x": x + 0, "t"'
	is equivalent
	[ "$(json candidate 'r["verdict"]["unstable"]' <<<"$output")" = 5 ]
	verify stamp '{"x": x, "t"' '{"x": x + 1, "t"'
	is different "return['x']"
	verify stamp '"t": time.time()}' '"u": time.time()}'
	is different
	verify token 'range(n)' 'range(n + 1)'
	is different 'len(return)'
	verify now 'time.time_ns()' '0'
	is unverified
	[ "$(json candidate 'r["verdict"]["skipped"]' <<<"$output")" = \
		"{'unstable: two runs of the original differ': 1}" ]
}

@test "cf-verify: chance is seeded, so that it binds" {
	verify pick 'random.choice(xs)' 'xs[0]'
	is different return
	verify pick 'return random.choice(xs)' 'return random.choice(tuple(xs))'
	is equivalent
}

@test "cf-verify: what is right by luck under one seed is held to another" {
	verify dedupe "$BODY" '    import os; return list(dict.fromkeys(items))[os.environ["PYTHONHASHSEED"] == "2":]'
	is different
	[[ "$(json candidate 'r["verdict"]["notes"]' <<<"$output")" == *"under another seed"* ]]
	verify pick 'random.choice(xs)' 'random.Random(random.getstate()[1][0] * 0 + 1).choice(xs)'
	is different
}

@test "cf-verify: where the order hangs on hashing, any order will do, other elements will not" {
	verify words 'list(set(text.split()))' 'list(dict.fromkeys(text.split()))'
	is equivalent
	[[ "$(json candidate 'r["verdict"]["notes"]' <<<"$output")" == *hashing* ]]
	verify words 'list(set(text.split()))' 'text.split()[1:] + ["the", "the"][:1][:0]'
	is different
	verify words 'list(set(text.split()))' '["cat"] + text.split()[1:]'
	is different
	# two come in the same order under every other seed
	verify pair '*{a, b}' 'a, b'
	is equivalent
	verify pair '*{a, b}' 'b, a'
	is equivalent
	verify pair '"both", *{a, b}' 'a, b, "both"'
	is different 'return[0]'
	verify pair '*{a, b}' 'a, a'
	is different
}

@test "cf-verify: what cannot be seen into is not compared, and alone verifies nothing" {
	verify handle 'open(path)' 'open(path, "r")'
	is unverified
	[[ "$(json candidate 'r["verdict"]["skipped"]' <<<"$output")" == *opaque* ]]
	verify handle 'open(path)' 'path'
	is different
}

@test "cf-verify: a stale hash or a path outside the project is an error, and the stream goes on" {
	good=$(candidate dedupe "$BODY" '    return list(dict.fromkeys(items))')
	stale=$(sed 's/"sha256_before": "..../"sha256_before": "0000/' <<<"$good")
	outside=$(sed 's|"path": "app.py"|"path": "../app.py"|' <<<"$good")
	run --separate-stderr cf-verify --quiet <<<"$stale"
	[ "$status" -eq 2 ]
	one_line cf-verify
	verdict "$output"
	is error
	run --separate-stderr cf-verify --quiet <<<"$outside"
	[ "$status" -eq 2 ]
	one_line cf-verify
	verdict "$output"
	is error
	run --separate-stderr cf-verify --quiet <<<"$stale
$good"
	[ "$status" -eq 2 ]
	[ "$(json candidate 'r["verdict"]["answer"]' <<<"$output")" = "error
equivalent" ]
}

@test "cf-verify: lines it does not know pass byte for byte and in their place" {
	good=$(candidate dedupe "$BODY" '    return list(dict.fromkeys(items))')
	bad=$(candidate dedupe "$BODY" '    return items')
	printf '%s\n' '{"schema":"cf/target/1",  "odd" : "spacing"}' "$bad" \
		'{"schema":"cf/other/1","x":[1,  2]}' "$good" '{"schema":"their/own/1"}' >stream.in
	for jobs in 1 4; do
		run --separate-stderr cf-verify -q -j "$jobs" stream.in
		[ "$status" -eq 0 ]
		[ "$(cut -c1-22 <<<"$output")" = '{"schema":"cf/target/1
{"schema":"cf/candidat
{"schema":"cf/other/1"
{"schema":"cf/candidat
{"schema":"their/own/1' ]
		[ "$(sed -n 1p <<<"$output")" = '{"schema":"cf/target/1",  "odd" : "spacing"}' ]
		[ "$(json candidate 'r["verdict"]["answer"]' <<<"$output")" = "different
equivalent" ]
	done
	rm stream.in
}

@test "cf-verify: --exit-code is 1 when nothing is equivalent" {
	candidate dedupe "$BODY" '    return items' >"$BATS_TEST_TMPDIR/bad"
	candidate dedupe "$BODY" '    return list(dict.fromkeys(items))' >"$BATS_TEST_TMPDIR/good"
	run cf-verify -q --exit-code "$BATS_TEST_TMPDIR/bad"
	[ "$status" -eq 1 ]
	run cf-verify -q --exit-code "$BATS_TEST_TMPDIR/bad" "$BATS_TEST_TMPDIR/good"
	[ "$status" -eq 0 ]
	run cf-verify -q "$BATS_TEST_TMPDIR/bad"
	[ "$status" -eq 0 ]
}

@test "cf-verify: --shard leaves the others' candidates alone" {
	for n in 1 2 3 4 5 6 7 8; do
		candidate dedupe "$BODY" "    return list(dict.fromkeys(items))  # $n"
	done >"$BATS_TEST_TMPDIR/eight"
	one=$(cf-verify -q --shard 1/2 "$BATS_TEST_TMPDIR/eight" | json candidate '"verdict" in r' | grep -c True)
	two=$(cf-verify -q --shard 2/2 "$BATS_TEST_TMPDIR/eight" | json candidate '"verdict" in r' | grep -c True)
	[ "$one" -gt 0 ] && [ "$two" -gt 0 ] && [ $((one + two)) -eq 8 ]
	run cf-verify --shard 3/2 "$BATS_TEST_TMPDIR/eight"
	[ "$status" -eq 2 ]
}

@test "cf-verify: a record of another trace, or of a trace that is gone, is one line and status 2" {
	good=$(candidate dedupe "$BODY" '    return list(dict.fromkeys(items))')
	run --separate-stderr cf-verify -q <<<"${good//codeflash.trace/nosuch.trace}"
	[ "$status" -eq 2 ]
	one_line cf-verify nosuch.trace
	verdict "$output"
	is unverified
	other=$(sed 's/"name": "dedupe"/"name": "something"/' <<<"$good")
	run --separate-stderr cf-verify -q <<<"$other"
	[ "$status" -eq 2 ]
	one_line cf-verify something
}

@test "cf-verify: --combine merges what is faster and verifies it whole" {
	{
		candidate dedupe "$BODY" '    return list(dict.fromkeys(items))'
		candidate mean 'sum(xs) / len(xs)' '1 / len(xs) * sum(xs)'
		candidate dedupe "$BODY" '    return [*dict.fromkeys(items)]'
	} | cf-verify -q | "$PYTHON" -c '
import json, sys
for i, line in enumerate(sys.stdin):
    r = json.loads(line)
    r["measurement"] = {"decision": "faster", "speedup": 1.5 + i}
    print(json.dumps(r))' >"$BATS_TEST_TMPDIR/measured"
	run --separate-stderr cf-verify --combine "$BATS_TEST_TMPDIR/measured"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 4 ]
	[ "$(head -3 <<<"$output")" = "$(cat "$BATS_TEST_TMPDIR/measured")" ]
	combined=$(tail -1 <<<"$output")
	verdict "$combined"
	is equivalent
	[ "$(json candidate '(r["origin"], len(r["members"]), len(r["targets"]), len(r["edits"]), r["verdict"]["compared"]["replay"])' \
		<<<"$combined")" = "('combined', 2, 2, 2, 10)" ]
	[[ "$(json candidate 'r["diff"]' <<<"$combined")" == *'+    return [*dict.fromkeys(items)]'* ]]
	# whoever verifies it again verifies it over all its targets
	run --separate-stderr cf-verify <<<"$combined"
	verdict "$output"
	is equivalent
	[ "$(json candidate 'r["verdict"]["compared"]["replay"]' <<<"$output")" = 10 ]
}

@test "cf-verify: --combine leaves out the member that breaks the others" {
	# each right by itself: both add something of the same name
	{
		candidate mean 'def mean(xs):
    return sum(xs) / len(xs)' 'def mean(xs):
    return _total(xs) / len(xs)


def _total(xs):
    return sum(xs)'
		candidate dedupe 'def dedupe(items):' 'def _total(xs):
    return None


def dedupe(items):'
	} | cf-verify -q | "$PYTHON" -c '
import json, sys
for i, line in enumerate(sys.stdin):
    r = json.loads(line)
    assert r["verdict"]["answer"] == "equivalent", r["verdict"]
    r["measurement"] = {"decision": "faster", "speedup": 2}
    r["target"]["own_ns"] = 1000 * (i + 1)
    print(json.dumps(r))' >"$BATS_TEST_TMPDIR/measured"
	run --separate-stderr cf-verify --combine "$BATS_TEST_TMPDIR/measured"
	[ "$status" -eq 0 ]
	combined=$(tail -1 <<<"$output")
	[ "$(json candidate '[t["name"] for t in r["targets"]]' <<<"$combined")" = "['dedupe']" ]
	[[ "$stderr" == *"combined: without mean: "* ]]
}

@test "cf-verify: --combine with nothing faster adds nothing" {
	candidate dedupe "$BODY" '    return list(dict.fromkeys(items))' | cf-verify -q >"$BATS_TEST_TMPDIR/one"
	run --separate-stderr cf-verify --combine --exit-code "$BATS_TEST_TMPDIR/one"
	[ "$status" -eq 1 ]
	[ "$output" = "$(cat "$BATS_TEST_TMPDIR/one")" ]
}

# Values by themselves: what Python encodes, the comparator of every language compares.
values() { # expression expression
	(
		cd "$BATS_TEST_TMPDIR" || return 1
		PYTHONPATH="${O:-$ROOT/build}/libexec/plugins/python" "$PYTHON" - "$@" <<'PY'
import collections, datetime, decimal, fractions, sys
from codeflash import encode

Point = collections.namedtuple("Point", "x y")


class Node:
    def __init__(self, **state):
        self.__dict__.update(state)


def upon(error, other):
    error.__context__ = other
    return error


def noted(error):
    error.__notes__ = ["by the way"]
    return error


for name, text in zip("ab", sys.argv[1:]):
    with open(name, "wb") as f:
        f.write(encode.value(eval(text)))
PY
	)
	run --separate-stderr cf-verify --values "$BATS_TEST_TMPDIR/a" "$BATS_TEST_TMPDIR/b"
	[ "$status" -eq 0 ] || fail_with "$stderr"
}

equal() {
	values "$@"
	[[ "$output" == '{"answer":"equal"'* ]] || fail_with "$*: $output"
}

unequal() { # path a b
	local want=$1
	shift
	values "$@"
	[[ "$output" == '{"answer":"different","path":"'"$want"'"'* ]] || fail_with "$*: $output"
}

@test "cf-verify --values: what Python calls equal and is of one type is equal" {
	equal '[1, 2.5, None, True, "a", b"b"]' '[1, 2.5, None, True, "a", b"b"]'
	equal '{1, 2, "x"}' '{"x", 2, 1}'
	equal '{frozenset({1, 2}), frozenset({3})}' '{frozenset({3}), frozenset({2, 1})}'
	equal 'float("nan")' '-float("nan")'
	equal '10 ** 40' '10 ** 40'
	equal 'Node(x=1, y=2)' 'Node(y=2, x=1)'
	equal '0.1 + 0.2' '0.3'
	equal '(lambda t: [t, t])((1, 2))' '[(1, 2), (1, 2)]'
	equal 'decimal.Decimal("1.50")' 'decimal.Decimal("1.50")'
	equal 'ValueError("x")' 'upon(ValueError("x"), KeyError(1))'
	equal '[{ValueError("x"), 1}]' '[{1, upon(ValueError("x"), KeyError(1))}]'
}

@test "cf-verify --values: everything else is different, and where is said" {
	unequal value '1' '1.0'
	unequal value '1' 'True'
	unequal 'value' '10 ** 40' '10 ** 40 + 1'
	unequal 'value' '0.0' '-0.0'
	unequal 'value[3].x' '[0, 0, 0, Node(x=1)]' '[0, 0, 0, Node(x=2)]'
	unequal "value['k'][1]" '{"k": [1, 2]}' '{"k": [1, 3]}'
	unequal 'type(value)' '[1]' '(1,)'
	unequal 'type(value)' 'Point(1, 2)' '(1, 2)'
	unequal 'value.keys()[0]' '{"a": 1, "b": 2}' '{"b": 2, "a": 1}'
	unequal 'value' '{1, 2}' '{1, 3}'
	unequal 'value[1]' '(lambda t: [t, t])([1])' '[[1], [1]]'
	unequal 'value' 'decimal.Decimal("1.50")' 'decimal.Decimal("1.5")'
	unequal 'value' 'fractions.Fraction(1, 3)' 'fractions.Fraction(1, 2)'
	unequal 'value' 'datetime.date(2020, 1, 1)' 'datetime.date(2020, 1, 2)'
	unequal 'len(value)' 'iter([1, 2])' 'iter([1, 2, 3])'
	unequal 'value.maxlen' 'collections.deque([1], 3)' 'collections.deque([1], 4)'
	unequal 'value' '"\ud800"' '"\ud801"'
	unequal 'value.notes' 'ValueError("x")' 'noted(ValueError("x"))'
}

@test "cf-verify --values: a mask, --exit-code, and what is no value" {
	values '{"a": 1, "b": 2}' '{"a": 1, "b": 3}'
	cd "$BATS_TEST_TMPDIR"
	echo "[\"value['b']\"]" >mask.json
	run --separate-stderr cf-verify --values --mask mask.json a b
	[ "$output" = '{"answer":"equal","path":null,"original":null,"candidate":null,"reason":null}' ]
	run --separate-stderr cf-verify --values --exit-code a b
	[ "$status" -eq 1 ]
	[ "$output" = "{\"answer\":\"different\",\"path\":\"value['b']\",\"original\":\"2\",\"candidate\":\"3\",\"reason\":null}" ]
	values '[1, (x for x in ()).gi_frame]' '[1, (x for x in ()).gi_frame]'
	[ "$output" = '{"answer":"unknown","path":"value[1]","original":null,"candidate":null,"reason":"frame: a frame"}' ] || fail_with "$output"
	run --separate-stderr cf-verify --values --exit-code a b
	[ "$status" -eq 1 ]
	values '1' '1'
	head -c 20 a >cut
	run --separate-stderr cf-verify --values a cut
	[ "$status" -eq 2 ]
	one_line cf-verify cut
	run --separate-stderr cf-verify --values a
	[ "$status" -eq 2 ]
}
