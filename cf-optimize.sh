#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# codeflash: composes the stages. Each reads the stream the one before it saved under
# .codeflash/run-<time>/ and saves its own, so that any of them can be rerun by hand from there. Names
# begin with cf_: some shells pass on a variable of the user's environment that a script assigns to.
set -eu

usage() {
	cat <<'EOF'
usage: codeflash optimize [options] program [argument ...]
       codeflash optimize [options] -m module [argument ...]
       codeflash optimize --jest | --vitest [options] [--] [argument ...]
       codeflash --replay-test [options] file ...
       codeflash tracer-path

  -o, --output file              the trace (default codeflash.trace)
      --timeout seconds          end the program after this long; what was seen is used
      --max-function-count n     calls kept of each function (default: the language's)
      --only-functions a,b       record and optimize these functions only
      --module-root dir          where the code to optimize lives
      --tests-root dir           where the tests are, and replay tests go
      --no-tests                 leave the project's own tests alone
      --tests-timeout seconds    how long they may run, recorded in the sandbox (default 60)
      --jest, --vitest           the program is the project's own Jest or Vitest, with what follows
      --language name            do not guess the language
      --trace-only               record and write replay tests, then stop
      --top n                    look at the n costliest functions only
      --from name                where candidates come from: rules, openai, anthropic, exec:CMD; repeatable
      --model name               which model answers (its key and address are in the environment)
      --candidates n             at most so many for a function from each of them
      --max-cost n               ask a model no more after so many tokens; $x: so much money, with --price
      --price in,out             money for a million tokens sent, and answered
      --redact pattern           send nothing that is like it; repeatable
      --branch name              name of the branch (default codeflash/<program>)
      --pull-request             push the branch and open a pull request for it on GitHub
      --draft                    open it as a draft
      --label name               give it this label; repeatable
      --base branch              what it is to go into (default: what the repository says)
      --remote name              where to push to (default origin)
      --no-pr                    no branch: patch files only
      --apply                    put the changes into the working files too
      --dry-run                  say what would be published, write nothing
      --json                     the result record on stdout
  -q, --quiet                    errors only
  -v, --verbose                  show the command of each stage and its tables
  -h, --help                     print this and exit
      --version                  print the version and exit

Options end at the program's name: what follows it is the program's. Options may stand before the
word optimize too. Manual: man codeflash
EOF
}

line() {
	printf 'codeflash: %s\n' "$(printf '%s' "$1" | tr '\000-\037\177' '?')" >&2
}

say() {
	[ -n "$cf_quiet" ] || line "$1"
}

# One line on stderr and the documented status.
die() {
	line "$2"
	exit "$1"
}

# The word, quoted so that eval reads it back as it was.
quote() {
	printf '%s\n' "$1" | sed "s/'/'\\\\''/g; 1s/^/'/; \$s/\$/'/"
}

# --- children: waited for in the background, so that a signal to this script reaches them ---------

cf_child=
cf_part=
cf_worst=0
cf_signals='HUP INT QUIT PIPE ALRM TERM USR1 USR2'

cleanup() {
	[ -z "$cf_part" ] || rm -f -- "$cf_part"
}

on_signal() {
	# shellcheck disable=SC2086 # several words
	trap '' $cf_signals
	if [ -n "$cf_child" ]; then
		kill -TERM "$cf_child" 2>/dev/null || :
		wait "$cf_child" 2>/dev/null || :
	fi
	cleanup
	trap - EXIT "$1"
	kill -s "$1" $$
}

# Runs a command to its end with our stdin; its stdout goes to descriptor 4.
run() {
	[ -z "$cf_verbose" ] || printf '+ %s\n' "$(for cf_word; do quote "$cf_word" | tr '\n' ' '; done)" >&2
	# shellcheck disable=SC2086 # several words or none
	$cf_tied "$@" <&3 3<&- >&4 4>&- 5<&- &
	cf_child=$!
	cf_ran=0
	wait "$cf_child" 2>/dev/null || cf_ran=$?
	cf_child=
	exec 4>&-
}

# stage NN name tool argument…: saves the tool's output as the next stream of the run. What a stage
# could not use it has named and left out, so that the others go on with the rest.
stage() {
	cf_stream=$cf_run_dir/$1-$2.jsonl
	cf_tool=$3
	shift 3
	cf_part=$cf_stream.part
	exec 4>"$cf_part"
	# shellcheck disable=SC2086 # --quiet or nothing
	run "$cf_bin/$cf_tool" $cf_quiet "$@" 3</dev/null
	[ "$cf_ran" -lt 128 ] ||
		die "$cf_ran" "$cf_tool was ended by signal $(kill -l "$cf_ran"); go on by hand from $cf_last, see codeflash(7)"
	if [ "$cf_ran" -ne 0 ]; then
		# the last line is whole
		if [ ! -s "$cf_part" ] || [ -n "$(tail -c 1 -- "$cf_part")" ]; then
			exit "$cf_ran"
		fi
		[ "$cf_tool" = cf-pr ] || line "$cf_tool ended with status $cf_ran; going on with what it wrote"
		[ "$cf_ran" -le "$cf_worst" ] || cf_worst=$cf_ran
	fi
	mv -- "$cf_part" "$cf_stream"
	cf_part=
	cf_last=$cf_stream
}

# The same for a stage that prints tables for people: with --verbose only.
tables() {
	cf_was=$cf_quiet
	[ -n "$cf_verbose" ] || cf_quiet=--quiet
	"$@"
	cf_quiet=$cf_was
}

# --- the pipeline, a function a stage --------------------------------------------------------------

# The program runs with this terminal's stdin and with SIGINT as it was: a shell that puts a command
# in the background makes it ignore that, and env gives it back where it can.
trace() {
	say "recording $*"
	cf_unignore=
	if env --default-signal=INT,QUIT true 2>/dev/null; then
		cf_unignore='env --default-signal=INT,QUIT'
	fi
	# A file without a name is left behind by no way of ending.
	cf_part=$(mktemp "${TMPDIR:-/tmp}/codeflash-XXXXXX" 2>/dev/null) ||
		die 2 "cannot make a scratch file in ${TMPDIR:-/tmp}; set TMPDIR"
	exec 4>"$cf_part"
	exec 5<"$cf_part"
	rm -f -- "$cf_part"
	cf_part=
	eval "run $cf_unignore \"\$cf_bin/cf-trace\" $cf_trace_options \"\$@\""
	[ "$cf_ran" -lt 128 ] ||
		die "$cf_ran" "cf-trace was ended by signal $(kill -l "$cf_ran"); record the program again"
	[ "$cf_ran" -eq 0 ] || exit "$cf_ran"
	cf_record=$(cat <&5)
	exec 5<&-
	open_run - <<EOF
$cf_record
EOF
	cf_part=$cf_run_dir/01-trace.jsonl.part
	printf '%s\n' "$cf_record" >"$cf_part"
	mv -- "$cf_part" "$cf_run_dir/01-trace.jsonl"
	cf_part=
	cf_last=$cf_run_dir/01-trace.jsonl
	case $cf_record in
	*'"functions":0,'*) nothing_called ;;
	esac
}

