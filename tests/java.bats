#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Java through the stages: classes, jars and single sources that java runs.

load helper

setup() {
	command -v javac >/dev/null || { [ -z "${CI:-}" ] && skip "no JDK is installed"; }
	[ -e "${O:-$ROOT/build}/libexec/plugins/java/codeflash.jar" ] || { [ -z "${CI:-}" ] && skip "the Java plugin was not built"; }
}

# A copy of a fixture, compiled as its build would.
fixture() {
	project
	cp -R "$ROOT/tests/fixtures/java/$1/." .
	mkdir -p target/classes
	find src/main -name '*.java' -exec javac -g -d target/classes {} +
}

sql() {
	sqlite3 codeflash.trace "$1"
}

candidates() {
	cf-rank --quiet | cf-suggest --quiet --from "exec:$ROOT/tests/fixtures/java/candidate.sh"
}

@test "java: a program's calls are counted exactly and captured, and it does what it did" {
	fixture main
	run java -cp target/classes com.example.Main one two three
	plain=$output
	[ "$status" -eq 3 ]
	cf-trace --quiet java -cp target/classes com.example.Main one two three >trace.json 2>out
	[ "$(cat out)" = "$plain" ] || fail_with "$(cat out)" "$plain"
	[ "$(sql 'SELECT exit_status FROM complete')" = 3 ]
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Main.fib"')" = 242785 ]
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Main.Account.pay"')" = 40 ]
	[ "$(sql 'SELECT count(*) > 0 FROM call c JOIN function f ON f.id = c.function WHERE qualname = "Main.intersect"')" = 1 ]
	[ "$(sql 'SELECT count(*) FROM value WHERE codec <> "java-graph-1"')" = 0 ]
	sql 'SELECT qualname || "|" || kind || "|" || class || "|" || line || "|" || end_line FROM function' >functions
	grep -qx 'Main.Account.Account|constructor|Main.Account|31|33' functions || fail_with "$(cat functions)"
	grep -qx 'Main.Account.toString|method|Main.Account|40|43' functions || fail_with "$(cat functions)"
	[ "$(sql 'SELECT file FROM function LIMIT 1')" = src/main/java/com/example/Main.java ]
	[ ! -e src/test/java/codeflash ]
}

@test "java: an executable jar and a single source are recorded like classes" {
	fixture main
	jar --create --file app.jar --main-class com.example.Main -C target/classes .
	cf-trace --quiet java -jar app.jar >trace.json
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Main.fib"')" = 242785 ]
	rm codeflash.trace
	project
	printf 'public class One {\n    static int twice(int n) { return 2 * n; }\n    public static void main(String[] a) { System.out.println(twice(21) + a[0]); }\n}\n' >One.java
	[ "$(cf-trace --quiet java -Dx=y One.java --timeout 2>&1 >/dev/null)" = 42--timeout ]
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "One.twice"')" = 1 ]
}

@test "java: a program that does not end leaves its counts, inputs and times, those of libraries with their caller" {
	project
	mkdir src
	cat >src/Loop.java <<'JAVA'
import java.util.*;

public class Loop {
    static long work(List<Integer> all) {
        List<Integer> copy = new ArrayList<>(all);
        Collections.sort(copy);
        return copy.get(0);
    }

    public static void main(String[] args) {
        List<Integer> all = new ArrayList<>();
        for (int i = 0; i < 20000; i++) all.add(i * 7919 % 20011);
        long sum = 0;
        for (;;) sum += work(all);
    }
}
JAVA
	javac -d out src/Loop.java
	cf-trace --quiet --timeout 4 java -cp out Loop >trace.json
	[ "$(sql 'SELECT timed_out FROM complete')" = 1 ]
	[ "$(sql 'SELECT calls > 100 FROM profile JOIN function ON id = function WHERE qualname = "Loop.work"')" = 1 ]
	[ "$(sql 'SELECT samples > 20 AND own_ns > 100000000 FROM profile JOIN function ON id = function WHERE qualname = "Loop.work"')" = 1 ] ||
		fail_with "$(sql 'SELECT * FROM profile')" "$(sql 'SELECT * FROM ledger')"
	[ "$(sql 'SELECT line FROM line ORDER BY ns DESC LIMIT 1')" = 6 ]
	[ "$(sql 'SELECT total_ns > own_ns FROM profile JOIN function ON id = function WHERE qualname = "Loop.main"')" = 1 ]
}

