#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Candidates that mean harm, through cf-verify: contained, reported, and nothing left of them.
# What the sandbox itself does is tests/unit/sandbox_test.c's.

load helper

BODY='    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen'
RIGHT='
    return list(dict.fromkeys(items))'

setup_file() {
	export WORK="$BATS_FILE_TMPDIR/proj"
	mkdir -p "$WORK"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	cp "$BATS_TEST_DIRNAME/fixtures/verify/app.py" "$WORK/app.py"
	touch "$WORK/pyproject.toml"
	cd "$WORK" || return 1
	# a runtime that everybody may run, for the test that becomes somebody else
	cf-trace "$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || echo python3)" app.py 2>/dev/null | cf-rank >"$BATS_FILE_TMPDIR/ranked.jsonl" 2>/dev/null
}

setup() {
	cd "$WORK" || return 1
	before=$(listing . && cat app.py && sha256sum codeflash.trace)
}

teardown() {
	[ "$(listing . && cat app.py && sha256sum codeflash.trace)" = "$before" ]
}

body() { # replacement of dedupe's body, options of cf-verify…
	local record
	record=$("$PYTHON" "$BATS_TEST_DIRNAME/fixtures/verify/candidate.py" "$BATS_FILE_TMPDIR/ranked.jsonl" \
		dedupe "$BODY" "$1")
	shift
	run --separate-stderr "${AS[@]}" cf-verify "$@" <<<"$record"
	answer=$(json candidate 'r["verdict"]["answer"]' <<<"$output")
	reason=$(json candidate 'r["verdict"]["reason"]' <<<"$output")
	kind=$(json candidate 'r["verdict"]["sandbox"]' <<<"$output")
}

is() {
	[ "$answer" = "$1" ] || fail_with "$answer, not $1: $reason / $stderr"
}

@test "sandbox: the network is not there, and a call that wants it is not judged" {
	body '    import socket
    try:
        socket.create_connection(("192.0.2.1", 80), 2)
    except BaseException:
        pass'"$RIGHT"
	is error
	[[ "$reason" == *network* ]]
	# past the harness, straight into the kernel
	body '    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.socket(2, 1, 0)
    address = bytes([2, 0, 0, 80, 192, 0, 2, 1]) + bytes(8)
    if libc.connect(fd, address, 16) == 0 or ctypes.get_errno() not in (101, 111):
        return "reached"'"$RIGHT"
	is equivalent
}

@test "sandbox: writes land in a scratch layer" {
	body '    import os
    for path in ("new", "app.py", "/tmp/cf-evil", os.path.expanduser("~/cf-evil")):
        with open(path, "a") as f:
            f.write("x")
    os.remove("app.py")
    open("app.py", "w").close()'"$RIGHT"
	is different files
	[ ! -e new ]
	[ ! -e /tmp/cf-evil ] && [ ! -e ~/cf-evil ]
	body '    open("/etc/cf-evil", "w").write("x")'"$RIGHT"
	is different
	[ ! -e /etc/cf-evil ]
}

@test "sandbox: forking without end ends" {
	body '    import os
    while True:
        try:
            os.fork()
        except OSError:
            pass' --timeout 8 --call-timeout 4
	[ "$answer" = timeout ] || is error
}

@test "sandbox: memory and sleep have limits" {
	body '    x = bytearray(1 << 40)'"$RIGHT"
	is different
	body '    import time; time.sleep(1000)' --call-timeout 1
	is timeout
	# in small pieces, and swallowing every error
	body '    x = []
    while True:
        try:
            x.append(bytearray(1 << 20))
        except MemoryError:
            break'"$RIGHT" --memory 600000000
	[ "$answer" = equivalent ] || is error
}

@test "sandbox: whoever runs it cannot be killed from inside" {
	body '    import ctypes, os
    libc = ctypes.CDLL(None)
    libc.kill(os.getppid(), 9)
    libc.kill(-1, 9)
    libc.kill(0, 15)'"$RIGHT"
	[ "$status" -eq 0 ]
	is error
	[[ "$reason" == *"signal 15"* ]]
}

@test "sandbox: what it leaves running does not outlive it" {
	body '    import os
    if os.fork() == 0:
        os.setsid()
        os.execv("/bin/sleep", ["sleep", "4712.25"])'"$RIGHT"
	run pgrep -f "sleep 4712.25"
	[ -z "$output" ]
}

