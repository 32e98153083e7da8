#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-pr --pull-request, against a server on the loopback and a real bare repository.

load helper

setup() {
	root=$BATS_TEST_TMPDIR/project
	bare=$BATS_TEST_TMPDIR/bare.git
	mkdir -p "$root"
	export HOME=$BATS_TEST_TMPDIR GIT_CONFIG_NOSYSTEM=1 GITHUB_TOKEN=t0ken
	unset GIT_DIR GIT_INDEX_FILE GH_TOKEN GH_ENTERPRISE_TOKEN GITHUB_ENTERPRISE_TOKEN http_proxy https_proxy
	printf 'import sys\n\n\ndef f1(x):\n    return slow(x)\n\n\nprint(f1(1))\n' >"$root/job.py"
	cd "$root"
	git init -q -b trunk .
	git add -A
	git -c user.name=t -c user.email=t@localhost commit -qm first
	git init -q --bare "$bare"
	git remote add origin https://github.example/acme/widgets.git
	git remote set-url --push origin "$bare"
	git push -q origin trunk
	python3 "$BATS_TEST_DIRNAME/make_stream.py" "$root" job.py 'slow(x)' 'fast(x)' >"$BATS_TEST_TMPDIR/stream"
	PID=
}

teardown() {
	[ -z "$PID" ] || kill "$PID" 2>/dev/null || :
}

serve() { # [faults]
	: >"$BATS_TEST_TMPDIR/log"
	: >"$BATS_TEST_TMPDIR/port"
	python3 "$BATS_TEST_DIRNAME/fixtures/github/server.py" "${1:-{\}}" "$BATS_TEST_TMPDIR/log" >"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	PID=$!
	for _ in $(seq 100); do
		[ ! -s "$BATS_TEST_TMPDIR/port" ] || break
		sleep 0.05
	done
	export GITHUB_API_URL=http://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")
}

