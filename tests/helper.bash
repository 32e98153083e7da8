# SPDX-License-Identifier: Apache-2.0
# What the bats files share: a scratch project a test, and what "one clear line" means.
# shellcheck shell=bash disable=SC2154

bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PATH="${O:-$ROOT/build}/bin:$PATH"
PYTHON=${CHECK_VENV:+$CHECK_VENV/bin/}python3
export PYTHONDONTWRITEBYTECODE=1
# the lock of measurements is a user's: files that run side by side do not wait for each other
export XDG_RUNTIME_DIR="$BATS_RUN_TMPDIR/run"
mkdir -p -m 700 "$XDG_RUNTIME_DIR"

# A fresh project folder as the current directory: $PROJECT.
project() {
	PROJECT=$(mktemp -d "${BATS_TEST_TMPDIR}/project.XXXXXX")/${1:-proj}
	mkdir -p "$PROJECT"
	cd "$PROJECT" || return 1
}

# The small script most tests record: app.py with a slow and a quick function.
small_script() {
	cat >"${1:-app.py}" <<'PY'
import sys


def dedupe(items):
    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen


def total(items, factor=1):
    result = 0
    for item in items:
        result += item * factor
    return result


def main():
    for n in range(40):
        items = [(i * 7) % (100 + n) for i in range(900)]
        print(total(dedupe(items), factor=n))


if __name__ == "__main__":
    main()
PY
}

# `run --separate-stderr` was done: $stderr is exactly one line, begins "<tool>: " and has the words.
one_line() {
	local tool=$1 word
	shift
	[ "$(printf '%s\n' "$stderr" | wc -l)" -eq 1 ] || fail_with "stderr is not one line: $stderr"
	case "$stderr" in "$tool: "*) ;; *) fail_with "stderr does not begin with '$tool: ': $stderr" ;; esac
	for word; do
		case "$stderr" in *"$word"*) ;; *) fail_with "stderr does not say '$word': $stderr" ;; esac
	done
}

fail_with() {
	printf '%s\n' "$*" >&2
	return 1
}

# Everything below a folder, so that "nothing is left behind" can be compared.
listing() {
	(cd "$1" && find . -path ./.git -prune -o -print | LC_ALL=C sort)
}

json() { "$PYTHON" -c 'import json,sys
for line in sys.stdin:
    r = json.loads(line)
    if r["schema"] == "cf/" + sys.argv[1] + "/1": print(eval(sys.argv[2], {"r": r}))' "$@"; }
