#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-pr: what stands is published, the user's tree is left alone.

load helper

setup() {
	root=$BATS_TEST_TMPDIR/project
	mkdir -p "$root/pkg"
	export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_NOSYSTEM=1
	unset GIT_DIR GIT_INDEX_FILE GIT_AUTHOR_NAME GIT_COMMITTER_NAME
	printf 'import sys\n\n\ndef f1(x):\n    return slow(x)\n\n\nprint(f1(1))\n' >"$root/job.py"
	printf 'def f2(x):\n    y = x\n    z = y\n    w = z\n    return slower(w)\n' >"$root/pkg/two.py"
	chmod 755 "$root/job.py"
	cd "$root"
}

git_project() {
	git init -q .
	git add -A
	git -c user.name=t -c user.email=t@localhost commit -qm first
}

# The finished stream of two candidates, one a file.
two() {
	python3 "$BATS_TEST_DIRNAME/make_stream.py" "$root" job.py 'slow(x)' 'fast(x)' \
		pkg/two.py 'slower(w)' 'faster(w)'
}

field() { # field EXPRESSION of the last line of $output
	printf '%s\n' "$output" | tail -n 1 | python3 -c 'import json, sys
r = json.loads(sys.stdin.read())
print(eval(sys.argv[1]))' "$1"
}

# run, for root too under the permissions of files.
mortal() {
	if [ "$(id -u)" -eq 0 ]; then
		run setpriv --bounding-set -dac_override,-dac_read_search "$@"
	else
		run "$@"
	fi
}

tree_state() { git status --porcelain=v2 --branch; git rev-parse HEAD; git ls-files -s; sha256sum job.py pkg/two.py; }

@test "cf-pr: patches apply with git apply, alone and all together" {
	git_project
	two | cf-pr >"$BATS_TEST_TMPDIR/out"
	for p in .codeflash/patches/0001-f1.patch .codeflash/patches/0002-f2.patch; do git apply --check "$p"; done
	git apply .codeflash/patches/all.patch
	grep -q 'fast(x)' job.py
	grep -q 'faster(w)' pkg/two.py
}

@test "cf-pr: the branch has one commit a member and touches neither tree, index nor HEAD" {
	git_project
	echo 'staged' >other.txt
	git add other.txt
	before=$(tree_state)
	output=$(two | cf-pr 2>/dev/null)
	[ "$before" = "$(tree_state)" ]
	[ "$(field 'r["branch"]')" = codeflash/job ]
	[ "$(git rev-list --count HEAD..codeflash/job)" -eq 2 ]
	[ "$(git log -1 --format=%s codeflash/job~1)" = 'perf(job): f1 1.50x faster' ]
	git log -1 --format=%B codeflash/job | grep -q 'candidate 2 does less'
	[ "$(git diff --stat HEAD codeflash/job~1 | tail -n 1)" = " 1 file changed, 1 insertion(+), 1 deletion(-)" ]
	git show codeflash/job:job.py | grep -q 'fast(x)'
	git show codeflash/job:pkg/two.py | grep -q 'faster(w)'
	git ls-tree codeflash/job job.py | grep -q ^100755
	# what was only staged is no business of the branch
	run ! git show codeflash/job:other.txt
}

