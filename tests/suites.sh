#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The own test suites of real packages, without and under cf-trace: the tests do the same, and every function that
# was entered has calls in the trace or a reason in its ledger. Results: tests/results/suites.md.
# usage: suites.sh [package ...]; O= is the build directory.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
O=${O:-$here/build}
work=$O/suites
PATH=$O/bin:$PATH
PYTHONHASHSEED=0 # some of the tests go through sets
export PATH PYTHONHASHSEED
[ $# -gt 0 ] || set -- networkx sqlglot mpmath

if ! cat "$here/tests/real/requirements.txt" "$here/tests/real/suites.txt" | cmp -s - "$work/venv/.stamp"; then
	rm -rf "$work/venv" "$work/sdist"
	mkdir -p "$work"
	"${PYTHON:-python3}" -m venv "$work/venv"
	"$work/venv/bin/pip" install -q --disable-pip-version-check -r "$here/tests/real/suites.txt"
	# its tests are in the source distribution only
	"$work/venv/bin/pip" download -q --disable-pip-version-check --no-deps --no-binary sqlglot \
		-d "$work/sdist" "$(grep '^sqlglot==' "$here/tests/real/requirements.txt")"
	cat "$here/tests/real/requirements.txt" "$here/tests/real/suites.txt" >"$work/venv/.stamp"
fi
# as after `activate`: some tests start `python`
PATH=$work/venv/bin:$PATH
site=$(python -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')

# Where the tests of each are, and which are left out, for minutes' sake.
tests_of() {
	case $1 in
	networkx) echo networkx/algorithms/shortest_paths networkx/algorithms/components networkx/algorithms/traversal \
		networkx/algorithms/tree networkx/classes networkx/readwrite networkx/utils ;;
	sqlglot) echo tests ;;
	mpmath) echo mpmath/tests/test_basic_ops.py mpmath/tests/test_calculus.py mpmath/tests/test_convert.py \
		mpmath/tests/test_division.py mpmath/tests/test_elliptic.py mpmath/tests/test_identify.py \
		mpmath/tests/test_interval.py mpmath/tests/test_linalg.py mpmath/tests/test_matrices.py \
		mpmath/tests/test_special.py mpmath/tests/test_summation.py mpmath/tests/test_trig.py ;;
	esac
}

project() {
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	cp -r "$site/$1" "$work/$1/$1"
	if [ "$1" = sqlglot ]; then
		tar xzf "$work"/sdist/sqlglot-*.tar.gz -C "$work/$1" --strip-components=1 --wildcards '*/tests'
	fi
	printf '__pycache__/\n' >"$work/$1/.gitignore"
	(
		cd "$work/$1"
		find . -name __pycache__ -prune -exec rm -r {} +
		git init -q .
		git add -A
		git -c user.name=suites -c user.email=suites@localhost commit -qm 'as released'
	)
}

run() {
	project "$1"
	cd "$work/$1"
	# shellcheck disable=SC2046 # a list
	set -- "$1" python -m pytest -q -p no:cacheprovider $(tests_of "$1")
	package=$1
	shift
	"$@" --junitxml="../$package.plain.xml" >"../$package.plain" 2>&1 || true
	python "$here/tests/suites.py" watch "../$package.watched" cf-trace -o "../$package.trace" --module-root "$package" \
		"$@" --junitxml="../$package.traced.xml" >"../$package.jsonl" 2>"../$package.log" || return 1
	left=$(git status --porcelain)
	if [ -n "$left" ]; then
		printf 'suites: %s: left in the tree: %s\n' "$package" "$left" >&2
		return 1
	fi
	cf-replaygen --budget 180 "../$package.jsonl" >"../$package.replay" 2>"../$package.replay.log" || return 1
	python "$here/tests/suites.py" row "$package" "../$package.plain.xml" "../$package.traced.xml" "../$package.trace" \
		"../$package.replay" "../$package.watched" ../ledger.md
}

status=0
rm -f "$work/ledger.md"
table=$work/suites.md
{
	printf '%s, %s cores, %s\n\n' "$(date -u +%F)" "$(getconf _NPROCESSORS_ONLN)" "$(python -V)"
	echo '| package | tests | other outcome under cf-trace | functions entered | with calls kept | unaccounted | calls | captured | in replay tests | test reaches function | trace MB, with outcomes | cf-trace itself |'
	echo '|---|---|---|---|---|---|---|---|---|---|---|---|'
} >"$table"
for package in "$@"; do
	(run "$package") >>"$table" || {
		echo "suites: $package failed; see $work/$package.log" >&2
		status=1
	}
done
printf '\nThe ledger, by reason:\n' >>"$table"
cat "$work/ledger.md" >>"$table"
mkdir -p "$here/tests/results"
cp "$table" "$here/tests/results/suites.md"
cat "$table"
exit $status