@test "sandbox: the trace and what was found so far are out of sight" {
	mkdir -p .codeflash
	echo secret >.codeflash/state
	body '    import os
    try:
        if open("codeflash.trace", "rb").read(1): return "read"
    except OSError:
        pass
    if os.path.exists(".codeflash/state"): return "seen"'"$RIGHT"
	rm -r .codeflash
	is equivalent
}

@test "sandbox: answers that were not asked for are none" {
	for forged in 'b"\xa1\x63end\x05"' 'b"\xa1\x63end\x00"' 'b"garbage"' 'b"\xbf"' \
		'b"\xa2\x64call\x01\x67outcome\x40"'; do
		body '    import os, struct
    data = '"$forged"'
    for fd in range(3, 300):
        try:
            os.write(fd, struct.pack("<I", len(data)) + data)
        except OSError:
            pass'"$RIGHT"
		is error
	done
	body '    import os
    for fd in range(3, 300):
        try:
            os.write(fd, b"\xff" * 100)
        except OSError:
            pass'"$RIGHT"
	is error
	body '    import os
    os.closerange(3, 300)'"$RIGHT"
	is error
}

@test "sandbox: cf-verify killed leaves neither processes nor files" {
	record=$("$PYTHON" "$BATS_TEST_DIRNAME/fixtures/verify/candidate.py" "$BATS_FILE_TMPDIR/ranked.jsonl" \
		dedupe "$BODY" '    import os; os.system("sleep 4713.75")')
	mkdir -p "$BATS_TEST_TMPDIR/tmp"
	for sandbox in overlay copy; do
		CODEFLASH_SANDBOX=$sandbox TMPDIR=$BATS_TEST_TMPDIR/tmp cf-verify <<<"$record" 3>&- >/dev/null 2>&1 &
		pid=$!
		for _ in $(seq 200); do
			pgrep -f "sleep 4713.75" >/dev/null && break
			sleep 0.1
		done
		pgrep -f "sleep 4713.75" >/dev/null
		kill -9 "$pid"
		wait "$pid" || true
		for _ in $(seq 100); do
			[ -z "$(pgrep -f "sleep 4713.75")$(ls "$BATS_TEST_TMPDIR/tmp")" ] && break
			sleep 0.1
		done
		[ -z "$(pgrep -f "sleep 4713.75")$(ls "$BATS_TEST_TMPDIR/tmp")" ]
	done
}

@test "sandbox: without namespaces a copy does the same, and says so" {
	for sandbox in copy bare-copy; do
		export CODEFLASH_SANDBOX=$sandbox
		body "$RIGHT"
		is equivalent
		[ "$kind" = copy ]
		body '    open("new", "w").write("x")
    import os; os.remove("app.py"); open("app.py", "w").close()'"$RIGHT"
		is different files
		body '    return sorted(set(items))'
		is different
		body '    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.socket(2, 1, 0)
    address = bytes([2, 0, 0, 80, 192, 0, 2, 1]) + bytes(8)
    if fd >= 0 and (libc.connect(fd, address, 16) == 0 or ctypes.get_errno() not in (101, 111)):
        return "reached"'"$RIGHT"
		is equivalent
	done
	unset CODEFLASH_SANDBOX
}

@test "sandbox: --no-sandbox says so loudly, and still leaves the tree alone" {
	body '    open("new", "w").write("x")'"$RIGHT" --no-sandbox
	is different files
	[ "$kind" = none ]
	[[ "$stderr" == "cf-verify: --no-sandbox: "* ]]
}

@test "sandbox: an ordinary user without a home has the same" {
	[ "$(id -u)" -eq 0 ] || skip "needs root to become somebody else"
	mkdir -p "$BATS_TEST_TMPDIR/run"
	chmod 755 "$BATS_TEST_TMPDIR"
	chmod 777 "$BATS_TEST_TMPDIR/run"
	[ -x /usr/bin/python3 ] || skip "needs an interpreter that everybody may run"
	# the build may stand where nobody else can go
	cp -R "$O/bin" "$O/libexec" "$BATS_TEST_TMPDIR"
	PATH=$BATS_TEST_TMPDIR/bin:$PATH
	AS=(setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent
		XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/run")
	body "$RIGHT"
	is equivalent
	body '    open("/tmp/cf-evil", "w").write("x")'"$RIGHT"
	is equivalent
	[ ! -e /tmp/cf-evil ]
	body '    return sorted(set(items))'
	is different
}
