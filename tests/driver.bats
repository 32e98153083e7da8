#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# codeflash: what the driver itself does, with stages that only say how they were called. The real
# ones run in pipeline.bats.

load helper

setup() {
	project
	bin=$BATS_TEST_TMPDIR/bin
	export LOG=$BATS_TEST_TMPDIR/log TMPDIR=$BATS_TEST_TMPDIR/tmp PROJECT
	mkdir -p "$bin" "$TMPDIR"
	cat >"$bin/stub" <<'SH'
#!/bin/sh
me=${0##*/}
{
	printf '%s' "$me"
	for a; do printf ' [%s]' "$a"; done
	echo
} >>"$LOG"
for last; do :; done
case $me in
cf-trace)
	case "$*" in *--tests\ *)
		cat "$last"
		eval "${STUB_STAGE:-:}"
		exit
		;;
	esac
	eval "${STUB_TRACE:-:}"
	echo "${STUB_RECORD:-{\"schema\":\"cf/trace/1\"\}}"
	;;
cf-replaygen)
	cat "$last"
	printf '{"schema":"cf/replay/1","trace":"t","project_root":"%s","file":"tests/test_replay_test_0.py"}\n' "$PROJECT"
	eval "${STUB_STAGE:-:}"
	;;
cf-suggest)
	cat "$last"
	[ -n "${STUB_NOTHING-}" ] || echo '{"schema":"cf/candidate/1"}'
	eval "${STUB_STAGE:-:}"
	;;
cf-pr)
	if [ "$1" = --state-dir ]; then
		mkdir -p "$PROJECT/.codeflash" && echo "$PROJECT/.codeflash"
		exit
	fi
	cat "$last"
	echo '{"schema":"cf/result/1"}'
	;;
*)
	cat "$last"
	eval "${STUB_STAGE:-:}"
	;;
esac
SH
	chmod +x "$bin/stub"
	for tool in cf-trace cf-replaygen cf-rank cf-suggest cf-verify cf-bench cf-pr; do
		ln -s stub "$bin/$tool"
	done
	cp "$(command -v codeflash)" "$bin/codeflash"
	PATH=$bin:$PATH
}

called() { grep "^$1" "$LOG"; }

# How cf-trace was called for the program, as one line.
traced_with() { called cf-trace | grep -v '\[--tests\]' | sed 's/^cf-trace //'; }

@test "codeflash: the stages run in order, each on what the one before it saved" {
	run codeflash optimize job.py
	[ "$status" -eq 0 ]
	run_dir=$(echo .codeflash/run-*)
	[ "$(cut -d' ' -f1 "$LOG" | tr '\n' ' ')" = "cf-trace cf-pr cf-replaygen cf-rank cf-suggest cf-trace cf-verify cf-bench cf-verify cf-bench cf-pr " ]
	called cf-rank | grep -qF "/$run_dir/02-replay.jsonl]"
	called 'cf-verify \[--combine\]' | grep -qF "/$run_dir/06-bench.jsonl]"
	called 'cf-bench.*\[--workflow\]' | grep -qF "/$run_dir/07-combine.jsonl]"
	[ "$(ls "$run_dir" | tr '\n' ' ')" = "01-trace.jsonl 02-replay.jsonl 03-rank.jsonl 04-suggest.jsonl 04-tests.jsonl 05-verify.jsonl 06-bench.jsonl 07-combine.jsonl 08-workflow.jsonl 09-result.jsonl " ]
	[ -z "$(ls "$TMPDIR")" ]
}

@test "codeflash: what follows the program's name is the program's" {
	codeflash optimize --timeout 5 job.py --output x --json -m y --help -- optimize 2>/dev/null
	[ "$(traced_with)" = "[--timeout] [5] [job.py] [--output] [x] [--json] [-m] [y] [--help] [--] [optimize]" ]
}

@test "codeflash: -m begins the program, and so does a python" {
	codeflash optimize -m pytest tests/ -q 2>/dev/null
	[ "$(traced_with)" = "[-m] [pytest] [tests/] [-q]" ]
	: >"$LOG"
	codeflash optimize python3 -X dev job.py 2>/dev/null
	[ "$(traced_with)" = "[python3] [-X] [dev] [job.py]" ]
}

@test "codeflash: options before and after the word optimize, with = and without" {
	codeflash --module-root src --tests-root=t optimize -o a.trace --only-functions f,g --max-function-count=7 job.py 2>/dev/null
	[ "$(traced_with)" = "[--module-root] [src] [--tests-root] [t] [--output] [a.trace] [--only-functions] [f,g] [--max-function-count] [7] [job.py]" ]
	# what was asked for by name is looked at however little it takes
	called cf-rank | tail -n 1 | grep -qF '[--min-share] [0]'
}

