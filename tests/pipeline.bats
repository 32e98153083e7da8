#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The whole of it on the bundled workflow: what the README promises.

load helper

setup_file() {
	project=$BATS_FILE_TMPDIR/nightly
	mkdir "$project"
	(cd "$ROOT/examples/workflow" && cp -R ./*.py .gitignore pyproject.toml recon tests "$project")
	cd "$project" || return 1
	python3 make_feeds.py
	git init -q .
	git add -A
	git -c user.name=t -c user.email=t@localhost commit -qm 'as it was'
	python3 nightly.py >../before.txt
	codeflash optimize --json --top 6 nightly.py >../result.json 2>../log || { cat ../log >&2; return 1; }
}

setup() {
	cd "$BATS_FILE_TMPDIR/nightly"
	result=$BATS_FILE_TMPDIR/result.json
}

result() { "$PYTHON" -c 'import json,sys
r = json.load(open(sys.argv[1]))
print(eval(sys.argv[2]))' "$result" "$1"; }

# What saved stream $1 accepts, by id and function: "plain", only that whose gain no noise hides; "possible",
# also what is verified and was not measured to be no gain: a busy machine may leave that undecided.
accepted() { "$PYTHON" -c 'import json,sys
records = [json.loads(line) for line in open(sys.argv[1])]
found = {a["id"] + " " + a["target"] for a in records[-1]["accepted"] if a["low"] >= 1.5 or sys.argv[2] != "plain"}
for r in records:
    m = r.get("measurement") or {}
    if sys.argv[2] == "possible" and m.get("decision") in ("faster", "same") and (m["high"] or 0) > 1.03:
        found.add(r["id"] + " " + r["target"]["name"])
print(*sorted(found), sep="\n")' "$@"; }

# Whatever is plain in the one run is not denied in the other.
same_accepted() {
	both=$(comm -12 <(accepted "$1" plain) <(accepted "$2" plain) | wc -l)
	[ "$both" -ge 2 ] || fail_with "hardly anything accepted: $(accepted "$1" plain), $(accepted "$2" plain)"
	[ "$(comm -23 <(accepted "$1" plain) <(accepted "$2" possible))" = "" ] || fail_with "$(accepted "$1" plain)" not "$(accepted "$2" possible)"
	[ "$(comm -23 <(accepted "$2" plain) <(accepted "$1" possible))" = "" ] || fail_with "$(accepted "$2" plain)" not "$(accepted "$1" possible)"
}

@test "pipeline: the whole program takes at most half the time, and prints the same" {
	[ "$(result 'r["workflow"]["output_identical"]')" = True ]
	[ "$(result 'r["workflow"]["speedup"] >= 2')" = True ] || fail_with "$(result 'r["workflow"]')"
	grep -q 'whole program: .* faster (.* to .*)' "$BATS_FILE_TMPDIR/log"
}

@test "pipeline: what the program printed was its own, and the tree is clean but for the outputs" {
	[ "$(git status --porcelain | grep -v '^?? tests/test_replay_test_[0-9]*\.py$')" = "" ]
	git diff --quiet HEAD
	[ -s codeflash.trace ]
}

@test "pipeline: the patch applies, the program prints the same, its tests pass" {
	git stash list | { run ! grep .; }
	git apply .codeflash/patches/all.patch
	python3 nightly.py | cmp - "$BATS_FILE_TMPDIR/before.txt"
	"$PYTHON" -m pytest -q -p no:cacheprovider tests/test_recon.py
	git checkout -q -- .
}

@test "pipeline: each patch applies alone, and the branch ends in what the patch makes" {
	for patch in .codeflash/patches/0*.patch; do git apply --check "$patch"; done
	branch=$(result 'r["branch"]')
	[ "$(git rev-list --count "HEAD..$branch")" -eq "$(result 'len(r["accepted"])')" ]
	git apply .codeflash/patches/all.patch
	git diff --quiet "$branch" -- recon nightly.py
	git checkout -q -- .
}

@test "pipeline: every candidate has a verdict" {
	"$PYTHON" - .codeflash/run-*/09-result.jsonl <<'PY'
import json, sys
last = {}
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r["schema"] == "cf/candidate/1":
        last[r["id"]] = r
assert last
for r in last.values():
    assert r["verdict"]["answer"] in ("equivalent", "different", "error", "timeout", "unverified"), r["id"]
    assert r["origin"] == "combined" or r["verdict"]["answer"] != "equivalent" or r["measurement"]["decision"], r["id"]
PY
}

@test "pipeline: the replay tests pass under plain pytest" {
	run "$PYTHON" -m pytest -q -p no:cacheprovider tests
	[ "$status" -eq 0 ] || fail_with "$(printf '%s\n' "$output" | tail -n 30)"
}

@test "pipeline: by hand, each stage saved and resumed from, it accepts what the driver did" {
	dir=.codeflash/make
	mkdir -p $dir
	cp .codeflash/run-*/01-trace.jsonl $dir/1-trace.jsonl
	run make -f "$ROOT/examples/Makefile" DIR=$dir RANK='--top 6'
	[ "$status" -eq 0 ] || fail_with "$output"
	same_accepted .codeflash/run-*/09-result.jsonl $dir/9-result.jsonl
	# from the middle: nothing before it runs again
	rm $dir/9-result.jsonl $dir/8-workflow.jsonl $dir/7-combine.jsonl
	run make -f "$ROOT/examples/Makefile" DIR=$dir RANK='--top 6'
	[ "$status" -eq 0 ] || fail_with "$output"
	run ! grep -E 'cf-(trace|replaygen|rank|suggest|bench) .*[0-6]-' <<<"$output"
	same_accepted .codeflash/run-*/09-result.jsonl $dir/9-result.jsonl
}