# Nothing to go on with: the program may have failed before it came to any code of the project's.
nothing_called() {
	case $cf_record in
	*'"exit_status":0,'* | *'"timed_out":true'*)
		line "no function of the project was called; if the code that ran is elsewhere, --module-root names its folder"
		exit "$cf_worst"
		;;
	*) die 3 "the program failed before it called any function of the project; see what it said" ;;
	esac
}

# Makes the run's folder in the project that a stream, or a trace, is about.
open_run() {
	cf_state=$("$cf_bin/cf-pr" --state-dir "$1") || exit
	cf_run_dir=$cf_state/run-$(date +%Y%m%d-%H%M%S)
	mkdir -- "$cf_run_dir" 2>/dev/null || {
		cf_run_dir=$cf_run_dir-$$
		mkdir -- "$cf_run_dir" || exit 2
	}
}

replaygen() {
	say "writing replay tests"
	# a large suite calls thousands of functions; those that take its time come first
	stage 02 replay cf-replaygen --budget 120 "$cf_last"
}

rank() {
	say "ranking functions"
	eval "tables stage 03 rank cf-rank $cf_rank_options \"\$@\""
}

suggest() {
	say "looking for candidates"
	eval "stage 04 suggest cf-suggest $cf_suggest_options \"\$cf_last\""
}

