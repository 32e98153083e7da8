#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cf-suggest --from openai and anthropic, against a server on the loopback that has their faults.

load helper

setup_file() {
	export WORK=$BATS_FILE_TMPDIR/work
	mkdir "$WORK"
	cd "$WORK" || return 1
	small_script
	touch pyproject.toml
	cf-trace app.py 2>/dev/null | cf-replaygen 2>/dev/null | cf-rank --min-share 0 2>/dev/null |
		grep -v '"schema":"cf/target/1".*"name":"\(main\|total\)","class"' >ranked
}

setup() {
	cd "$WORK" || return 1
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache OPENAI_API_KEY=sk-secret-of-mine ANTHROPIC_API_KEY=sk-ant-other
	unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR
	PID=
}

teardown() {
	[ -z "$PID" ] || kill "$PID" 2>/dev/null || :
}

FAST='"Slow search.\n\n```python\ndef dedupe(items):\n    return list(dict.fromkeys(items))\n```\n"'
OTHER='"```python\ndef dedupe(items):\n    seen = set()\n    out = []\n    for item in items:\n        if item not in seen:\n            seen.add(item)\n            out.append(item)\n    return out\n```\n"'

# A server that answers so, in turn; the base addresses are its.
serve() { # script [--tls cert key]
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/script"
	shift
	: >"$BATS_TEST_TMPDIR/log"
	"$PYTHON" "$BATS_TEST_DIRNAME/fixtures/model/server.py" "$BATS_TEST_TMPDIR/script" "$BATS_TEST_TMPDIR/log" "$@" \
		>"$BATS_TEST_TMPDIR/port" 2>/dev/null 3>&- &
	PID=$!
	for _ in $(seq 100); do
		[ ! -s "$BATS_TEST_TMPDIR/port" ] || break
		sleep 0.05
	done
	PORT=$(cat "$BATS_TEST_TMPDIR/port")
	export OPENAI_BASE_URL=http://127.0.0.1:$PORT/v1 ANTHROPIC_BASE_URL=http://127.0.0.1:$PORT
}

