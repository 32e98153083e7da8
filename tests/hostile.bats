#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The hostile table: each row gets one clear line, the documented exit status, and nothing is lost
# or left behind.

load helper

setup() {
	project
}

# -- the program --------------------------------------------------------------------------------

@test "hostile: a missing script is one line, status 2, and leaves nothing" {
	before=$(listing .)
	run --separate-stderr cf-trace nosuch.py --output x
	[ "$status" -eq 2 ]
	one_line cf-trace nosuch.py
	[ "$(listing .)" = "$before" ]
	run --separate-stderr codeflash optimize nosuch.py
	[ "$status" -eq 2 ]
	[ "$(listing .)" = "$before" ]
}

@test "hostile: a script that raises keeps its traceback, its status is in the record" {
	printf 'def f(x):\n    raise ValueError("no " + x)\n\nf("way")\n' >bad.py
	run --separate-stderr python3 bad.py
	plain=$stderr
	run --separate-stderr cf-trace bad.py
	[ "$status" -eq 0 ]
	[ "$(json trace 'r["exit_status"]' <<<"$output")" = 1 ]
	[[ "$stderr" == *"$plain"* ]] || fail_with "the traceback differs: $stderr / $plain"
	run cf-trace --exit-code bad.py
	[ "$status" -eq 1 ]
}

@test "hostile: a script that exits 7" {
	printf 'import sys\ndef f(x):\n    return x\nf(1)\nsys.exit(7)\n' >seven.py
	run --separate-stderr cf-trace seven.py
	[ "$status" -eq 0 ]
	[ "$(json trace '(r["exit_status"], r["signal"])' <<<"$output")" = "(7, None)" ]
	run cf-trace --exit-code seven.py
	[ "$status" -eq 7 ]
}

@test "hostile: a script that is killed leaves a readable trace that says so" {
	printf 'import os\ndef f(x):\n    return x\nfor i in range(5): f(i)\nos.kill(os.getpid(), 9)\n' >killed.py
	run --separate-stderr cf-trace killed.py
	[ "$status" -eq 0 ]
	[ "$(json trace '(r["exit_status"], r["signal"], r["calls"])' <<<"$output")" = "(None, 9, 5)" ]
	run bash -c 'cf-trace --exit-code killed.py >/dev/null 2>&1; echo $?'
	[ "$output" = 137 ]
}

@test "hostile: a script that runs past --timeout is ended with what it recorded" {
	printf 'import time\ndef f(x):\n    return x\nfor i in range(5): f(i)\ntime.sleep(600)\n' >slow.py
	run --separate-stderr cf-trace --timeout 1 slow.py
	[ "$status" -eq 0 ]
	[ "$(json trace '(r["timed_out"], r["calls"])' <<<"$output")" = "(True, 5)" ]
	run pgrep -f "$PROJECT/slow.py"
	[ "$status" -ne 0 ]
}

@test "hostile: the script's own --output, --timeout, -m and --help are the script's" {
	printf 'import sys\ndef f(a):\n    return a\nprint(f(sys.argv[1:]))\n' >own.py
	run --separate-stderr cf-trace --output t.trace own.py --output x --timeout 3 -m thing --help -- -o y
	[ "$status" -eq 0 ]
	[[ "$stderr" == *"['--output', 'x', '--timeout', '3', '-m', 'thing', '--help', '--', '-o', 'y']"* ]]
	[ -f t.trace ] && [ ! -e x ] && [ ! -e y ]
}

# -- the trace ----------------------------------------------------------------------------------

@test "hostile: a file that is no trace" {
	echo hello >not.trace
	for tool in cf-rank cf-replaygen; do
		run --separate-stderr "$tool" <<<'{"schema":"cf/trace/1","trace":"'"$PROJECT"'/not.trace","project_root":"'"$PROJECT"'","language":"python"}'
		[ "$status" -eq 2 ]
		one_line "$tool" not.trace
	done
	[ "$(cat not.trace)" = hello ]
}

@test "hostile: --output on somebody else's file is refused before the program runs" {
	echo precious >data.csv
	printf 'open("ran", "w")\n' >s.py
	run --separate-stderr cf-trace --output data.csv s.py
	[ "$status" -eq 2 ]
	one_line cf-trace data.csv
	[ "$(cat data.csv)" = precious ] && [ ! -e ran ]
}

