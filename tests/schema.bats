#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The schemas in schema/ hold for what the stages really write, and refuse what they should.

load helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	small_script job.py
	cat >>job.py <<'PY'


def last(words):
    return sorted(words)[-1]


for n in range(300):
    last(["w%d" % (i * n % 1009) for i in range(600)])
PY
	cat >test_job.py <<'PY'
import unittest

import job


class TestJob(unittest.TestCase):
    def test_last(self):
        self.assertEqual(job.last("ab"), "b")
PY
	codeflash optimize --json job.py >result.json 2>log || { cat log >&2; return 1; }
	cat .codeflash/run-*/*.jsonl >all.jsonl
}

setup() {
	cd "$BATS_FILE_TMPDIR"
}

@test "schema: every record of a real run is valid, and every kind occurs" {
	run "$PYTHON" "$ROOT/tests/validate.py" all.jsonl
	[ "$status" -eq 0 ] || fail_with "$output"
	for kind in trace replay target tests candidate result; do
		[[ $output == *"cf/$kind/1 "* ]] || fail_with "no $kind in: $output"
	done
	grep -q '"verdict":' all.jsonl
	grep -q '"measurement":' all.jsonl
	grep -q '"workflow":{' all.jsonl
}

@test "schema: --json prints the result record of the saved stream" {
	[ "$(cat result.json)" = "$(tail -n 1 .codeflash/run-*/09-result.jsonl)" ]
}

@test "schema: the stream passes on what earlier stages wrote, byte for byte" {
	cd .codeflash/run-*
	for stage in 02-replay 03-rank 04-suggest 04-tests 05-verify 06-bench 07-combine 08-workflow 09-result; do
		grep -qxF "$(cat 01-trace.jsonl)" "$stage.jsonl" || fail_with "the trace record is not in $stage"
	done
	grep '^{"schema":"cf/target/1"' 03-rank.jsonl >"$BATS_TEST_TMPDIR/targets"
	grep '^{"schema":"cf/target/1"' 09-result.jsonl | cmp - "$BATS_TEST_TMPDIR/targets"
}

@test "schema: a record without one of its keys, or with another type, is refused" {
	for kind in trace replay target tests candidate result; do
		line=$(grep "^{\"schema\":\"cf/$kind/1\"" all.jsonl | tail -n 1)
		for change in 'r.pop(list(r)[1])' 'r.update({list(r)[1]: 7.5})' 'r.update(project_root="relative")'; do
			"$PYTHON" -c 'import json, sys
r = json.loads(sys.argv[1])
if "project_root" not in r: r = dict(r, target=dict(r["target"]))
exec(sys.argv[2] if "project_root" in r else sys.argv[2].replace("r.update(project", "r[\"target\"].update(project"))
print(json.dumps(r))' "$line" "$change" >bad.jsonl
			run "$PYTHON" "$ROOT/tests/validate.py" bad.jsonl
			[ "$status" -eq 1 ] || fail_with "$kind after $change is still valid"
		done
	done
}
