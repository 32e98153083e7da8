#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The whole pipeline over scripts that drive real PyPI packages, with the package as the module root.
# usage: real.sh [package ...]; O= is the build directory. Results: tests/results/real.md.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$here/build}
work=$O/real
PATH=$O/bin:$PATH
export PATH
[ $# -gt 0 ] || set -- networkx sqlglot mpmath

if ! cmp -s "$here/tests/real/requirements.txt" "$work/venv/.stamp"; then
	rm -rf "$work/venv"
	mkdir -p "$work"
	"${PYTHON:-python3}" -m venv "$work/venv"
	"$work/venv/bin/pip" install -q --disable-pip-version-check -r "$here/tests/real/requirements.txt"
	cp "$here/tests/real/requirements.txt" "$work/venv/.stamp"
fi
py=$work/venv/bin/python
site=$("$py" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')

# A git work tree with the package's own sources and the script: what its maintainers would have.
project() {
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	cp -r "$site/$1" "$work/$1/$1"
	cp "$here/tests/real/$1_script.py" "$work/$1/script.py"
	printf '__pycache__/\n' >"$work/$1/.gitignore"
	(
		cd "$work/$1"
		git init -q .
		git add -A
		git -c user.name=real -c user.email=real@localhost commit -qm 'as released'
	)
}

run() {
	project "$1"
	cd "$work/$1"
	"$py" script.py >../"$1".plain
	codeflash optimize --no-pr --module-root "$1" "$py" script.py >../"$1".out 2>../"$1".log || {
		echo "real: $1: codeflash optimize ended with status $?" >&2
		return 1
	}
	cat .codeflash/run-*/*.jsonl | awk '!seen[$0]++' >../"$1".all
	last=$(find .codeflash/run-*/ -name '*.jsonl' | sort | tail -n 1)
	start=$(date +%s)
	"$py" -m pytest -q -p no:cacheprovider --junitxml=../"$1".xml tests >../"$1".pytest 2>&1 || true
	"$py" "$here/tests/real/accounts.py" "$1" codeflash.trace "$last" ../"$1".xml "$(($(date +%s) - start))" || return 1
	left=$(git status --porcelain | grep -v -e '^?? codeflash.trace$' -e '^?? tests/$' -e '^?? tests/test_replay_test_' || true)
	if [ -n "$left" ]; then
		printf 'real: %s: left in the tree: %s\n' "$1" "$left" >&2
		return 1
	fi
}

status=0
rm -f "$work/reasons.md"
table=$work/real.md
{
	printf '%s, %s cores, %s\n\n' "$(date -u +%F)" "$(getconf _NPROCESSORS_ONLN)" "$("$py" -V)"
	echo '| package | functions entered | captured | unaccounted | calls kept | replayed green | stable | candidates by verdict | faster | seconds |'
	echo '|---|---|---|---|---|---|---|---|---|---|'
} >"$table"
for package in "$@"; do
	(run "$package") >>"$table" || status=1
done
{
	printf '\nFunctions of which no call is kept, by reason:\n\n'
	cat "$work/reasons.md"
} >>"$table"
mkdir -p "$here/tests/results"
cp "$table" "$here/tests/results/real.md"
cat "$table"
exit $status
