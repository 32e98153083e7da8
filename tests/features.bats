#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rows of features_rows.py under our own Python; `make features` has them under all.

load helper

@test "every feature of the language is recorded, loaded back and replayed, or refused with a reason" {
	run --separate-stderr "$PYTHON" "$ROOT/tests/features.py" --here --python "$PYTHON"
	[ "$status" -eq 0 ] || fail_with "$stderr" "$output"
}