@test "codeflash: a script called optimize, and one behind --" {
	codeflash optimize optimize 2>/dev/null
	[ "$(traced_with)" = "[optimize]" ]
	: >"$LOG"
	codeflash optimize -- -odd.py 2>/dev/null
	[ "$(traced_with)" = "[-odd.py]" ]
}

@test "codeflash: words reach their stage as they were typed" {
	odd=$'a b\'c"d\n$(touch pwned) `x` \\ *;&'
	codeflash optimize --output "$odd" --from "exec:$odd" --top 3 --branch "$odd" "$odd" "$odd" 2>/dev/null
	expected="[--output] [$odd] [$odd] [$odd]"
	[ "$(sed -n '/^cf-trace/,/^cf-pr/{p; /^cf-pr/q}' "$LOG" | sed '$d')" = "cf-trace $expected" ]
	grep -qzF "cf-suggest [--from] [exec:$odd]" "$LOG"
	grep -qzF "cf-pr [--branch] [$odd]" "$LOG"
	called cf-rank | grep -qF '[--top] [3]'
	[ ! -e pwned ]
}

@test "codeflash: a project whose path has spaces, quotes and a newline" {
	project $'o\'dd "pro\nject"'
	export PROJECT
	codeflash optimize job.py 2>/dev/null
	[ -s .codeflash/run-*/09-result.jsonl ]
}

@test "codeflash: --trace-only stops after the replay tests" {
	run codeflash optimize --trace-only job.py
	[ "$status" -eq 0 ]
	[ "$(cut -d' ' -f1 "$LOG" | tr '\n' ' ')" = "cf-trace cf-pr cf-replaygen " ]
	[[ $output == *"codeflash --replay-test $PROJECT/tests/test_replay_test_0.py"* ]]
}

@test "codeflash: without candidates there is nothing to verify or to measure" {
	STUB_NOTHING=1 run codeflash optimize job.py
	[ "$status" -eq 0 ]
	[ "$(cut -d' ' -f1 "$LOG" | tr '\n' ' ')" = "cf-trace cf-pr cf-replaygen cf-rank cf-suggest cf-pr " ]
}

@test "codeflash: a program that calls nothing of the project ends the run, with 3 where it failed" {
	STUB_RECORD='{"schema":"cf/trace/1","exit_status":0,"functions":0,"calls":0}' run codeflash optimize job.py
	[ "$status" -eq 0 ]
	[[ $output == *"no function of the project was called"* ]]
	STUB_RECORD='{"schema":"cf/trace/1","exit_status":1,"functions":0,"calls":0}' run codeflash optimize job.py
	[ "$status" -eq 3 ]
	[[ $output == *"the program failed before it called any function"* ]]
	[ "$(cut -d' ' -f1 "$LOG" | tr '\n' ' ')" = "cf-trace cf-pr cf-trace cf-pr " ]
}

@test "codeflash: the project's tests are recorded before candidates are verified, unless they are to be left alone" {
	codeflash optimize --tests-timeout 7 job.py 2>/dev/null
	called 'cf-trace \[--tests\]' | grep -q '\[--timeout\] \[7\] \[.*/04-suggest.jsonl\]'
	called cf-verify | head -n 1 | grep -q '/04-tests.jsonl\]'
	: >"$LOG"
	codeflash optimize --no-tests job.py 2>/dev/null
	run ! grep -q -e '--tests' "$LOG"
	called cf-verify | head -n 1 | grep -q '/04-suggest.jsonl\]'
}

@test "codeflash: publishing options reach cf-pr" {
	codeflash optimize --no-pr --apply --dry-run job.py 2>/dev/null
	called 'cf-pr \[--no-branch\] \[--apply\] \[--dry-run\]'
}

@test "codeflash: --json prints the result record and nothing else on stdout" {
	run --separate-stderr codeflash optimize --json job.py
	[ "$output" = '{"schema":"cf/result/1"}' ]
	run --separate-stderr codeflash optimize job.py
	[ "$output" = "" ]
}

@test "codeflash: --quiet says nothing and tells every stage" {
	run codeflash optimize --quiet job.py
	[ "$output" = "" ]
	[ "$(grep -c -- '\[--quiet\]' "$LOG")" -eq 10 ]
}

