#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the readers (tests/fuzz/*_fuzz.c). "smoke" runs the kept corpora and a few seconds more of each;
# "full" FUZZ_SECONDS (3600) of each, then keeps what small inputs reach in tests/fuzz/corpus/ and what
# came of it in tests/results/fuzz.md. What was found lies in the build folder's fuzz/findings/.
#
# usage: tests/fuzz.sh smoke|full [MAKE [ARGUMENT...]]; FUZZ_TARGETS="value spool" for some of them only
set -eu
what=$1
shift
[ $# -gt 0 ] || set -- make
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/.."
O=${O:-$PWD/build}
all=$(for f in tests/fuzz/*_fuzz.c; do basename "$f" _fuzz.c; done)
targets=${FUZZ_TARGETS:-$all}
# of a kept input, and of a kept corpus
input_bytes=4096 corpus_bytes=150000
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

printf 'int LLVMFuzzerTestOneInput(const char *p, long n) { return p && n < 0; }\n' >"$dir/x.c"
if ! "${FUZZ_CC:-clang}" -fsanitize=fuzzer,address,undefined -o "$dir/x" "$dir/x.c" 2>"$dir/log"; then
	echo "fuzz: not done, ${FUZZ_CC:-clang} cannot link libFuzzer here; ci/deps.sh check installs it" >&2
	[ -z "${CI:-}" ] && [ "$what" = smoke ]
	exit
fi
"$@" --no-print-directory fuzz-bin

# run TARGET ARGUMENT...: what libFuzzer says goes to $dir/log; its own findings stay.
run() {
	target=$1
	shift
	mkdir -p "$O/fuzz/findings"
	set -- "$@" -close_fd_mask=3 -timeout=20 -rss_limit_mb=3000 \
		"-artifact_prefix=$O/fuzz/findings/$target-"
	if [ -e "tests/fuzz/$target.dict" ]; then
		set -- "$@" "-dict=tests/fuzz/$target.dict"
	fi
	# memory that cannot be had is an answer, and leaks are looked for after every input
	if ! ASAN_OPTIONS=exitcode=99:allocator_may_return_null=1 "$O/fuzz/$target" "$@" >"$dir/log" 2>&1; then
		cat "$dir/log" >&2
		return 1
	fi
}

smoke() {
	mkdir "$dir/$1"
	run "$1" -max_total_time="${FUZZ_SECONDS:-3}" "$dir/$1" "tests/fuzz/corpus/$1"
	echo "fuzz $1: $(grep -o 'Done.*' "$dir/log")"
}

# The final value of a statistic in the log: " cov: 12 ft: 34 corp: 5/6b", "stat::number_of_executed_units: 7".
last() {
	sed -n "s/.*$1:* *\([0-9][0-9]*\).*/\1/p" "$dir/log" | tail -n 1
}

# Smallest first, as many as the room for a target allows.
keep() {
	rm -rf "$dir/min"
	mkdir "$dir/min"
	cp "$dir/log" "$dir/full.log"
	run "$1" -merge=1 -max_len=$input_bytes "$dir/min" "$O/fuzz/corpus/$1" "tests/fuzz/corpus/$1"
	cp "$dir/full.log" "$dir/log"
	rm -rf "tests/fuzz/corpus/$1"
	mkdir -p "tests/fuzz/corpus/$1"
	find "$dir/min" -type f -printf '%s %p\n' | sort -n | while read -r size path; do
		room=$((${room:-$corpus_bytes} - size))
		[ "$room" -ge 0 ] || break
		cp "$path" "tests/fuzz/corpus/$1/$(basename "$path" | cut -c 1-16)"
	done
}

full() {
	mkdir -p "$O/fuzz/corpus/$1"
	start=$(date +%s)
	found=none
	before=$(find "$O/fuzz/findings" -name "$1-*" 2>/dev/null | wc -l)
	run "$1" -max_total_time="${FUZZ_SECONDS:-3600}" -print_final_stats=1 -max_len=16384 \
		"$O/fuzz/corpus/$1" "tests/fuzz/corpus/$1" || {
		cp "$dir/log" "$O/fuzz/findings/$1.log"
		after=$(find "$O/fuzz/findings" -name "$1-*" | wc -l)
		found="$((after - before)), see fuzz/findings/$1.log in the build folder"
	}
	seconds=$(($(date +%s) - start))
	if [ "$found" = none ]; then
		keep "$1"
	fi
	printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$1" "$(date -u +%Y-%m-%d)" "$seconds" \
		"$(last stat::number_of_executed_units)" "$(last ' cov')" "$(last ' ft')" \
		"$(find "tests/fuzz/corpus/$1" -type f | wc -l)" "$found" >"$O/fuzz/$1.row"
	cat "$O/fuzz/$1.row"
	[ "$found" = none ]
}

report() {
	cat <<'END'
# Fuzzing

Written by `make fuzz`: the last run of each target, clang with libFuzzer and the address and
undefined-behaviour sanitizers. Coverage is edges and features of the code under test; corpus are the small
inputs kept in tests/fuzz/corpus/. Each execution of spool and trace writes and reads an SQLite file.

| target | date | seconds | executions | coverage | features | corpus | findings |
|---|---|---:|---:|---:|---:|---:|---|
END
	for t in $all; do
		[ ! -e "$O/fuzz/$t.row" ] || cat "$O/fuzz/$t.row"
	done
}

failed=0
for t in $targets; do
	case $what in
	full) full "$t" ;;
	*) smoke "$t" ;;
	esac || failed=1
done
if [ "$what" = full ]; then
	report >tests/results/fuzz.md
fi
exit $failed
