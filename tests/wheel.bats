#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The wheel of `make wheel`, as pip installs it into a project's own venv.

load helper

@test "wheel: installed without a network, Tracer records and the programs beside it are found" {
	build=${O:-$ROOT/build}
	version=$("$build/bin/cf-trace" --version | cut -d' ' -f2)
	wheel=$BATS_TEST_TMPDIR/b/dist
	mkdir -p "$BATS_TEST_TMPDIR/b"
	ln -s "$build/libexec" "$BATS_TEST_TMPDIR/b/libexec"
	run "$PYTHON" "$ROOT/ci/wheel.py" "$BATS_TEST_TMPDIR/b" "$version" "$build"/bin/*
	[ "$status" -eq 0 ] || fail_with "$output"
	"$PYTHON" -m venv "$BATS_TEST_TMPDIR/venv"
	"$BATS_TEST_TMPDIR/venv/bin/pip" install -q --no-index --disable-pip-version-check "$wheel"/*.whl
	PATH=/usr/bin:/bin
	run "$BATS_TEST_TMPDIR/venv/bin/pip" check
	[ "$status" -eq 0 ] || fail_with "$output"
	project
	: >pyproject.toml
	small_script
	cat >sections.py <<'PY'
import app
from codeflash.tracer import Tracer

with Tracer(output="section.trace"):
    app.total(app.dedupe([1, 2, 2]))
print("done")
PY
	run --separate-stderr "$BATS_TEST_TMPDIR/venv/bin/python" sections.py
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$output" = done ]
	one_line codeflash "section.trace: 2 calls, 2 inputs kept" "codeflash --replay-test tests/test_replay_test_0.py"
	run --separate-stderr "$BATS_TEST_TMPDIR/venv/bin/cf-rank" section.trace
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(json trace '(r["calls"], r["complete"])' <<<"$output")" = "(2, True)" ]
	[ "$("$BATS_TEST_TMPDIR/venv/bin/codeflash" tracer-path)" = "$(cd "$BATS_TEST_TMPDIR/venv/libexec/codeflash/plugins/python" && pwd -P)" ]
}
