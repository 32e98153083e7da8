#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The manuals say what the programs do: options, sections, formats; and their examples run.

load helper

TOOLS="cf-trace cf-replaygen cf-rank cf-suggest cf-verify cf-bench cf-pr"

# A project at the point that the examples start from: traced, and with each stage's stream saved.
example_project() {
	small_script report.py
	cat >server.py <<'PY'
import time


def answer(n):
    return n + 1


for n in range(20):
    answer(n)
time.sleep(600)
PY
	cat >test_report.py <<'PY'
import unittest

import report


class TestReport(unittest.TestCase):
    def test_dedupe(self):
        self.assertEqual(report.dedupe([1, 1, 2]), [1, 2])
PY
	printf '__pycache__/\n*.jsonl\n*.trace\n' >.gitignore
	git init -q .
	git add -A
	git -c user.name=t -c user.email=t@localhost commit -qm first
	{
		cf-trace report.py >trace.jsonl &&
			cf-replaygen trace.jsonl >replay.jsonl &&
			cf-rank replay.jsonl >ranked.jsonl &&
			cf-suggest ranked.jsonl >candidates.jsonl &&
			cf-verify candidates.jsonl >verified.jsonl &&
			cf-bench --budget 3 verified.jsonl >measured.jsonl &&
			cf-verify --combine measured.jsonl >combined.jsonl &&
			cf-bench --workflow --budget 2 combined.jsonl >timed.jsonl
	} 2>log || { cat log >&2; return 1; }
}

# The commands below EXAMPLES: lines that begin with "$ ", with the lines that go on from them.
examples() {
	awk '
		/^\.Sh / { on = $2 == "EXAMPLES"; next }
		!on { next }
		/^\.Bd / { block = 1; next }
		/^\.Ed/ { block = 0; next }
		/^\.Dl \$ / { print substr($0, 7); next }
		/^\./ || !block { next }
		/^\$ / { print substr($0, 3); next }
		{ print }' "$1" | sed -e 's/\\(dq/"/g' -e 's/\\&//g' -e 's/\\e/\\/g'
}

options_of() { "$1" --complete | sed -n 's/^--\([a-z0-9-]*\).*/\1/p' | sort; }
documented() { grep -o 'Fl -[a-z][a-z0-9-]*' "$1" | sed 's/Fl -//' | sort -u; }

@test "manuals: every binary has one, and --help, --version and --complete" {
	for tool in $TOOLS codeflash; do
		[ -f "$ROOT/man/$tool.1" ] || fail_with "no manual for $tool"
		run "$tool" --help
		[ "$status" -eq 0 ] && [[ $output == "usage: $tool "* ]] || fail_with "$tool --help: $output"
		run "$tool" --version
		[ "$status" -eq 0 ] && [[ $output =~ ^$tool\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail_with "$tool --version: $output"
	done
}

@test "manuals: every option is documented, and what is documented is an option" {
	for tool in $TOOLS; do
		for option in $(options_of "$tool"); do
			grep -q "^\.It.*Fl -$option\b" "$ROOT/man/$tool.1" || fail_with "$tool.1 lacks --$option"
		done
		for option in $(grep '^\.It.*Fl' "$ROOT/man/$tool.1" | grep -o 'Fl -[a-z][a-z0-9-]*' | sed 's/Fl -//'); do
			"$tool" --complete | grep -q "^--$option[=	]" || fail_with "$tool has no --$option"
		done
	done
	for option in $(codeflash --help | grep -o -- '--[a-z][a-z-]*' | sort -u); do
		grep -q "Fl -${option#--}\b" "$ROOT/man/codeflash.1" || fail_with "codeflash.1 lacks $option"
	done
	for option in $(documented "$ROOT/man/codeflash.1"); do
		codeflash --help | grep -q -- "--$option\b" || fail_with "codeflash --help lacks --$option"
	done
}

@test "manuals: every page of section 1 has EXIT STATUS and EXAMPLES" {
	for page in "$ROOT"/man/*.1; do
		grep -q '^\.Sh EXIT STATUS' "$page" || fail_with "$page: no EXIT STATUS"
		[ -n "$(examples "$page")" ] || fail_with "$page: no EXAMPLES"
	done
}

@test "manuals: the checker has nothing to say" {
	run mandoc -T lint -W warning "$ROOT"/man/*.[157]
	[ "$output" = "" ] || fail_with "$output"
}

@test "manuals: pages refer to pages that exist" {
	for name in $(sed -n 's/^\.\(It \)\{0,1\}Xr \(c[of]-*[a-z]*\) \([157]\).*/\2.\3/p' "$ROOT"/man/*.[157] | sort -u); do
		[ -f "$ROOT/man/$name" ] || fail_with "no man/$name"
	done
}

@test "manuals: cf-trace.5 prints the schema that is built in" {
	sed -n '/^\.Bd -literal$/,/^\.Ed$/p' "$ROOT/man/cf-trace.5" | sed -e '1d' -e '/^\.Ed$/,$d' -e 's/\\e/\\/g' |
		diff - "$ROOT/lib/schema.sql"
}

@test "manuals: cf-spool.5 and lib/spool.h agree on record types" {
	for pair in $(sed -n 's/^\tCF_REC_\([A-Z]*\) = \([0-9]*\),.*/\2:\1/p' "$ROOT/lib/spool.h"); do
		grep -q "^\.It ${pair%%:*} Ta ${pair#*:}:" "$ROOT/man/cf-spool.5" || fail_with "cf-spool.5 lacks $pair"
	done
}

@test "manuals: cf-json.5 names every key of every record" {
	run "$PYTHON" - "$ROOT" <<'PY'
import json, pathlib, re, sys
root = pathlib.Path(sys.argv[1])
page = root.joinpath("man/cf-json.5").read_text()
words = set(re.findall(r"\w+", page))
missing = []
def walk(schema, where):
    for key, sub in schema.get("properties", {}).items():
        if key not in words:
            missing.append(f"{where}.{key}")
        walk(sub, f"{where}.{key}")
    for sub in ([schema["items"]] if "items" in schema else []) + list(schema.get("$defs", {}).values()):
        walk(sub, where)
for path in sorted(root.glob("schema/*.json")):
    walk(json.loads(path.read_text()), path.name)
print(missing)
sys.exit(bool(missing))
PY
	[ "$status" -eq 0 ] || fail_with "$output"
}

@test "manuals: the examples run" {
	[ -z "${CHECK_VENV:-}" ] || PATH=$CHECK_VENV/bin:$PATH
	project
	example_project
	# a trace names its project by path: each page works in the same folder, put back afterwards
	cp -a . "$BATS_TEST_TMPDIR/saved"
	for page in "$ROOT"/man/*.[157]; do
		examples "$page" >"$BATS_TEST_TMPDIR/script"
		[ -s "$BATS_TEST_TMPDIR/script" ] || continue
		run sh -e "$BATS_TEST_TMPDIR/script"
		[ "$status" -eq 0 ] || fail_with "${page##*/}: $(printf "%s\n" "$output" | tail -n 12)"
		find . -mindepth 1 -delete
		cp -a "$BATS_TEST_TMPDIR/saved/." .
	done
}