@test "codeflash: tables are for --verbose" {
	codeflash optimize job.py 2>/dev/null
	called cf-bench | grep -q -- '\[--quiet\]'
	called cf-verify | { run ! grep -- '\[--quiet\]'; }
	: >"$LOG"
	run codeflash optimize --verbose job.py
	called cf-bench | { run ! grep -- '\[--quiet\]'; }
	[[ $output == *"+ '$bin/cf-rank'"* ]]
}

@test "codeflash: a stage that could not use everything does not end the run" {
	STUB_STAGE='[ "$me" != cf-rank ] || exit 2; [ "$me" != cf-suggest ] || exit 4; [ "$me" != cf-verify ] || exit 3' \
		run --separate-stderr codeflash optimize --quiet --json job.py
	[ "$status" -eq 4 ]
	[ "$output" = '{"schema":"cf/result/1"}' ]
	[ "$(printf '%s\n' "$stderr" | head -n 2)" = \
		$'codeflash: cf-rank ended with status 2; going on with what it wrote\ncodeflash: cf-suggest ended with status 4; going on with what it wrote' ]
	[ -s .codeflash/run-*/09-result.jsonl ]
	STUB_STAGE='[ "$me" != cf-replaygen ] || exit 2' run codeflash optimize --trace-only job.py
	[ "$status" -eq 2 ]
}

@test "codeflash: a stage that wrote nothing, or half a line, ends the run and leaves no half-written stream" {
	for end in '[ "$me" != cf-suggest ] || { printf half; exit 4; }' '[ "$me" != cf-suggest ] || kill -9 $$'; do
		rm -rf .codeflash "$LOG"
		STUB_STAGE=$end run --separate-stderr codeflash optimize --quiet job.py
		[ "$(ls .codeflash/run-* | tr '\n' ' ')" = "01-trace.jsonl 02-replay.jsonl 03-rank.jsonl " ]
		run ! called cf-verify
		[ -z "$(ls "$TMPDIR")" ]
	done
	STUB_TRACE='exit 3' run codeflash optimize job.py
	[ "$status" -eq 3 ]
	[ -z "$(ls "$TMPDIR")" ]
}

@test "codeflash: a stage ended by a signal is named, and so is the stream to go on from" {
	STUB_STAGE='[ "$me" != cf-suggest ] || kill -9 $$' run --separate-stderr codeflash optimize --quiet job.py
	[ "$status" -eq 137 ]
	one_line codeflash cf-suggest "signal KILL" "$PROJECT/.codeflash/run-" /03-rank.jsonl
	STUB_TRACE='kill -9 $$' run --separate-stderr codeflash optimize --quiet job.py
	[ "$status" -eq 137 ]
	one_line codeflash cf-trace "signal KILL"
}

@test "codeflash: what is wrong with an option is said before the program runs" {
	for tool in cf-rank cf-suggest cf-pr; do
		rm "$bin/$tool"
		ln -s "$O/bin/$tool" "$bin/$tool"
	done
	for words in '--top x' '--top 0' '--from zork' '--branch a..b' '--branch=-x'; do
		# shellcheck disable=SC2086
		run --separate-stderr codeflash optimize --quiet $words job.py
		[ "$status" -eq 2 ] || fail_with "$words: $status"
		name=${words%%[ =]*}
		one_line "cf-$(case $name in --top) echo rank ;; --from) echo suggest ;; *) echo pr ;; esac)" "$name"
		[ ! -e "$LOG" ]
		[ ! -e .codeflash ]
	done
	run --separate-stderr codeflash optimize --branch job.py
	[ "$status" -eq 2 ]
	one_line codeflash "--branch took 'job.py'"
	run --separate-stderr codeflash optimize --json
	[ "$status" -eq 2 ]
	one_line codeflash "no program"
	TMPDIR=/nonexist run --separate-stderr codeflash optimize --quiet job.py
	[ "$status" -eq 2 ]
	one_line codeflash /nonexist TMPDIR
	[ ! -e "$LOG" ]
}

@test "codeflash: killed outright, its stage ends too and no scratch stays" {
	setpriv --pdeathsig TERM true 2>/dev/null || skip "no setpriv --pdeathsig here"
	# shellcheck disable=SC2031
	for at in STUB_TRACE STUB_STAGE; do
		rm -rf .codeflash pid
		env "$at=echo \$\$ >\"\$PROJECT/pid\"; exec sleep 100" "$bin/codeflash" optimize --quiet job.py 3>&- &
		driver=$!
		until [ -s pid ]; do sleep 0.05; done
		kill -9 $driver
		wait $driver || :
		for _ in $(seq 100); do
			kill -0 "$(cat pid)" 2>/dev/null || break
			sleep 0.05
		done
		run ! kill -0 "$(cat pid)"
		[ -z "$(ls "$TMPDIR")" ]
	done
}