@test "hostile: a trace of an older schema says to record it again" {
	small_script
	cf-trace app.py >trace.jsonl 2>/dev/null
	"$PYTHON" -c 'import sqlite3; d = sqlite3.connect("codeflash.trace"); d.execute("pragma user_version=0"); d.commit()'
	run --separate-stderr cf-rank trace.jsonl
	[ "$status" -eq 2 ]
	one_line cf-rank "schema 0" "record it again"
}

@test "hostile: a truncated trace is an error of one line, never a crash" {
	small_script
	cf-trace app.py >trace.jsonl 2>/dev/null
	size=$(stat -c %s codeflash.trace)
	for keep in 10 100 4096 $((size / 2)); do
		cp codeflash.trace whole
		truncate -s "$keep" codeflash.trace
		for tool in cf-rank cf-replaygen; do
			run --separate-stderr "$tool" trace.jsonl
			[ "$status" -eq 2 ] || fail_with "$tool on $keep bytes: status $status: $stderr"
			one_line "$tool" codeflash.trace
		done
		mv whole codeflash.trace
	done
}

# -- the disk -----------------------------------------------------------------------------------

@test "hostile: an unwritable output is known before the program starts" {
	printf 'open("ran", "w")\n' >s.py
	run --separate-stderr cf-trace --output /no/such/dir/t.trace s.py
	[ "$status" -eq 2 ]
	one_line cf-trace /no/such/dir
	[ ! -e ran ]
	run --separate-stderr cf-trace --output /proc/t.trace s.py
	[ "$status" -eq 2 ]
	one_line cf-trace /proc
	[ ! -e ran ]
}

@test "hostile: a full disk ends the recording, not the program" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to mount a small file system"
	mkdir small
	printf 'def f(x):\n    return len(x)\nfor i in range(90): f(("%%06d" %% i) * 20000)\nprint("done")\n' >big.py
	run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=200k none small && { cf-trace --output small/t.trace big.py; echo "status $?" >&2; ls -A small | sed "s/^/left: /" >&2; }'
	[[ "$stderr" == *done* ]]
	[[ "$stderr" == *"status 0"* ]] || [[ "$stderr" == *"status 2"* ]]
	[[ "$stderr" == *disk* || "$stderr" == *space* ]]
	[[ "$stderr" != *"left: ."* ]] || fail_with "the spool is left: $stderr"
}

@test "hostile: with little room the program is as ever, and the record and the summary say what is missing" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to mount a small file system"
	mkdir small
	cat >big.py <<'PY'
import os, sys
def f(x):
    return len(x)
for i in range(400):
    print(f(("%06d" % i) * 3000))
if sys.argv[1:]:
    with open("small/filler", "wb", buffering=0) as out:
        try:
            while True: out.write(b"x" * 4096)
        except OSError: pass
sys.exit(3)
PY
	python3 big.py >plain || true
	for size in 200k 1200k; do
		run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=$1 none small && cf-trace --exit-code -o small/t.trace big.py && false; status=$?; ls -A small >left; cp small/t.trace .; exit $status' sh "$size"
		[ "$status" -eq 3 ] || fail_with "$size: $status $stderr"
		grep '^[0-9]*$' <<<"$stderr" | cmp - plain
		[ "$(cat left)" = t.trace ]
		[ "$(json trace '(r["complete"], r["exit_status"])' <<<"$output")" = "(False, 3)" ] || fail_with "$size: $output"
		[[ "$stderr" == *"there was no room for all of it"* ]] || fail_with "$size: $stderr"
		[ "$(sqlite3 t.trace 'PRAGMA integrity_check')" = ok ]
	done
	# what there was room for is kept
	[ "$(sqlite3 t.trace 'SELECT count(*) > 20 FROM call')" = 1 ]
	run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=12m none small && cf-trace --exit-code -o small/t.trace big.py fill; status=$?; ls -A small >left; exit $status'
	[ "$status" -eq 3 ] && [ "$(cat left)" = $'filler\nt.trace' ]
	grep '^[0-9]*$' <<<"$stderr" | cmp - plain
	run --separate-stderr unshare -m sh -c 'mount -t tmpfs -o size=40k none small && cf-trace -o small/t.trace big.py'
	[ "$status" -eq 2 ]
	one_line cf-trace --output
}

