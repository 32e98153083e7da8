#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-suggest on targets made by hand: the rules, a command, and what goes wrong.

load helper

setup() {
	project
	small_script
}

# A target record for a function of a file, as cf-rank writes it: name line end_line [file] [more].
target() {
	"$PYTHON" - "$@" <<'PY'
import hashlib, json, os, sys
name, line, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
path = sys.argv[4] if len(sys.argv) > 4 else "app.py"
lines = open(path, "rb").read().split(b"\n")
digest = hashlib.sha256(b"\n".join(lines[line - 1:end]) + b"\n").hexdigest()
record = {"schema": "cf/target/1", "id": hashlib.sha256(name.encode()).hexdigest()[:16], "trace": "t",
          "project_root": os.getcwd(), "language": "python", "function": 1, "file": path, "name": name,
          "class": None, "kind": "function", "module": "app", "line": line, "end_line": end,
          "source_sha256": digest, "share": 0.5, "own_ns": 9, "total_ns": 9, "calls": 40, "potential_ns": 9,
          "why": {"hot_lines": []}, "tests": [], "captured": 3}
record.update(json.loads(sys.argv[5]) if len(sys.argv) > 5 else {})
print(json.dumps(record))
PY
}

dedupe() { target dedupe 4 9 "$@"; }

# The file as the first candidate of the origin would have it.
patched() {
	"$PYTHON" - "$1" "${2:-app.py}" <<'PY'
import json, sys
for line in open("out.jsonl"):
    r = json.loads(line)
    if r.get("origin") == sys.argv[1]:
        data = open(sys.argv[2], "rb").read()
        for e in reversed([e for e in r["edits"] if e["path"] == sys.argv[2]]):
            data = data[:e["start"]] + e["text"].encode() + data[e["end"]:]
        sys.stdout.buffer.write(data)
        break
PY
}

@test "cf-suggest: passes the target on, byte for byte, with its candidates behind it" {
	{ dedupe; echo '{"schema":"cf/trace/1",   "x": 1.50}'; } >in.jsonl
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	echo "$output" >out.jsonl
	[ "$(head -n 1 out.jsonl)" = "$(head -n 1 in.jsonl)" ]
	[ "$(tail -n 1 out.jsonl)" = '{"schema":"cf/trace/1",   "x": 1.50}' ]
	[ "$(json candidate 'r["origin"]' <out.jsonl | head -n 1)" = rules/dedupe ]
	patched rules/dedupe >new.py
	grep -q "seen = list(dict.fromkeys(items))" new.py
	cmp <("$PYTHON" app.py) <("$PYTHON" new.py)
}

@test "cf-suggest: a candidate's diff is what git applies, and its id is stable" {
	dedupe | cf-suggest >out.jsonl
	dedupe | cf-suggest >again.jsonl
	cmp out.jsonl again.jsonl
	json candidate 'r["diff"]' <out.jsonl | sed '/^$/d' >/dev/null
	"$PYTHON" -c 'import json
for line in open("out.jsonl"):
    r = json.loads(line)
    if r.get("origin") == "rules/dedupe":
        open("p.diff", "w").write(r["diff"])'
	patched rules/dedupe >new.py
	git apply p.diff
	cmp app.py new.py
}

@test "cf-suggest: several proposals for one function also come together, first" {
	cat >two.py <<'PY'
def f(a, b):
    q = list(a)
    out = ''
    while q:
        x = q.pop(0)
        if x in b:
            out += str(x)
    return out
PY
	target f 1 8 two.py | cf-suggest >out.jsonl
	[ "$(json candidate 'r["origin"]' <out.jsonl | head -n 1)" = rules/all ]
	[ "$(json candidate 'r["origin"]' <out.jsonl | sort | tr '\n' ' ')" = \
		"rules/all rules/list-membership rules/list-queue rules/string-concat " ]
	patched rules/all two.py >new.py
	cmp <("$PYTHON" -c 'from new import f; print(f([1, 2, 3], [3, 1]))') <(echo 13)
}

@test "cf-suggest: --candidates, --rule and --shard say how much" {
	cat >two.py <<'PY'
def f(a, b):
    return [x for x in a if x in b], [x for x in b if x in a], set([x for x in a])
PY
	two="--rule list-membership --rule built-list"
	[ "$(target f 1 2 two.py | cf-suggest $two | json candidate 1 | wc -l)" -eq 4 ]
	[ "$(target f 1 2 two.py | cf-suggest $two --candidates 2 | json candidate 1 | wc -l)" -eq 2 ]
	[ "$(target f 1 2 two.py | cf-suggest --rule built-list | json candidate 'r["origin"]')" = rules/built-list ]
	target f 1 2 two.py >in.jsonl
	all=$(for i in 1 2 3; do cf-suggest --shard $i/3 in.jsonl | json candidate 'r["id"]'; done)
	[ "$(echo "$all" | sort)" = "$(cf-suggest in.jsonl | json candidate 'r["id"]' | sort)" ]
}