tests() {
	say "recording the project's tests, unless that has been done"
	eval "stage 04 tests cf-trace --tests $cf_tests_options \"\$cf_last\""
}

verify() {
	say "verifying candidates"
	stage 05 verify cf-verify "$cf_last"
}

bench() {
	say "measuring candidates, some seconds each"
	tables stage 06 bench cf-bench "$cf_last"
}

# again word for tool: what a model said goes back to it once, and what it makes of that is looked at.
again() {
	say "asking again about what was $2"
	eval "stage $1 $3 cf-suggest --$3 $cf_suggest_options \"\$cf_last\""
	grep -q "^{\"schema\":\"cf/candidate/1\",\"id\":\"[^\"]*\",\"name\":\"${3%e}ed-" "$cf_last"
}

repair() {
	if again 05 refused repair; then
		say "verifying what came of it"
		stage 05 verify-repaired cf-verify --new "$cf_last"
	fi
}

refine() {
	if again 06 faster refine; then
		say "verifying and measuring what came of it"
		stage 06 verify-refined cf-verify --new "$cf_last"
		tables stage 06 bench-refined cf-bench --new "$cf_last"
	fi
}

combine() {
	say "verifying what was accepted, all together"
	stage 07 combine cf-verify --combine "$cf_last"
}

workflow() {
	say "timing the whole program, original against optimized"
	tables stage 08 workflow cf-bench --workflow "$cf_last"
}

publish() {
	[ -n "$cf_quiet" ] || echo >&2
	eval "stage 09 result cf-pr $cf_pr_options \"\$cf_last\""
	[ -z "$cf_json" ] || tail -n 1 -- "$cf_last"
}

optimize() {
	rank "$@"
	suggest
	if grep -q '^{"schema":"cf/candidate/1"' "$cf_last"; then
		[ -n "$cf_no_tests" ] || tests
		verify
		[ -z "$cf_models" ] || repair
		bench
		[ -z "$cf_models" ] || refine
		combine
		workflow
	fi
	publish
}