@test "cf-pr: the message says what was verified, and how many mutants that told apart" {
	git_project
	two | cf-pr >/dev/null 2>&1
	git log -1 --format=%B codeflash/job | grep -qx 'Verified: the same on 7 recorded calls.'
	two | sed 's/"compared": {"replay": 7}/&, "strength": {"killed": 7, "of": 8, "survivors": []}/' |
		cf-pr --branch weighed >/dev/null 2>&1
	[[ "$(git log -1 --format=%B weighed)" == *'Verified: the same on 7 recorded calls, which told 7 of 8
mutants of the original apart from it.
'* ]]
	grep -qx '# mutants of the original apart from it.' .codeflash/patches/0001-f1.patch
}

@test "cf-pr: the same work twice is one branch, other work the next name" {
	git_project
	two | cf-pr >/dev/null 2>&1
	output=$(two | cf-pr 2>/dev/null)
	[ "$(field 'r["branch"]')" = codeflash/job ]
	output=$(python3 "$BATS_TEST_DIRNAME/make_stream.py" "$root" job.py 'slow(x)' 'other(x)' | cf-pr 2>/dev/null)
	[ "$(field 'r["branch"]')" = codeflash/job-2 ]
	# patches are those of the last run
	[ ! -e .codeflash/patches/0002-f2.patch ]
}

@test "cf-pr: a project below the top of its repository" {
	mkdir "$BATS_TEST_TMPDIR/top"
	mv "$root" "$BATS_TEST_TMPDIR/top/sub dir"
	root="$BATS_TEST_TMPDIR/top/sub dir"
	cd "$BATS_TEST_TMPDIR/top"
	git_project
	two | cf-pr >/dev/null 2>&1
	git show 'codeflash/job:sub dir/job.py' | grep -q 'fast(x)'
	git apply 'sub dir/.codeflash/patches/all.patch'
	cd 'sub dir'
	git apply -R .codeflash/patches/all.patch
	git apply .codeflash/patches/all.patch
	grep -q 'fast(x)' job.py
}

@test "cf-pr: uncommitted edits to a file mean no branch, and the patches stay" {
	git_project
	echo '# mine' >>job.py
	two | cf-pr >out 2>err
	grep -q 'job.py differs from HEAD' err
	run ! git rev-parse -q --verify codeflash/job
	git apply --check .codeflash/patches/all.patch
	run bash -c "cf-pr --branch mine out 2>&1 >/dev/null"
	[ "$status" -eq 2 ]
	[[ $output == *"differs from HEAD"* ]]
}

@test "cf-pr: outside git there are patches only, and it says so" {
	GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR cf-pr <<<"$(two)" >out 2>err
	grep -q 'not in a git work tree' err
	GIT_CEILING_DIRECTORIES=$BATS_TEST_TMPDIR git apply .codeflash/patches/all.patch
	grep -q 'fast(x)' job.py
}

@test "cf-pr: a repository without a commit, and one without git at all" {
	git init -q .
	two | cf-pr >out 2>err
	grep -q 'no commit yet' err
	mkdir bin
	ln -s "$(command -v cf-pr)" bin/cf-pr
	PATH=$PWD/bin "$PWD/bin/cf-pr" out >out2 2>err
	grep -q 'git is not installed' err
	[ -s .codeflash/patches/all.patch ]
}

@test "cf-pr: --branch names it; a taken or an impossible name is one line and status 2" {
	git_project
	two >in
	cf-pr --branch speed/up in >/dev/null 2>&1
	git rev-parse -q --verify speed/up
	for name in speed/up 'a..b' '-x' ''; do
		run cf-pr --quiet "--branch=$name" in
		[ "$status" -eq 2 ]
		[ "$(wc -l <<<"$(grep '^cf-pr: ' <<<"$output")")" -eq 1 ]
	done
	# A name that cannot be one is told before anything is written.
	rm -rf .codeflash
	run --separate-stderr cf-pr --branch a..b in
	one_line cf-pr "--branch a..b"
	[ ! -e .codeflash ]
}

@test "cf-pr: no hook of the repository runs, and none can say no" {
	git_project
	mkdir -p hooks
	printf '#!/bin/sh\ntouch "%s/ran"\nexit 1\n' "$BATS_TEST_TMPDIR" >hooks/reference-transaction
	chmod +x hooks/reference-transaction
	for hook in post-index-change fsmonitor; do cp hooks/reference-transaction hooks/$hook; done
	git config core.hooksPath "$PWD/hooks"
	git config core.fsmonitor "$PWD/hooks/fsmonitor"
	two | cf-pr --quiet --branch mine >"$BATS_TEST_TMPDIR/out"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	git -c core.fsmonitor=false rev-parse -q --verify refs/heads/mine
}

@test "cf-pr: a .codeflash that is a link is not followed" {
	mkdir "$BATS_TEST_TMPDIR/elsewhere"
	two >"$BATS_TEST_TMPDIR/in"
	for to in "$BATS_TEST_TMPDIR/elsewhere" "$BATS_TEST_TMPDIR/nowhere"; do
		ln -sfn "$to" .codeflash
		for option in --state-dir --no-branch; do
			run --separate-stderr cf-pr --quiet $option "$BATS_TEST_TMPDIR/in"
			[ "$status" -eq 2 ]
			one_line cf-pr .codeflash "a link"
		done
		[ -z "$(ls "$BATS_TEST_TMPDIR/elsewhere")" ]
		[ ! -e "$BATS_TEST_TMPDIR/nowhere" ]
	done
}

@test "cf-pr: --no-branch and --dry-run" {
	git_project
	two >in
	cf-pr --dry-run in >out 2>err
	[ ! -e .codeflash ]
	grep -q 'perf(pkg.two): f2 3.00x faster' err
	grep -q '^+    return fast(x)' err
	cf-pr --no-branch in >out 2>err
	[ -s .codeflash/patches/all.patch ]
	[ -z "$(git for-each-ref refs/heads/codeflash)" ]
	git check-ignore -q .codeflash/patches/all.patch
}

@test "cf-pr: --apply changes all files or none, and keeps their modes" {
	two >in
	cf-pr --apply --no-branch in >/dev/null 2>&1
	grep -q 'fast(x)' job.py
	grep -q 'faster(w)' pkg/two.py
	[ -x job.py ]
	# again: the files are no longer what the edits were made for
	run cf-pr --quiet --apply --no-branch in
	[ "$status" -eq 2 ]
	[[ $output == *"has changed"* ]]
}

@test "cf-pr: --apply that cannot write one file puts the others back" {
	two >in
	chmod 555 pkg
	before=$(sha256sum job.py pkg/two.py)
	mortal cf-pr --quiet --apply --no-branch in
	[ "$status" -eq 2 ]
	[[ $output == *"cf-pr: cannot write $root/pkg/two.py: "* ]]
	[ "$before" = "$(sha256sum job.py pkg/two.py)" ]
	[ -z "$(find . -name 'job.py.*')" ]
}

@test "cf-pr: nothing accepted is said plainly and exits 0, or 1 on request" {
	two | grep -v combined | sed 's/"faster"/"same"/' >in
	run cf-pr in
	[ "$status" -eq 0 ]
	[[ $output == *"nothing to publish: no candidate was measurably faster"* ]]
	[[ $output == *"not taken: 2 not faster"* ]]
	[ "$(field 'len(r["accepted"]), r["counts"]["refused"], r["patch"]')" = "(0, {'same': 2}, None)" ]
	run cf-pr --exit-code in
	[ "$status" -eq 1 ]
	[ ! -e .codeflash ]
}

@test "cf-pr: faster candidates that were never combined are not published" {
	run bash -c "python3 '$BATS_TEST_DIRNAME/make_stream.py' '$root' --no-combine job.py 'slow(x)' 'fast(x)' | cf-pr"
	[ "$status" -eq 0 ]
	[[ $output == *"cf-verify --combine"* ]]
	[ ! -e .codeflash ]
}

@test "cf-pr: a whole program that prints something else, or got slower, is not published" {
	two | sed 's/"output_identical": true/"output_identical": false/' >in
	run cf-pr in
	[[ $output == *"did not print the same"* ]]
	[ "$(field 'r["patch"], len(r["accepted"])')" = "(None, 0)" ]
	two | sed 's/"low": 3.9, "high": 4.1/"low": 0.8, "high": 0.9/' >in
	run cf-pr in
	[[ $output == *"was slower"* ]]
	two | sed 's/"answer": "equivalent", "compared": {"replay": 7}}, "workflow"/"answer": "different", "compared": {}}, "workflow"/' >in
	run cf-pr in
	[[ $output == *"not shown to behave the same"* ]]
	two | sed 's/"workflow": {.*/"workflow": null, "workflow_reason": "optimized, the command ends with status 1 instead of 0"}/' >in
	run cf-pr in
	[[ $output == *"nothing to publish: optimized, the command ends with status 1"* ]]
	[ ! -e .codeflash ]
}

@test "cf-pr: a program that could not be timed, or never prints the same twice, is published and said so" {
	two | sed 's/"workflow": {.*/"workflow": null, "workflow_reason": "the run was ended by --timeout"}/' >in
	run cf-pr in
	[[ $output == *"whole program: not timed: the run was ended by --timeout"* ]]
	[ "$(field 'len(r["accepted"]), r["workflow"]')" = "(2, None)" ]
	two | sed 's/"output_identical": true/"output_identical": null/' >in
	run cf-pr in
	[[ $output == *"changes from run to run"* ]]
	[ "$(field 'len(r["accepted"])')" = 2 ]
}

@test "cf-pr: a stream that contradicts itself is refused" {
	two | sed 's/"members": \["0000000000000010"/"members": ["00000000000000aa"/' >in
	run cf-pr in
	[ "$status" -eq 2 ]
	[[ $output == *"names 00000000000000aa, which the stream does not hold"* ]]
	two | sed '/combined/s/fast(x)/evil(x)/' >in
	run cf-pr in
	[ "$status" -eq 2 ]
	[[ $output == *"not what its members make together"* ]]
	[ ! -e .codeflash ]
}

@test "cf-pr: paths out of the project and stale files are refused" {
	two >in
	echo >>job.py
	run cf-pr in
	[ "$status" -eq 2 ]
	[[ $output == *"job.py: has changed since"* ]]
	sed 's/"path": "job.py"/"path": "..\/job.py"/' in >in2
	cp job.py "$BATS_TEST_TMPDIR/job.py"
	run cf-pr in2
	[ "$status" -eq 2 ]
	[[ $output == *"leads out of the project"* ]]
	[ ! -e .codeflash ]
}

@test "cf-pr: every line goes through, garbage and unknown kinds too, and the result comes last" {
	two >in
	printf 'garbage\n{"schema":"cf/other/1","x":1}\n{"schema":"cf/trace/9"}\n' >>in
	run bash -c 'cf-pr in 2>err'
	[ "$status" -eq 2 ]
	diff <(printf '%s\n' "$output" | sed '$d') in
	[[ $(printf '%s\n' "$output" | tail -n 1) == '{"schema":"cf/result/1"'* ]]
	[ "$(grep -c passed err)" -eq 2 ]
}

@test "cf-pr: an empty stream is nothing to publish" {
	run cf-pr </dev/null
	[ "$status" -eq 0 ]
	[[ $output == *"nothing to publish"* ]]
}

@test "cf-pr: names with spaces, quotes and newlines" {
	name=$'a b\'c"d\n*$e.py'
	mv "$root" "$BATS_TEST_TMPDIR/o'dd \"root\""
	root="$BATS_TEST_TMPDIR/o'dd \"root\""
	cd "$root"
	printf 'x = slow(1)\n' >"$name"
	git_project
	python3 "$BATS_TEST_DIRNAME/make_stream.py" "$root" "$name" 'slow(1)' 'fast(1)' >in
	output=$(cf-pr in 2>err)
	git show "codeflash/job:$name" | grep -q 'fast(1)'
	git apply .codeflash/patches/all.patch
	grep -q 'fast(1)' "$name"
}

@test "cf-pr: a commit message cannot smuggle a diff into a patch" {
	git_project
	two | sed 's/candidate 1 does less/x\\n--- a\/pkg\/two.py\\n+++ b\/pkg\/two.py\\n@@ -1 +1 @@\\n-def f2(x):\\n+evil/' >in
	cf-pr in >/dev/null 2>&1
	git apply .codeflash/patches/0001-f1.patch
	[ "$(git status --porcelain pkg)" = "" ]
}

@test "cf-pr: --state-dir prints the folder and nothing else" {
	two >in
	run cf-pr --state-dir in
	[ "$output" = "$root/.codeflash" ]
	[ "$(cat .codeflash/.gitignore)" = '*' ]
	run cf-pr --state-dir </dev/null
	[ "$status" -eq 2 ]
}

@test "cf-pr: a project that cannot be written is one line and status 2" {
	two >"$BATS_TEST_TMPDIR/in"
	chmod 555 "$root"
	mortal cf-pr --quiet --no-branch "$BATS_TEST_TMPDIR/in"
	[ "$status" -eq 2 ]
	[[ $output == *"cannot create $root/.codeflash"* ]]
}