@test "cf-suggest: the lines that cost most come first" {
	cat >two.py <<'PY'
def f(a, b):
    s = [x for x in a if x in b]
    t = [x for x in b if x in a]
    return s, t
PY
	target f 1 4 two.py '{"why": {"hot_lines": [{"line": 3, "ns": 90}, {"line": 2, "ns": 10}]}}' |
		cf-suggest >out.jsonl
	[ "$(json candidate 'r["diff"].count("a_set = ")' <out.jsonl | tr '\n' ' ')" = "1 1 0 " ]
}

@test "cf-suggest: a function that changed since the trace gets no candidate, one line, status 2" {
	dedupe >in.jsonl
	sed -i 's/not in seen/not  in seen/' app.py
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 2 ]
	one_line cf-suggest app.py dedupe "changed since the trace"
	[ "$output" = "$(cat in.jsonl)" ]

	sed -i '4,9d' app.py
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 2 ]
	one_line cf-suggest app.py dedupe

	rm app.py
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 2 ]
	one_line cf-suggest app.py "No such file"
}

@test "cf-suggest: CRLF, a missing last newline, tabs, and names with odd characters are kept" {
	odd=$'o "d" d\n\303\251.py'
	printf 'def f(items):\r\n\tout = []\r\n\tfor x in items:\r\n\t\tif x not in out:\r\n\t\t\tout.append(x)\r\n\treturn out' >"$odd"
	"$PYTHON" - "$odd" <<'PY' >in.jsonl
import hashlib, json, os, sys
print(json.dumps({"schema": "cf/target/1", "id": "0" * 16, "project_root": os.getcwd(), "language": "python", "file": sys.argv[1],
    "name": "f", "line": 1, "end_line": 6, "source_sha256": hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()}))
PY
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 0 ] || fail_with "$stderr"
	echo "$output" >out.jsonl
	patched rules/dedupe "$odd" >new.py
	printf 'def f(items):\r\n\tout = list(dict.fromkeys(items))\r\n\treturn out' | cmp - new.py
	"$PYTHON" -c 'import json
for line in open("out.jsonl"):
    r = json.loads(line)
    if r.get("origin") == "rules/dedupe":
        open("p.diff", "wb").write(r["diff"].encode())'
	git apply p.diff
	cmp "$odd" new.py
}

@test "cf-suggest: a file that is not UTF-8, or not Python, is left alone" {
	printf '# coding: latin-1\ndef f(a, b):\n    return [x for x in a if x in b] + ["\351"]\n' >l.py
	run --separate-stderr cf-suggest <<<"$(target f 2 3 l.py)"
	[ "$status" -eq 0 ]
	one_line cf-suggest l.py "not UTF-8"
	[ "$(wc -l <<<"$output")" -eq 1 ]
	run --separate-stderr cf-suggest <<<"$(dedupe app.py '{"language": "cobol"}')"
	[ "$status" -eq 0 ]
	[ "$(wc -l <<<"$output")" -eq 1 ]
}

@test "cf-suggest: targets that miss a field, and unknown options, are refused in one line" {
	run --separate-stderr cf-suggest <<<'{"schema":"cf/target/1","id":"x"}'
	[ "$status" -eq 2 ]
	one_line cf-suggest "stdin:1" "project_root"
	run --separate-stderr cf-suggest --from nobody
	[ "$status" -eq 2 ]
	one_line cf-suggest nobody rules exec:CMD
	run --separate-stderr cf-suggest --rule nothing
	[ "$status" -eq 2 ]
	one_line cf-suggest nothing --list-rules
	run --separate-stderr cf-suggest --explain nothing
	[ "$status" -eq 2 ]
	one_line cf-suggest nothing --list-rules
	run --separate-stderr cf-suggest --shard 4/3
	[ "$status" -eq 2 ]
	one_line cf-suggest --shard
}

# A program that answers with app.py where $1 is replaced by $2.
writer() {
	cat >writer.py <<'PY'
import json, sys
target = json.loads(sys.stdin.readline())
text = open(target["file"]).read()
print(json.dumps({"name": "swap " + target["name"], "explanation": "because", "cost": {"input_tokens": 3, "output_tokens": 4},
                  "files": {target["file"]: text.replace(sys.argv[1], sys.argv[2])}}))
PY
}

@test "cf-suggest exec: a command's whole files become minimal edits" {
	writer
	dedupe | cf-suggest --from "exec:\"$PYTHON\" writer.py 'seen = []' 'seen = list()'" >out.jsonl
	[ "$(json candidate '[r["origin"], r["name"], r["explanation"], len(r["edits"]), r["edits"][0]["text"], r["cost"]["output_tokens"]]' <out.jsonl)" = \
		"['exec/swap dedupe', 'swap dedupe', 'because', 1, '    seen = list()\\n', 4]" ]
	# The file as it is is no candidate; the same text twice is one.
	[ "$(dedupe | cf-suggest --from "exec:\"$PYTHON\" writer.py a a" | wc -l)" -eq 1 ]
	[ "$(dedupe | cf-suggest --from "exec:\"$PYTHON\" writer.py 'seen = []' 'seen = list()' | tee /dev/stderr | sed p" 2>/dev/null | json candidate 1 | wc -l)" -eq 1 ]
	# Both backends, in the order asked for.
	[ "$(dedupe | cf-suggest --from rules --rule dedupe --from "exec:\"$PYTHON\" writer.py '= []' '= list()'" | json candidate 'r["origin"]' | tr '\n' ' ')" = "rules/dedupe exec/swap dedupe " ]
}

