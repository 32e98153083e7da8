#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A slice of the corpus of rewrites (make proof has all of it), and that a wrong verdict would be noticed.

load helper

@test "proof: of every sixth rewrite, no wrong one is accepted and no right one refused" {
	O=${O:-$ROOT/build} run --separate-stderr "$PYTHON" "$ROOT/tests/proof.py" --work "$BATS_TEST_TMPDIR/work" --every 6
	[ "$status" -eq 0 ] || fail_with "$stderr" "$output"
}

@test "proof: a rewrite that the corpus is wrong about fails it, whichever way" {
	mkdir "$BATS_TEST_TMPDIR/corpus"
	cat >"$BATS_TEST_TMPDIR/corpus/twice.py" <<'PY'
def twice(n):
    return n + n


def main():
    twice(3)


#- twice | return | said to be wrong, and right
def twice(n):
    return 2 * n


#+ twice | said to be right, and wrong
def twice(n):
    return n


#- twice | args | said to be wrong elsewhere
def twice(n):
    return n - 1


#- twice | derived | said to be out of reach
def twice(n):
    return 6.0


#- twice | return | wrong, and known to be
def twice(n):
    return n * n
PY
	O=${O:-$ROOT/build} run --separate-stderr "$PYTHON" "$ROOT/tests/proof.py" --work "$BATS_TEST_TMPDIR/work" --corpus "$BATS_TEST_TMPDIR/corpus"
	[ "$status" -eq 1 ]
	[ "$(wc -l <<<"$stderr")" -eq 4 ] || fail_with "$stderr"
	[[ "$stderr" == *"said to be wrong, and right: accepted"* ]]
	[[ "$stderr" == *"said to be right, and wrong: refused: return: 6 != 3"* ]]
	[[ "$stderr" == *"said to be wrong elsewhere: shows at return, not at args"* ]]
	[[ "$stderr" == *"said to be out of reach: said to be reached by derived inputs only"* ]]
}