@test "hostile: a full or read-only folder for temporary files is no trouble" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to mount a file system"
	case $(command -v cf-trace) in /tmp/* | /var/tmp/*) skip "codeflash itself is in such a folder" ;; esac
	small_script
	run --separate-stderr env ROOM="$(mktemp -d "${O:-$ROOT/build}/room.XXXXXX")" unshare -m sh -c 'cp app.py "$ROOM" && cd "$ROOM" && mount -t tmpfs -o ro none /tmp && mount -t tmpfs -o ro none /var/tmp && cf-trace -q app.py; status=$?; rm -r "$ROOM"; exit $status'
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(json trace '(r["complete"], r["captured"] > 50)' <<<"$output")" = "(True, True)" ]
}

@test "hostile: a limit on the size of files ends neither the program nor cf-trace" {
	cat >own.py <<'PY'
import resource, signal, sys
def f(x):
    return len(x)
if sys.argv[1:]:
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1200000, 1200000))
for i in range(400):
    f(("%06d" % i) * 3000)
sys.exit(3)
PY
	run --separate-stderr cf-trace --exit-code own.py limit
	[ "$status" -eq 3 ] || fail_with "$status $stderr"
	[ "$(json trace '(r["complete"], r["calls"])' <<<"$output")" = "(False, 400)" ] || fail_with "$output"
	run --separate-stderr bash -c 'ulimit -f 1200; cf-trace --exit-code own.py'
	[ "$status" -eq 3 ] || fail_with "$status $stderr"
	[ "$(json trace '(r["complete"], r["calls"])' <<<"$output")" = "(False, 400)" ] || fail_with "$output"
	run --separate-stderr bash -c 'ulimit -f 16; cf-trace own.py'
	[ "$status" -eq 2 ]
	one_line cf-trace --output
}

@test "hostile: a read-only project is traced elsewhere and stays as it was" {
	[ "$(id -u)" -eq 0 ] || skip "needs root for a read-only mount"
	small_script
	before=$(listing .)
	out=$BATS_TEST_TMPDIR/out
	mkdir "$out"
	run --separate-stderr unshare -m sh -c 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && cf-trace --output "$1/t.trace" app.py' sh "$out"
	[ "$status" -eq 0 ]
	[ -f "$out/t.trace" ]
	run --separate-stderr unshare -m sh -c 'mount --bind . . && mount -o remount,bind,ro . && cd "$PWD" && cf-trace app.py'
	[ "$status" -eq 2 ]
	one_line cf-trace "Read-only file system"
	[ "$(listing .)" = "$before" ]
}

# -- the stream ---------------------------------------------------------------------------------

@test "hostile: garbage in a candidate stream is named, kept, and does not stop the rest" {
	small_script
	cf-trace app.py 2>/dev/null | cf-rank 2>/dev/null >targets.jsonl
	cf-suggest targets.jsonl >good.jsonl 2>/dev/null
	{
		echo 'not json'
		echo '{"schema":"cf/candidate/1"}'
		cat good.jsonl
		echo '[1,2]'
		printf '\xff\xfe\n'
		echo '{"schema":"cf/candidate/9","id":"x"}'
		echo '{"other":true}'
	} >mixed.jsonl
	run --separate-stderr cf-verify mixed.jsonl
	[ "$status" -eq 2 ]
	[[ "$stderr" == *"mixed.jsonl:1:"* && "$stderr" == *"candidate without id"* ]]
	grep -q '^not json$' <<<"$output"
	grep -q '^{"other":true}$' <<<"$output"
	[ "$(json candidate 'r.get("verdict", {}).get("answer")' <<<"$(grep '^{"schema":"cf/candidate/1"' <<<"$output")" | grep -c equivalent)" -ge 1 ]
}

candidate_with() {
	"$PYTHON" - "$1" <<'PY'
import json, sys
for line in open("good.jsonl"):
    r = json.loads(line)
    if r["schema"] == "cf/candidate/1":
        for e in r["edits"]:
            exec(sys.argv[1])
        print(json.dumps(r))
        break
PY
}

@test "hostile: a candidate that reaches outside the project, or is stale, is refused" {
	small_script
	cf-trace app.py 2>/dev/null | cf-rank 2>/dev/null | cf-suggest >good.jsonl 2>/dev/null
	echo outside >"$BATS_TEST_TMPDIR/victim.py"
	ln -s "$BATS_TEST_TMPDIR/victim.py" link.py
	before=$(listing .)
	for change in 'e["path"] = "../victim.py"' 'e["path"] = "/etc/passwd"' 'e["path"] = "link.py"' \
		'e["path"] = "nosuch.py"' 'e["sha256_before"] = "0" * 64' 'e["end"] = 10**9' 'e["start"] = -1' 'e["text"] = 5'; do
		candidate_with "$change" >bad.jsonl
		run --separate-stderr cf-verify bad.jsonl
		[ "$status" -eq 2 ] || fail_with "$change: status $status"
		stderr=$(grep -v 'waiting for a measurement' <<<"$stderr")
		one_line cf-verify
		[ "$(json candidate 'r["verdict"]["answer"]' <<<"$output")" = error ] || fail_with "$change: $output"
		run --separate-stderr cf-pr bad.jsonl
		[ ! -e .codeflash/patches ] || [ -z "$(ls -A .codeflash/patches)" ]
	done
	rm -f bad.jsonl
	[ "$(cat "$BATS_TEST_TMPDIR/victim.py")" = outside ]
	[ "$(listing . | grep -v '^./.codeflash')" = "$before" ]
}

# -- names --------------------------------------------------------------------------------------

@test "hostile: spaces, quotes, newlines and shell metacharacters in every name" {
	project $'pro ject\'s "dir"; $(touch pwned) `x` & *\nnewline'
	name=$'my script\'s "one" $(touch pwned); `x` & *.py'
	small_script "$name"
	mkdir 'own out'
	run --separate-stderr codeflash optimize --no-pr --json --output $'own out/tr\'a "ce' "$name" 'an arg' '$(touch pwned)' '*'
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(json result 'len(r["accepted"])' <<<"$output")" -ge 1 ] || fail_with "$output $stderr"
	[ -f $'own out/tr\'a "ce' ]
	[ -z "$(find "$BATS_TEST_TMPDIR" -name pwned)" ]
}

# -- candidates that break what stands around the function -----------------------------------------

@test "hostile: a candidate that ends the script above its functions is never equivalent" {
	small_script
	cf-trace app.py 2>/dev/null | cf-rank 2>/dev/null | cf-suggest >good.jsonl 2>/dev/null
	for line in 'raise SystemExit(0)' 'assert False' 'open("/no/such/file")' 'while True: pass'; do
		candidate_with 'e["text"] = e["text"]; r["edits"] = [{"path": "app.py", "sha256_before": e["sha256_before"], "start": 0, "end": 0, "text": "'"${line//\"/\\\"}"'\n"}]' >bad.jsonl
		run --separate-stderr cf-verify --timeout 60 bad.jsonl
		[ "$status" -eq 0 ]
		answer=$(json candidate 'r["verdict"]["answer"]' <<<"$output")
		case $answer in different | error | timeout | unverified) ;; *) fail_with "$line: $answer: $output" ;; esac
	done
}

@test "hostile: a file that is not text is named and never passed on" {
	sqlite3 other.db 'CREATE TABLE t(x); INSERT INTO t VALUES (1)'
	printf '{"schema":"cf/trace/1"}\n{"schema":"x\351"}\n{"schema":"cf/late/1"}\n' >latin.jsonl
	for tool in cf-replaygen cf-rank cf-suggest cf-verify cf-bench cf-pr; do
		run --separate-stderr $tool --quiet other.db
		[ "$status" -eq 2 ] || fail_with "$tool: $status"
		[ -z "$output" ]
		one_line $tool other.db:1 "not text"
	done
	run --separate-stderr cf-suggest latin.jsonl
	[ "$status" -eq 2 ]
	one_line cf-suggest latin.jsonl:2
	[ "$output" = $'{"schema":"cf/trace/1"}\n{"schema":"cf/late/1"}' ]
	run --separate-stderr cf-pr - </
	[ "$status" -eq 2 ]
	one_line cf-pr stdin
	[ -z "$output" ]
}

@test "hostile: a python that is missing, and a name that is not UTF-8, are named" {
	printf 'def f(x): return x\nf(1)\n' >w.py
	run --separate-stderr env PATH=/nonexist "$(command -v cf-trace)" -q w.py
	[ "$status" -eq 4 ]
	one_line cf-trace python3 "not installed"
	run --separate-stderr env PATH=/nonexist "$(command -v cf-trace)" -q ./some-tool
	[ "$status" -eq 4 ]
	one_line cf-trace some-tool python3 node
	# what another language needs is nobody's concern
	mkdir bin
	ln -s "$(python3 -c 'import sys; print(sys.executable)')" bin/python3
	for command in w.py "-m w" "$PWD/bin/python3 w.py"; do
		# shellcheck disable=SC2086 # words
		run --separate-stderr env PATH="$PWD/bin" "$(command -v cf-trace)" -q $command
		[ "$status" -eq 0 ] || fail_with "$command: $stderr"
		[ -z "$stderr" ] || fail_with "$command: $stderr"
	done
	run --separate-stderr cf-trace -q "$(printf 'caf\351.py')"
	[ "$status" -ne 0 ]
	one_line cf-trace caf .py
	[[ $stderr != *is-not-utf-8* ]]
}

@test "hostile: the end of a run whose recording had no room says so" {
	echo '{"schema":"cf/trace/1","trace":"t","project_root":"/","lost":{"no space in the spool":9}}' >in.jsonl
	run --separate-stderr cf-pr in.jsonl
	[ "$status" -eq 0 ]
	[ "$(json result 'r["reason"]' <<<"$output")" = "the disk was full while the program was recorded; make room and record it again" ]
	[[ $stderr == *"disk was full"* ]]
}

@test "hostile: a trace whose call has lost its inputs says which" {
	printf 'import time\ndef f(x):\n    time.sleep(0.01)\n    return x\nfor i in range(3): f(i)\n' >w.py
	cf-trace -q w.py >/dev/null
	sqlite3 codeflash.trace 'PRAGMA foreign_keys=0; DELETE FROM value'
	run --separate-stderr cf-replaygen -q -j 1 codeflash.trace
	[ "$status" -ne 0 ]
	one_line cf-replaygen codeflash.trace "inputs of call" missing
}

@test "hostile: a path too long for SQLite is said to be so, before the program runs" {
	printf 'open("ran", "w")\n' >w.py
	part=$(printf 'd%.0s' $(seq 200))
	long=$PWD
	for _ in $(seq 18); do long=$long/$part; done
	run --separate-stderr cf-trace -q -o "$long/t" w.py
	[ "$status" -eq 2 ]
	one_line cf-trace "too long"
	[ ! -e ran ]
}

@test "hostile: SIGKILL at random moments, to the program, to cf-trace or to both, loses nothing" {
	run --separate-stderr "$PYTHON" "$ROOT/tests/kill-trials.py" 12 "$RANDOM" 2
	[ "$status" -eq 0 ] || fail_with "$stderr"
}

@test "hostile: hundreds of short processes are all in the trace, and none of their spools stays" {
	echo 'def f(x): return x' >work.py
	cat >burst.py <<'PY'
import os, subprocess, sys, work
for i in range(150):
    if os.fork() == 0:
        work.f(i)
        os._exit(0) if i % 2 else sys.exit(0)
    os.wait()
for i in range(20):
    subprocess.run([sys.executable, "-c", "import work; work.f(%d)" % i])
PY
	run --separate-stderr cf-trace -q burst.py
	[ "$status" -eq 0 ]
	[ "$(sqlite3 codeflash.trace "SELECT calls FROM profile JOIN function f ON f.id = function WHERE qualname = 'f'")" = 170 ]
	[ "$(sqlite3 codeflash.trace "SELECT count(*), sum(ended = 'exit') FROM process")" = '171|171' ]
	[ -z "$(find . -name '.*spool*')" ]
}

@test "hostile: a process that may write nowhere in the recording is in its ledger" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to give up being it"
	cat >drop.py <<'PY'
import os
def f(x): return x
f(1)
for i in range(3):
    if os.fork() == 0:
        os.setuid(65534)
        if os.fork() == 0:
            f(i); os._exit(0)
        os.wait(); os._exit(0)
    os.wait()
PY
	run --separate-stderr cf-trace -q drop.py
	[ "$(json trace 'r["lost"]["a process that could open no spool"]' <<<"$output")" = 3 ] || fail_with "$output"
}
