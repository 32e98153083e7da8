#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# That `make bench-trace` runs, and that the traces it takes count what its workloads know. What it
# measures is for an idle machine.

load helper

@test "bench-trace: a short run prints its tables, and every count is exact" {
	run --separate-stderr "$PYTHON" "$ROOT/tests/bench_trace.py" --quick
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[[ "$output" == *'| fib |'*'| oo |'*'| I/O |'*'cf-trace: cpu'* ]] || fail_with "$output"
}

@test "bench-trace: a Python that is not there is named in one line" {
	run --separate-stderr "$PYTHON" "$ROOT/tests/bench_trace.py" --python ./nothing/python
	[ "$status" -eq 1 ]
	one_line bench-trace ./nothing/python
}