asked() { wc -l <"$BATS_TEST_TMPDIR/log"; }
logged() { "$PYTHON" -c 'import json,sys
r = [json.loads(l) for l in open(sys.argv[1])]
print(eval(sys.argv[2]))' "$BATS_TEST_TMPDIR/log" "$1"; }
candidates() { json candidate "$1" <<<"$output"; }
ask() { run --separate-stderr cf-suggest --from "${FROM:-openai}" --model m "$@" ranked; }

@test "models: both protocols, as their services have them" {
	serve "[{\"text\": $FAST}, {\"text\": $OTHER}]"
	ask -n 2
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(candidates 'r["origin"], r["cost"]')" = "('openai/m', {'input_tokens': 100, 'output_tokens': 50})
('openai/m', {'input_tokens': 100, 'output_tokens': 50})" ] || fail_with "$output" "$stderr"
	candidates 'r["explanation"]' | grep -qx 'Slow search.'
	[ "$(logged 'r[0]["path"], r[0]["headers"]["Authorization"], sorted(r[0]["body"])')" = "('/v1/chat/completions', 'Bearer sk-secret-of-mine', ['max_tokens', 'messages', 'model'])" ]
	[[ $stderr == *"m: 2 requests, 0 answers kept from before, 0 not used; 200 tokens in, 100 out"* ]]
	FROM=anthropic ask -n 1
	[ "$(candidates 'r["origin"]')" = anthropic/m ] || fail_with "$output" "$stderr"
	[ "$(logged 'r[-1]["path"], r[-1]["headers"]["x-api-key"], r[-1]["headers"]["anthropic-version"], sorted(r[-1]["body"])')" = "('/v1/messages', 'sk-ant-other', '2023-06-01', ['max_tokens', 'messages', 'model', 'system'])" ]
}

@test "models: what is proposed is verified like any" {
	serve "[{\"text\": $FAST}]"
	cf-suggest -q --from openai --model m -n 1 ranked >cand
	[ "$(cf-verify --mutants 0 cand 2>/dev/null | json candidate 'r["verdict"]["answer"]')" = equivalent ]
}

@test "models: the same question is asked once, also by the next run; other questions are others" {
	serve "[{\"text\": $FAST}]"
	ask -n 2
	[ "$(asked)" = 2 ]
	first=$output
	ask -n 2
	[ "$(asked)" = 2 ]
	[ "$(grep -c '"schema":"cf/candidate/1"' <<<"$output")" = "$(grep -c '"schema":"cf/candidate/1"' <<<"$first")" ]
	[[ $stderr == *"0 requests, 2 answers kept from before"*"0 tokens in, 0 out"* ]] || fail_with "$stderr"
	run cf-suggest -q --from openai --model other -n 1 ranked
	[ "$(asked)" = 3 ]
	find "$XDG_CACHE_HOME" -type f -exec grep -l sk-secret {} + | { run ! grep .; }
}

@test "models: an overload is waited out, as long as the service says" {
	serve "[{\"status\": 429, \"headers\": {\"Retry-After\": \"2\"}, \"text\": \"\"}, {\"status\": 503, \"text\": \"\"}, {\"reset\": true}, {\"text\": $FAST}]"
	ask -n 1
	[ "$(asked)" = 4 ] || fail_with "$(asked): $stderr"
	[ "$(candidates 'r["origin"]')" = openai/m ]
	[ "$(logged 'r[1]["time"] - r[0]["time"] >= 2')" = True ]
	[[ $stderr == *"m: 1 requests"*"100 tokens in"* ]] || fail_with "$stderr"
}

@test "models: what does not go away is one line and status 3, and costs no more tries than it must" {
	serve '[{"status": 401, "body": "{\"error\": {\"message\": \"Incorrect API key\\nprovided\"}}"}]'
	ask -q -n 1
	[ "$status" -eq 3 ]
	[ "$(asked)" = 1 ]
	[ "$stderr" = "cf-suggest: openai: m has no answer for dedupe: status 401: Incorrect API key provided" ] || fail_with "$stderr"
	[ "$(head -n 1 <<<"$output" | cut -c1-23)" = '{"schema":"cf/trace/1",' ]
	kill "$PID"
	serve '[{"status": 429, "headers": {"Retry-After": "7200"}, "text": ""}]'
	ask -q -n 1 --timeout 5
	[[ $stderr == *"status 429, and not to be asked again for 7200 s" ]] || fail_with "$stderr"
	[ "$(asked)" = 1 ]
}

@test "models: an answer that is none is not used, and the run goes on" {
	for fault in '"cut": true, "text": "x"' '"body": "<html>no</html>", "headers": {"Content-Type": "text/html"}' \
		'"body": "{\"choices\": ["' '"body": "{\"choices\": []}"' '"body": "{\"choices\": 3}"' '"body": "[1]"' '"body": "\"\\u0000\""' \
		'"body": "{\"choices\":[{\"message\":{\"content\":\"\u00ff\u00fe\"}}]}"' '"bytes": 20000000' '"text": "NONE"' \
		"\"finish\": \"length\", \"text\": $FAST"; do
		serve "[{$fault}]"
		rm -rf "$XDG_CACHE_HOME"
		ask -v -n 1 --timeout 3
		[ "$status" -eq 0 ] || [ "$status" -eq 3 ] || fail_with "$fault: $status: $stderr"
		[ -z "$(candidates 'r["id"]')" ] || fail_with "$fault: $output"
		[ "$(wc -l <<<"$stderr")" -le 2 ] || fail_with "$fault: $stderr"
		grep -q 'not used\|no answer' <<<"$stderr" || fail_with "$fault: $stderr"
		kill "$PID"
	done
}

@test "models: what drips or never comes is given up, and not paid twice" {
	serve '[{"drip": 0.3, "text": "x"}]'
	ask -q -n 1 --timeout 1
	[ "$status" -eq 3 ]
	[ "$stderr" = "cf-suggest: openai: m has no answer for dedupe: no whole answer within 1 s" ] || fail_with "$stderr"
	[ "$(asked)" = 1 ]
	kill "$PID"
	serve '[{"hang": true}]'
	ask -q -n 1 --timeout 1
	[ "$status" -eq 3 ]
	[ "$(asked)" = 1 ]
	kill "$PID"
	wait "$PID" 2>/dev/null || :
	# nobody there: tried again, then told
	ask -q -n 1 --timeout 4
	[ "$status" -eq 3 ]
	one_line cf-suggest "has no answer for dedupe"
}

@test "models: TLS is checked, and a private authority is one where curl users name it" {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$BATS_TEST_TMPDIR/key" -out "$BATS_TEST_TMPDIR/cert" -days 2 \
		-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	serve "[{\"text\": $FAST}]" --tls "$BATS_TEST_TMPDIR/cert" "$BATS_TEST_TMPDIR/key"
	export OPENAI_BASE_URL=https://127.0.0.1:$PORT/v1
	ask -q -n 1
	[ "$status" -eq 3 ]
	one_line cf-suggest "certificate"
	[ "$(asked)" = 0 ]
	for variable in CURL_CA_BUNDLE SSL_CERT_FILE; do
		rm -rf "$XDG_CACHE_HOME"
		run --separate-stderr env $variable="$BATS_TEST_TMPDIR/cert" cf-suggest -q --from openai --model m -n 1 ranked
		[ "$status" -eq 0 ] || fail_with "$variable: $stderr"
		[ "$(candidates 'r["origin"]')" = openai/m ]
	done
}

@test "models: --max-cost ends the asking, in tokens or in money" {
	serve "[{\"text\": $FAST, \"usage\": [4000, 4000]}]"
	ask -n 5 --jobs 1 --max-output-tokens 4000 --max-cost 20000
	[ "$(asked)" = 2 ] || fail_with "$(asked): $stderr"
	[[ $stderr == *"--max-cost is reached: 3 questions were not asked"* ]] || fail_with "$stderr"
	rm -rf "$XDG_CACHE_HOME"
	: >"$BATS_TEST_TMPDIR/log"
	ask -n 5 --jobs 1 --max-output-tokens 4000 --price 1,10 --max-cost '$0.09'
	[ "$(asked)" = 2 ] || fail_with "$(asked): $stderr"
	[[ $stderr == *'8000 tokens in, 8000 out, $0.0880'* ]] || fail_with "$stderr"
	for bad in x -3 0 1e3x '$' '$1'; do
		run --separate-stderr cf-suggest --from openai --model m "--max-cost=$bad" ranked
		[ "$status" -eq 2 ] || fail_with "$bad: $status"
		one_line cf-suggest "--max-cost $bad"
	done
}

@test "models: --show-prompt prints what would be sent, and sends nothing; secrets are not in it" {
	serve "[{\"text\": $FAST}]"
	mkdir "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	cat >app.py <<'PY'
import sys
API_KEY = "AKIAABCDEFGHIJKLMNOP"


def work(n):
    """customer-4711 wants it"""
    return [i for i in range(n) if i not in [1, 2, 3]]


for n in range(300):
    work(n)
PY
	touch pyproject.toml
	cf-trace app.py 2>/dev/null | cf-replaygen 2>/dev/null | cf-rank --min-share 0 >ranked 2>/dev/null
	ask --show-prompt --redact 'customer-[0-9]+'
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$(asked)" = 0 ]
	for word in 'Function work in app.py (python), 300 calls' 'def work(n):' 'import sys' 'API_KEY = "REDACTED_' 'REDACTED_. wants it' 'work(2'; do
		grep -q -- "$word" <<<"$output" || fail_with "lacks $word: $output"
	done
	run ! grep -e AKIA -e customer-4711 -e sk-secret <<<"$output"
	run --separate-stderr cf-suggest -q --from openai --model m --redact 'customer-[0-9]+' -n 1 ranked
	[ "$(logged '"AKIA" in str(r[0]["body"]) or "4711" in str(r[0]["body"])')" = False ]
}

@test "models: what is missing is one line and exit 2" {
	run --separate-stderr cf-suggest --from openai ranked
	[ "$status" -eq 2 ]
	one_line cf-suggest "--model"
	run --separate-stderr env -u OPENAI_API_KEY -u OPENAI_BASE_URL cf-suggest --from openai --model m ranked
	[ "$status" -eq 2 ]
	one_line cf-suggest OPENAI_API_KEY OPENAI_BASE_URL
	run --separate-stderr env OPENAI_API_KEY=$'a\nb' cf-suggest --from openai --model m ranked
	[ "$status" -eq 2 ]
	one_line cf-suggest OPENAI_API_KEY
	[[ $stderr != *$'a\nb'* ]]
	run --separate-stderr cf-suggest --from openai --model m --redact '(' ranked
	[ "$status" -eq 2 ]
	one_line cf-suggest "--redact ("
}

@test "models: of two wrong, one not faster and one right after repair the right one is accepted" {
	code() { printf '"```python\\ndef dedupe(items):\\n%s```\\n"' "$1"; }
	wrong=$(code '    return sorted(set(items))\n')
	none=$(code '    return []\n')
	same=$(code '    seen = list()\n    for item in items:\n        if item not in seen:\n            seen.append(item)\n    return seen\n')
	nearly=$(code '    return tuple(dict.fromkeys(items))\n')
	# what the repaired one is told of is the difference that its tuple makes
	serve "[{\"text\": $wrong}, {\"text\": $none}, {\"text\": $same}, {\"text\": $nearly}, {\"text\": \"NONE\"},
		{\"match\": \"tuple(dict\", \"text\": $FAST}]"
	mkdir "$BATS_TEST_TMPDIR/p"
	cd "$BATS_TEST_TMPDIR/p"
	cp "$WORK/app.py" "$WORK/pyproject.toml" .
	run --separate-stderr codeflash optimize --from openai --model m --candidates 4 --only-functions dedupe --json app.py
	[ "$status" -eq 0 ] || fail_with "$stderr"
	[ "$("$PYTHON" -c 'import json,sys; print(*[(a["target"], a["origin"]) for a in json.loads(sys.argv[1])["accepted"]])' "$output" 2>&1)" = "('dedupe', 'openai/m')" ] ||
		fail_with "$output" "$stderr"
	# four first, three refused and asked about, one faster
	[ "$(asked)" = 8 ] || fail_with "$(asked): $stderr"
	[ "$(logged '[("not equivalent" in str(q["body"]), "faster still" in str(q["body"])) for q in r][4:]')" = "[(True, False), (True, False), (True, False), (False, True)]" ]
	git apply .codeflash/patches/all.patch
	grep -q 'return list(dict.fromkeys(items))' app.py
}