finish_trace() {
	cf_root=${cf_state%/*}
	sed -n 's/^{"schema":"cf\/replay\/1".*"project_root":"[^"]*","file":"\([^"]*\)".*/\1/p' "$cf_last" |
		while IFS= read -r cf_file; do
			say "recorded; optimize with: codeflash --replay-test $cf_root/$cf_file"
		done
	exit "$cf_worst"
}

whole() {
	check_options
	trace "$@"
	replaygen
	[ -z "$cf_trace_only" ] || finish_trace
	optimize "$cf_last"
}

# The project's own Jest or Vitest, from the nearest folder that has it.
runner() {
	case $cf_runner:${1-} in
	vitest:run | vitest:related | vitest:list | vitest:bench) ;;
	vitest:*) set -- run "$@" ;; # without a word it would watch the files
	esac
	cf_dir=$PWD
	while [ ! -x "$cf_dir/node_modules/.bin/$cf_runner" ] && [ -n "$cf_dir" ]; do
		cf_dir=${cf_dir%/*}
	done
	if [ -x "$cf_dir/node_modules/.bin/$cf_runner" ]; then
		whole "$cf_dir/node_modules/.bin/$cf_runner" "$@"
	else
		die 4 "$cf_runner is not installed in $PWD: no node_modules/.bin/$cf_runner; install it with npm"
	fi
}

# A replay test's first lines name its trace, as seen from the test's own folder.
trace_of() {
	cf_found=$(sed -n '1,5{s/^[#/*]* *trace: //p;}' "$1" | head -n 1)
	[ -n "$cf_found" ] || die 2 "$1: not a replay test: its first lines name no trace"
	case $cf_found in
	/*) ;;
	*) case $1 in
		*/*) cf_found=${1%/*}/$cf_found ;;
		esac ;;
	esac
	[ -e "$cf_found" ] || die 2 "$1: its trace $cf_found is gone; record it again with codeflash optimize"
}

# codeflash --replay-test file…: options may stand between the files too.
replay_tests() {
	cf_count=$#
	while [ "$cf_count" -gt 0 ]; do
		case $1 in
		-?*)
			option "$@"
			shift "$cf_taken"
			cf_count=$((cf_count - cf_taken))
			continue
			;;
		esac
		[ -r "$1" ] || die 2 "cannot read $1"
		trace_of "$1"
		set -- "$@" "$cf_found"
		shift
		cf_count=$((cf_count - 1))
	done
	[ $# -gt 0 ] || die 2 "--replay-test needs a file; see codeflash --help"
	check_options
	open_run "$1"
	cf_last=$1
	optimize "$@"
}

# The folder that holds the package a program imports to record parts of itself.
tracer_path() {
	for cf_dir in "${CODEFLASH_LIBEXEC:-}" "$cf_bin/../libexec" "$cf_bin/../libexec/codeflash" "@LIBEXECDIR@"; do
		if [ -n "$cf_dir" ] && [ -d "$cf_dir/plugins/python" ]; then
			(cd -- "$cf_dir/plugins/python" && pwd -P)
			exit 0
		fi
	done
	die 4 "the Python plugin is not installed; CODEFLASH_LIBEXEC names the folder of plugins"
}

# --- options ----------------------------------------------------------------------------------------

cf_taken=0 cf_models='' cf_quiet='' cf_verbose='' cf_json='' cf_trace_only='' cf_replay='' cf_no_tests='' cf_runner=''
cf_trace_options='' cf_tests_options='' cf_rank_options='' cf_suggest_options='' cf_pr_options=''

# On an empty stream a stage does nothing but read its options: better before the program runs than
# after. Those of cf-trace are read before that anyway.
check_options() {
	[ -z "$cf_rank_options" ] || eval "\"\$cf_bin/cf-rank\" --quiet $cf_rank_options - </dev/null >/dev/null" || exit
	[ -z "$cf_tests_options" ] || eval "\"\$cf_bin/cf-trace\" --tests --quiet $cf_tests_options - </dev/null >/dev/null" || exit
	[ -z "$cf_suggest_options" ] || eval "\"\$cf_bin/cf-suggest\" --quiet $cf_suggest_options - </dev/null >/dev/null" || exit
	[ -z "$cf_pr_options" ] || eval "\"\$cf_bin/cf-pr\" --quiet $cf_pr_options - </dev/null >/dev/null" || exit
}

# Whether an option is one of those that usage() shows.
known() {
	usage | grep -q -e "^  .*[ ,]*${1%%=*}[ ,]"
}

# Takes one option with its value, if it has one, off the front: sets cf_taken to the words it took.
option() {
	cf_name=${1%%=*}
	cf_taken=1
	case $cf_name in
	-o | --output | --timeout | --max-function-count | --only-functions | --module-root | --tests-root | \
		--language | --top | --from | --model | --max-cost | --price | --redact | --candidates | --branch | --label | --base | --remote | \
		--tests-timeout)
		case $1 in
		--*=*) cf_value=${1#*=} ;;
		*)
			[ $# -ge 2 ] || die 2 "$1 needs a value; see codeflash --help"
			cf_value=$2
			cf_taken=2
			;;
		esac
		;;
	*)
		[ "$cf_name" = "$1" ] || die 2 "unknown option '$1'; see codeflash --help"
		;;
	esac
	case $cf_name in
	-o | --output) cf_trace_options="$cf_trace_options --output $(quote "$cf_value")" ;;
	--timeout | --max-function-count | --only-functions | --module-root | --tests-root | --language)
		cf_trace_options="$cf_trace_options $cf_name $(quote "$cf_value")"
		# what was asked for by name is looked at however little it takes
		[ "$cf_name" != --only-functions ] || cf_rank_options="$cf_rank_options --min-share 0"
		;;
	--top) cf_rank_options="$cf_rank_options --top $(quote "$cf_value")" ;;
	--from | --model | --max-cost | --price | --redact | --candidates)
		case $cf_name:$cf_value in
		--from:openai | --from:anthropic) cf_models=1 ;;
		esac
		cf_suggest_options="$cf_suggest_options $cf_name $(quote "$cf_value")"
		;;
	--branch | --label | --base | --remote) cf_pr_options="$cf_pr_options $cf_name $(quote "$cf_value")" ;;
	--no-pr) cf_pr_options="$cf_pr_options --no-branch" ;;
	--apply | --dry-run | --pull-request | --draft) cf_pr_options="$cf_pr_options $cf_name" ;;
	--trace-only) cf_trace_only=1 ;;
	--no-tests) cf_no_tests=1 ;;
	--tests-timeout) cf_tests_options="$cf_tests_options --timeout $(quote "$cf_value")" ;;
	--replay-test) cf_replay=1 ;;
	--jest | --vitest) cf_runner=${1#--} ;;
	--json) cf_json=1 ;;
	-q | --quiet)
		cf_quiet=--quiet
		cf_trace_options="$cf_trace_options --quiet"
		;;
	-v | --verbose) cf_verbose=1 ;;
	-h | --help)
		usage
		exit 0
		;;
	--version)
		echo "codeflash @VERSION@"
		exit 0
		;;
	*) die 2 "unknown option '$1'; see codeflash --help" ;;
	esac
}

main() {
	cf_command=
	while [ $# -gt 0 ]; do
		case $1 in
		--)
			shift
			break
			;;
		-m | -c) break ;;
		-?*)
			# what is none of ours is the runner's
			[ -z "$cf_runner" ] || known "$1" || break
			option "$@"
			shift "$cf_taken"
			;;
		optimize | tracer-path)
			[ -z "$cf_command" ] || break
			cf_command=$1
			shift
			;;
		*) break ;;
		esac
	done
	if [ -n "$cf_replay" ]; then
		replay_tests "$@"
	elif [ -n "$cf_runner" ]; then
		cf_command=optimize
		runner "$@"
	elif [ "$cf_command" = tracer-path ]; then
		tracer_path
	elif [ $# -eq 0 ] && [ "$cf_taken" -eq 2 ]; then
		die 2 "no program to optimize: $cf_name took '$cf_value' as its value; see codeflash --help"
	elif [ $# -eq 0 ] && [ -n "$cf_command" ]; then
		die 2 "no program to optimize; see codeflash --help"
	elif [ $# -eq 0 ]; then
		usage >&2
		exit 2
	elif [ "$cf_command" = optimize ]; then
		whole "$@"
	else
		die 2 "unknown command '$1'; codeflash optimize $1 records and optimizes it"
	fi
	return "$cf_worst"
}

cf_self=$(readlink -f -- "$0" 2>/dev/null) || cf_self=$0
cf_bin=${cf_self%/*}
[ -x "$cf_bin/cf-trace" ] || die 4 "cf-trace is not beside $cf_self; install codeflash as a whole"
# it may be closed
if (: <&0) 2>/dev/null; then exec 3<&0; else exec 3</dev/null; fi
# A stage ends when this script is killed outright, where the system can see to that.
cf_tied='setpriv --pdeathsig TERM'
$cf_tied true 2>/dev/null || cf_tied=
trap cleanup EXIT
for cf_signal in $cf_signals; do
	# shellcheck disable=SC2064 # the name is meant to be fixed now
	trap "on_signal $cf_signal" "$cf_signal"
done
main "$@"