@test "codeflash: a signal ends the stage that runs and leaves nothing half done" {
	for sig in TERM INT HUP QUIT PIPE USR1; do
		rm -rf .codeflash "$LOG"
		STUB_STAGE='[ "$me" != cf-bench ] || { echo $$ >"$PROJECT/pid"; exec sleep 100; }' \
			env --default-signal=INT,QUIT,PIPE "$bin/codeflash" optimize job.py 3>&- &
		driver=$!
		until [ -s pid ]; do sleep 0.05; done
		stage=$(cat pid)
		rm pid
		kill -s $sig $driver
		rc=0
		wait $driver || rc=$?
		[ "$rc" -eq $((128 + $(kill -l $sig))) ]
		run kill -0 "$stage"
		[ "$status" -ne 0 ]
		[ -z "$(find . "$TMPDIR" -name '*.part' -o -name 'codeflash-*')" ]
	done
}

@test "codeflash: the program's stdin, environment and signals are its own" {
	export name=mine quiet=yes json=no status=fine STUB_TRACE='
		cat >"$PROJECT/stdin"
		env | grep -E "^(name|quiet|json|status)=" | sort >"$PROJECT/env"
		grep SigIgn /proc/$$/status >"$PROJECT/signals"'
	before=$(grep SigIgn /proc/self/status)
	printf 'one\ntwo' | codeflash optimize job.py 2>/dev/null
	[ "$(cat stdin)" = $'one\ntwo' ]
	[ "$(cat env)" = $'json=no\nname=mine\nquiet=yes\nstatus=fine' ]
	[ "$(cat signals)" = "$before" ]
}

@test "codeflash: --replay-test starts from the traces that the tests name" {
	mkdir tests
	: >run.trace
	printf '# codeflash replay test\n# trace: ../run.trace\nx\n' >tests/test_replay_test_0.py
	printf '// codeflash replay test\n// trace: %s/run.trace\nx\n' "$PWD" >tests/b.test.js
	codeflash --replay-test tests/test_replay_test_0.py tests/b.test.js --top 2 2>/dev/null
	[ "$(called cf-rank | tail -n 1)" = "cf-rank [--quiet] [--top] [2] [tests/../run.trace] [$PWD/run.trace]" ]
	[ -z "$(traced_with)" ]
	[ -s .codeflash/run-*/09-result.jsonl ]
}

@test "codeflash: --replay-test with what is none" {
	echo 'x = 1' >plain.py
	printf '# trace: gone.trace\n' >gone.py
	run --separate-stderr codeflash --replay-test plain.py
	[ "$status" -eq 2 ]
	one_line codeflash plain.py "name no trace"
	run --separate-stderr codeflash --replay-test gone.py
	[ "$status" -eq 2 ]
	one_line codeflash gone.trace
	run --separate-stderr codeflash --replay-test nosuch.py
	[ "$status" -eq 2 ]
	one_line codeflash nosuch.py
	run --separate-stderr codeflash --replay-test
	[ "$status" -eq 2 ]
	[ ! -e .codeflash ]
}

@test "codeflash: mistakes are one line and status 2" {
	run codeflash
	[ "$status" -eq 2 ]
	run codeflash optimize
	[ "$status" -eq 2 ]
	for words in '--nosuch optimize x' 'optimize --nosuch x' 'optimize --timeout' 'optimize --json=1 x' 'job.py' $'x\ny'; do
		# shellcheck disable=SC2086
		run --separate-stderr codeflash $words
		[ "$status" -eq 2 ]
		one_line codeflash
	done
	[ ! -e "$LOG" ]
}

@test "codeflash: --help and --version" {
	run codeflash --help
	[ "$status" -eq 0 ]
	[[ $output == usage:* ]]
	run codeflash optimize --help
	[ "$status" -eq 0 ]
	run codeflash --version
	[[ $output =~ ^codeflash\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "codeflash: tracer-path is where the Python package is" {
	mkdir -p "$BATS_TEST_TMPDIR/libexec/plugins/python/codeflash"
	run codeflash tracer-path
	[ "$output" = "$(cd "$BATS_TEST_TMPDIR/libexec/plugins/python" && pwd -P)" ]
}