@test "java: what cannot be recorded is one line and a status" {
	fixture main
	for words in "-cp target/classes com.example.Gone:2:com.example.Gone: no such class" "-jar gone.jar:2:gone.jar: no such file" \
		"Gone.java:2:Gone.java: no such file" "-version:2:no program to record" "-cp target/classes:2:nothing to run"; do
		IFS=: read -r command expected said <<<"$words"
		# shellcheck disable=SC2086 # words
		run --separate-stderr cf-trace java $command
		[ "$status" -eq "$expected" ]
		one_line cf-trace "$said"
	done
	jar --create --file app.jar -C target/classes .
	run --separate-stderr cf-trace java -jar app.jar
	[ "$status" -eq 2 ]
	one_line cf-trace "app.jar: no Main-Class"
	echo no >app.jar
	run --separate-stderr cf-trace java -jar app.jar
	[ "$status" -eq 2 ]
	one_line cf-trace "app.jar: not a jar"
	run --separate-stderr cf-trace --module-root gone java -cp target/classes com.example.Main
	[ "$status" -eq 2 ]
	one_line cf-trace "--module-root gone: no such directory"
	mkdir empty
	for tool in sh env; do ln -s "$(command -v $tool)" empty/; done
	run --separate-stderr env PATH="${O:-$ROOT/build}/bin:$PWD/empty" cf-trace java -cp target/classes com.example.Main
	[ "$status" -eq 4 ]
	one_line cf-trace "java" "not installed"
}

@test "java: every kind of method and of value is recorded and replayed the same in every process" {
	fixture features
	java -cp target/classes shapes.Features >plain.out
	cf-trace --quiet java -cp target/classes shapes.Features >trace.json 2>out
	cmp plain.out out
	cf-replaygen --quiet <trace.json >replay.jsonl
	sql "SELECT qualname FROM function f WHERE NOT EXISTS
		(SELECT * FROM outcome JOIN call c ON c.id = call WHERE c.function = f.id AND stable) ORDER BY 1" >left
	printf '%s\n' Features.Shape.Shape Features.runs >expected
	cmp expected left || fail_with "$(cat left)" "$(sql 'SELECT * FROM ledger')" "$(tail -n 3 replay.jsonl)"
	[ "$(sql "SELECT count(*) FROM ledger WHERE reason = 'a lambda'")" = 1 ]
}