asked() { "$PYTHON" -c 'import json,sys
print(*[r["method"] + " " + r["path"].split("?")[0] for r in map(json.loads, open(sys.argv[1]))], sep="\n")' "$BATS_TEST_TMPDIR/log"; }
logged() { "$PYTHON" -c 'import json,sys
r = [json.loads(l) for l in open(sys.argv[1])]
print(eval(sys.argv[2]))' "$BATS_TEST_TMPDIR/log" "$1"; }
publish() { run --separate-stderr cf-pr --pull-request "$@" "$BATS_TEST_TMPDIR/stream"; }
url() { tail -n 1 <<<"$output" | "$PYTHON" -c 'import json,sys; print(json.load(sys.stdin)["url"])'; }

@test "pull request: the branch is pushed and one is opened, with what a reviewer asks for" {
	serve
	publish --draft --label perf --label 'help wanted'
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(url)" = https://github.example/acme/widgets/pull/7 ]
	[[ $stderr == *"pull request: https://github.example/acme/widgets/pull/7" ]]
	[ "$(git -C "$bare" rev-parse codeflash/job)" = "$(git rev-parse codeflash/job)" ]
	[ "$(asked | tr '\n' ' ')" = "GET /repos/acme/widgets/pulls GET /repos/acme/widgets POST /repos/acme/widgets/pulls POST /repos/acme/widgets/issues/7/labels " ] || fail_with "$(asked)"
	[ "$(logged '(r[2]["body"]["base"], r[2]["body"]["head"], r[2]["body"]["draft"], r[3]["body"])')" = "('trunk', 'codeflash/job', True, {'labels': ['perf', 'help wanted']})" ]
	[[ "$(logged 'r[2]["body"]["title"]')" == "perf(job): f1 "*"x faster on job.py" ]] || fail_with "$(logged 'r[2]["body"]["title"]')"
	for part in 'f1 (job.py)' 'codeflash optimize' '<!-- codeflash: codeflash/job -->' 'original against itself' '<details>'; do
		[ "$(logged "'''$part''' in r[2]['body']['body'] and len(r[2]['body']['body']) < 65536")" = True ] || fail_with "lacks $part: $(logged 'r[2]["body"]["body"]')"
	done
	# nobody else has this folder
	[ "$(logged "'''$root''' in r[2]['body']['body']")" = False ]
	git diff --quiet HEAD
}

@test "pull request: a second run brings the first one's up to date, and never opens another" {
	serve
	publish
	[ "$status" -eq 0 ] || fail_with "$stderr"
	publish
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(url)" = https://github.example/acme/widgets/pull/7 ]
	[ "$(asked | grep -c 'POST /repos/acme/widgets/pulls')" = 1 ]
	[ "$(asked | tail -n 1)" = "PATCH /repos/acme/widgets/pulls/7" ]
}

@test "pull request: the token is in no argument, message or stream" {
	serve '{"POST /repos/acme/widgets/pulls": [{"status": 422, "body": {"message": "Validation Failed", "errors": [{"message": "no"}]}}]}'
	publish
	[ "$status" -eq 3 ]
	run ! grep -r t0ken <<<"$output$stderr"
	[[ $stderr == *"codeflash/job is pushed, but there is no pull request: status 422: Validation Failed; no; run cf-pr on the stream again"* ]] || fail_with "$stderr"
	kill "$PID"
	serve
	publish
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(url)" = https://github.example/acme/widgets/pull/7 ]
}

@test "pull request: refused, limited, lost and broken answers" {
	# a limit is waited out; what was opened before the connection broke is found, not opened again
	serve '{"GET /repos/acme/widgets/pulls": [{"status": 403, "headers": {"Retry-After": "1"}, "body": {"message": "secondary rate limit"}}],
		"GET /repos/acme/widgets": [{"status": 502}], "POST /repos/acme/widgets/pulls": [{"reset": true, "after": true}]}'
	publish
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(url)" = https://github.example/acme/widgets/pull/7 ]
	[ "$(asked | grep -c 'POST /repos/acme/widgets/pulls')" = 1 ] || fail_with "$(asked)"
	kill "$PID"
	for code in 401 403 404; do
		serve "{\"GET /repos/acme/widgets/pulls\": [{\"status\": $code, \"body\": {\"message\": \"so it is\"}}]}"
		publish -q
		[ "$status" -eq 3 ]
		[ "$(grep -c . <<<"$stderr")" = 1 ] || fail_with "$stderr"
		[[ $stderr == *"status $code: so it is"* ]] || fail_with "$stderr"
		kill "$PID"
	done
}

@test "pull request: somebody else's of the same branch stays as it is" {
	serve
	publish
	curl -s -X PATCH -H 'Authorization: Bearer t0ken' -d '{"body": "mine now"}' "$GITHUB_API_URL/repos/acme/widgets/pulls/7" >/dev/null ||
		"$PYTHON" - "$GITHUB_API_URL/repos/acme/widgets/pulls/7" <<'PY'
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], b'{"body": "mine now"}', {"Authorization": "Bearer t0ken"}, method="PATCH"))
PY
	publish -q
	[ "$status" -eq 3 ]
	[[ $stderr == *"not codeflash's; name another branch with --branch"* ]] || fail_with "$stderr"
}

@test "pull request: --dry-run shows the requests and makes none; without token or remote it is one line" {
	serve
	publish --dry-run --label perf
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
	[ -z "$(git -C "$bare" branch --list 'codeflash/*')" ]
	[[ $stderr == *"POST $GITHUB_API_URL/repos/acme/widgets/pulls"* ]]
	sed -n '/^POST .*pulls$/,/^}$/p' <<<"$stderr" | sed 1d | "$PYTHON" -c 'import json,sys; json.load(sys.stdin)["body"]'
	run --separate-stderr env -u GITHUB_TOKEN cf-pr -q --pull-request "$BATS_TEST_TMPDIR/stream"
	[ "$status" -eq 3 ]
	one_line cf-pr "no token for github.example; set GITHUB_TOKEN"
	git remote rename origin upstream
	publish -q
	[ "$status" -eq 3 ]
	one_line cf-pr "no remote origin" "--remote"
	publish -q --remote upstream
	[ "$status" -eq 0 ] || fail_with "$stderr"
}