@test "cf-suggest exec: a command that fails, hangs, or answers nonsense costs its candidates only" {
	{ dedupe; dedupe app.py '{"id": "1111111111111111"}'; } >in.jsonl
	run --separate-stderr cf-suggest --from 'exec:grep -q 1111111111111111 || { echo "no model" >&2; exit 7; }' in.jsonl
	[ "$status" -eq 3 ]
	one_line cf-suggest "status 7" "no model" dedupe
	[ "$output" = "$(cat in.jsonl)" ]

	run --separate-stderr cf-suggest --timeout 0.3 --from 'exec:sleep 60' --from rules <<<"$(dedupe)"
	[ "$status" -eq 3 ]
	one_line cf-suggest "sleep 60" "0.3 s"
	[ "$(json candidate 'r["origin"]' <<<"$output" | head -n 1)" = rules/dedupe ]

	# What is no answer is said once, and a good one beside it counts.
	writer
	good="\"$PYTHON\" writer.py 'seen = []' 'seen = list()' <target"
	dedupe >target
	for answer in 'garbage' '[]' '{"files": {}}'; do
		ANSWER=$answer run --separate-stderr cf-suggest --from "exec:printf '%s\n' \"\$ANSWER\" \"\$ANSWER\"; $good" <target
		[ "$status" -eq 3 ] || fail_with "$answer: $status"
		one_line cf-suggest "exec:printf" dedupe
		[ "$(wc -l <<<"$output")" -eq 2 ]
	done
	# A candidate that cannot be used is dropped.
	for answer in '{"files": {"app.py": 3}}' '{"files": {"app.py": null}}' '{"files": {"../x.py": "x"}}' \
		'{"files": {"/etc/passwd": "x"}}' '{"files": {"app.py": "def f(:"}}' '{"files": {"new.py": "x"}}'; do
		ANSWER=$answer run --separate-stderr cf-suggest --from "exec:printf '%s\n' \"\$ANSWER\"; $good" <target
		[ "$status" -eq 0 ] || fail_with "$answer: $status"
		one_line cf-suggest
		[ "$(wc -l <<<"$output")" -eq 2 ]
	done
	run --separate-stderr cf-suggest --from "exec:printf '{\"files\": {\"app.py\": null}}'" <target
	one_line cf-suggest "exec:printf" app.py dedupe dropped
}

@test "cf-suggest: a file whose lines end in CR alone is left alone, and said to be so" {
	printf 'def f(items):\r    out = []\r    for x in items:\r        out.append(x)\r    return out\r' >cr.py
	"$PYTHON" - <<'PY' >in.jsonl
import json, os
print(json.dumps({"schema": "cf/target/1", "id": "0" * 16, "project_root": os.getcwd(), "language": "python", "file": "cr.py",
    "name": "f", "line": 1, "end_line": 5, "source_sha256": "0" * 64}))
PY
	dedupe >>in.jsonl
	run --separate-stderr cf-suggest in.jsonl
	[ "$status" -eq 0 ]
	one_line cf-suggest cr.py "carriage return"
	json candidate 'r["target"]["file"]' <<<"$output" | grep -qx app.py
}

@test "cf-suggest: every rule's examples answer the same under Python, before and after" {
	"$O/unit/rules_test" --json >examples.json
	run "$PYTHON" "$ROOT/tests/rules_examples.py" <examples.json
	[ "$status" -eq 0 ] || fail_with "$output"
}

@test "cf-suggest: every JavaScript rule's examples answer the same under Node, before and after" {
	command -v node >/dev/null || { [ -z "${CI:-}" ] && skip "node is not installed"; }
	"$O/unit/rules_test" --json javascript >examples.json
	run node "$ROOT/tests/rules_examples.js" <examples.json
	[ "$status" -eq 0 ] || fail_with "$output"
}

@test "cf-suggest: the rules find what people write, and leave alone what only looks like it" {
	run "$PYTHON" "$ROOT/tests/rules_corpus.py" "$O/unit/rules_test" "$ROOT"/tests/fixtures/rules/*.py
	[ "$status" = 0 ] || { printf '%s\n' "$output"; false; }
}

@test "cf-suggest: so do those for JavaScript" {
	command -v node >/dev/null || { [ -z "${CI:-}" ] && skip "node is not installed"; }
	run node "$ROOT/tests/rules_corpus.js" "$O/unit/rules_test" "$ROOT"/tests/fixtures/rules/javascript/*.js
	[ "$status" = 0 ] || fail_with "$output"
}

@test "cf-suggest: --list-rules names them all, --explain shows each" {
	cf-suggest --list-rules | cut -d' ' -f1 >rules
	[ "$(wc -l <rules)" -ge 30 ]
	while read -r rule; do
		cf-suggest --explain "$rule" | grep -q "^Before:"
	done <rules
}