@test "java: replay tests pass under JUnit, and fail when the code does something else" {
	fixture features
	junit=${O:-$ROOT/build}/java/test/junit-platform-console-standalone-1.10.2.jar
	cf-trace --quiet java -cp target/classes shapes.Features 2>/dev/null | cf-replaygen --quiet >/dev/null
	head -n 1 src/test/java/codeflash/replay/FeaturesReplay0Test.java | grep -q 'codeflash replay test'
	javac -cp "$junit" -d tests src/test/java/codeflash/replay/*.java
	replay() {
		java -jar "$junit" execute --disable-banner --disable-ansi-colors --details=summary -cp target/classes:tests --select-package codeflash.replay >out
	}
	replay || fail_with "$(head -n 30 out)"
	grep -q " $(sql 'SELECT count(*) FROM outcome') tests successful" out || fail_with "$(tail -n 20 out)"
	sed -i 's/return seen.size();/return seen.size() + 1;/' src/main/java/shapes/Features.java
	javac -d target/classes src/main/java/shapes/Features.java
	! replay || fail_with "$(cat out)"
	grep -q 'return: 2 != 3' out || fail_with "$(cat out)"
	# the method's, and that of main, which prints it
	grep -q ' 2 tests failed' out || fail_with "$(cat out)"
}

@test "java: what a candidate changes beside its target is found, and what no call can show is refused" {
	run "$PYTHON" "$ROOT/tests/fixtures/java/scope.py" "${O:-$ROOT/build}/libexec/plugins/java/codeflash.jar"
	[ "$status" -eq 0 ]
	[ -z "$output" ] || fail_with "$output"
}

@test "java: a right candidate is equivalent, a wrong one different with the place, one that does not compile an error" {
	fixture main
	cf-trace --quiet java -cp target/classes com.example.Main 2>/dev/null | cf-replaygen --quiet | candidates >candidates.jsonl
	cf-verify --quiet <candidates.jsonl >verdicts.jsonl
	grep '"name":"[^"]*set"' verdicts.jsonl | grep -q '"answer":"equivalent"' || fail_with "$(cat verdicts.jsonl)"
	grep '"name":"[^"]*wrong"' verdicts.jsonl | grep -q '"answer":"different".*return\[' || fail_with "$(cat verdicts.jsonl)"
	grep '"name":"[^"]*broken"' verdicts.jsonl | grep -q '"answer":"error".*Main.java:17: cannot find symbol' || fail_with "$(cat verdicts.jsonl)"
}

@test "java: mvn test is recorded in the JVMs that it starts, and runs the replay tests; the build file stays" {
	fixture main
	cp pom.xml ../pom.before
	JAVA_TOOL_OPTIONS=-Dkept=yes cf-trace --quiet mvn -q -B test >trace.json 2>out || fail_with "$(cat out)"
	grep -q 'JAVA_TOOL_OPTIONS: -Dkept=yes -javaagent' out || fail_with "$(cat out)"
	[ "$(sql 'SELECT exit_status FROM complete')" = 0 ] || fail_with "$(cat out)"
	[ "$(sql 'SELECT calls FROM profile JOIN function ON id = function WHERE qualname = "Main.intersect"')" = 40 ]
	[ "$(sql 'SELECT is_test FROM function WHERE qualname = "MainTest.counts"')" = 1 ]
	cf-replaygen --quiet <trace.json >replay.jsonl
	[ "$(sql 'SELECT count(*) FROM outcome WHERE stable')" -ge 40 ] || fail_with "$(tail -n 2 replay.jsonl)"
	mvn -B test >out 2>&1 || fail_with "$(cat out)"
	grep -q "Tests run: $(sql 'SELECT 2 + count(*) FROM outcome'), Failures: 0, Errors: 0" out || fail_with "$(cat out)"
	cmp pom.xml ../pom.before
	candidates <replay.jsonl | cf-verify --quiet >verdicts.jsonl
	grep '"name":"[^"]*set"' verdicts.jsonl | grep -q '"answer":"equivalent"' || fail_with "$(cat verdicts.jsonl)"
}

@test "java: codeflash optimize ends with a measured gain and leaves the tree as it was" {
	fixture main
	jar --create --file app.jar --main-class com.example.Main -C target/classes .
	cp -R . ../before
	run codeflash optimize --no-pr --from "exec:$ROOT/tests/fixtures/java/candidate.sh" --only-functions intersect java -jar app.jar
	[ "$status" -eq 0 ] || fail_with "$output"
	case $output in *"com.example.Main.intersect: "*"x faster"*) ;; *) fail_with "$output" ;; esac
	case $output in *"whole program: "*"output identical"*) ;; *) fail_with "$output" ;; esac
	cmp app.jar ../before/app.jar
	cmp pom.xml ../before/pom.xml
	diff -r src/main ../before/src/main
	diff -r target ../before/target
	grep -q 'new java.util.HashSet<>(b)' .codeflash/patches/all.patch
}
