#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Derived inputs: candidates that are equal on everything recorded, and are not the same function; and
# those that are, which nothing derived may count against.

load helper

setup_file() {
	export WORK="$BATS_FILE_TMPDIR/a project"
	mkdir -p "$WORK"
	cp "$BATS_TEST_DIRNAME/fixtures/derived/app.py" "$WORK/app.py"
	touch "$WORK/pyproject.toml"
	cd "$WORK" || return 1
	cf-trace app.py 2>/dev/null | cf-rank --top 100 --min-share 0 >"$BATS_FILE_TMPDIR/ranked.jsonl" 2>/dev/null
}

setup() {
	cd "$WORK" || return 1
	RANKED="$BATS_FILE_TMPDIR/ranked.jsonl"
}

candidate() { # function old new
	"$PYTHON" "$BATS_TEST_DIRNAME/fixtures/verify/candidate.py" "$RANKED" "$@"
}

# Verifies one; $answer, $reason, $input and $source are the verdict's.
verify() { # function old new [options of cf-verify]
	local record
	record=$(candidate "$1" "$2" "$3")
	shift 3
	run --separate-stderr cf-verify --mutants 0 "$@" <<<"$record"
	verdict=$output
	answer=$(json candidate 'r["verdict"]["answer"]' <<<"$output")
	reason=$(json candidate 'r["verdict"]["reason"]' <<<"$output")
	input=$(json candidate '(r["verdict"]["difference"] or {}).get("input")' <<<"$output")
	source=$(json candidate '(r["verdict"]["difference"] or {}).get("source")' <<<"$output")
}

field() { json candidate "r[\"verdict\"]$1" <<<"$verdict"; }

# Equal on what is recorded, caught by what is derived; the inputs that may show it.
caught() { # function old new [input ...]
	local shown
	verify "$1" "$2" "$3" --derived 0
	[ "$answer" = equivalent ] || fail_with "not equal on the recorded calls: $answer: $reason"
	verify "$1" "$2" "$3"
	[ "$answer" = different ] || fail_with "$1, $3: $answer: $reason"
	[ "$source" = derived ] || fail_with "from $source"
	echo "# $reason"
	shift 3
	for shown; do
		[ "$input" != "$shown" ] || return 0
	done
	[ $# -eq 0 ] || fail_with "shown on $input, not on $*"
}

right() { # function old new
	verify "$@"
	[ "$answer" = equivalent ] || fail_with "$1, $3: $answer: $reason"
	[ "$(field '["compared"]["derived"]')" -gt 0 ] || fail_with "nothing derived was compared: $verdict"
}

# The original against itself, a word of its text apart.
identical() { # function [words]
	right "$1" "def ${1##*.}(" "# the same
${2-}def ${1##*.}("
}

UNIQUE='    seen = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen'
LARGEST='    best = None
    for row in rows:
        if best is None or row["n"] > best["n"]:
            best = row
    return best'

@test "derived: an empty list, with the smallest input" {
	caught largest "$LARGEST" '    return max(rows, key=lambda row: row["n"])' 'largest([])'
	caught average 'total(xs) / len(xs)' 'total(xs) / max(1, len(xs))' 'average([])'
	caught total '    result = 0
    for x in xs:
        result += x' '    result = xs[0]
    for x in xs[1:]:
        result += x' 'total([])'
}

@test "derived: equals, of which the first counts" {
	caught largest 'row["n"] > best["n"]' 'row["n"] >= best["n"]'
}

@test "derived: duplicates and their order" {
	caught unique "$UNIQUE" '    return list(items)' 'unique([0, 0])' 'unique([1, 1])' 'unique([2, 2])'
	caught unique "$UNIQUE" '    return sorted(set(items))'
	right unique "$UNIQUE" '    return list(dict.fromkeys(items))'
}

@test "derived: negative, zero and huge numbers" {
	caught positive 'if n < 0' 'if n < -1' 'positive(-1)'
	caught positive 'raise ValueError("negative: %d" % n)' 'raise ValueError("negative")'
	caught halves 'n // 2' 'int(n / 2)'
	caught parity '"odd" if n % 2 else "even"' '"odd" if n > 0 and n % 2 else "even"'
	caught norm 'abs(p.x) + abs(p.y)' 'p.x + p.y'
	caught rounded 'round(x)' 'int(x + 0.5)'
}

@test "derived: at the constants that the code compares with, and beside them" {
	caught grade 'points > 60' 'points >= 60' 'grade(60)'
	caught grade 'points >= 90' 'points > 90' 'grade(90)'
	caught head 'len(items) > limit' 'len(items) >= limit + 2'
	caught fee 'order.get("member")' 'order["member"]'
}

@test "derived: one object as two arguments" {
	caught extend '    for x in list(more):
        into.append(x)' '    kept = into[:]
    into.clear()
    into.extend(kept + list(more))'
	right extend '    for x in list(more):
        into.append(x)' '    into.extend(more)'
}

@test "derived: text as the world writes it" {
	caught slug 'text.lower()' 'text.casefold()' "slug('ß')" "slug('ßA')"
	caught lines 'text.split("\n")' 'text.splitlines()'
	caught slug '"-".join(text.lower().split())' 'text.lower().replace(" ", "-")'
	right slug '"-".join(text.lower().split())' '"-".join([w for w in text.lower().split()])'
}

@test "derived: dates at the ends of months" {
	caught last_day '    following = day.replace(day=28) + datetime.timedelta(days=4)
    return following - datetime.timedelta(days=following.day)' '    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return day.replace(day=days[day.month - 1])'
	identical last_day
}

@test "derived: an error that the runtime raised must come too, and is no evidence" {
	caught lookup 'table[key]' 'table.get(key)'
	right lookup 'return table[key]' 'for k in table:
        if k == key:
            return table[k]
    raise RuntimeError("another type of error")'
	[ "$(field '["skipped"]["derived input on which the original fails too"]')" -gt 0 ]
	# alone it proves nothing
	verify lookup 'return table[key]' 'value = table[key]
    return value'
	[ "$(field '["compared"]["replay"]')" -gt 0 ]
}

@test "derived: what an object works out for itself goes on agreeing with the rest of it" {
	right Index.find '        for i, w in enumerate(self.words):
            if w == word:
                return i
        return -1' '        return self.at.get(word, -1)'
	caught Stack.top '        if not self.items:
            return None
        return self.items[-1]' '        return self.items[-1]' 'Stack(<Stack items=[]>).top()' '<Stack items=[]>.top()'
	caught tagged '",".join(p.tags)' 'p.tags[0] + "," + p.tags[1]'
}

@test "derived: what the original takes too long for, dies of or may not do is no input" {
	start=$SECONDS
	identical spread
	right wait 'return n + 1' 'return 1 + n'
	identical harm
	verify log 'return len(text)' 'size = len(text)
    return size'
	[ "$answer" = equivalent ] || fail_with "$reason"
	[ "$(field '["compared"].get("derived", 0)')" = 0 ]
	identical depth
	right depth '    return 0 if not xs else 1 + depth(xs[1:])' '    return len(xs)'
	[ $((SECONDS - start)) -lt 120 ]
}

@test "derived: sums in another order are the same sums" {
	right variance '    m = sum(xs) / len(xs)
    return sum((x - m) ** 2 for x in xs) / len(xs)' '    n = len(xs)
    m = sum(x / n for x in xs) if n else 1 / n
    return sum((x - m) * (x - m) for x in xs) / n'
	right weighted 'sum([x * w for x, w in zip(xs, ws)])' 'sum([w * x for x, w in list(zip(xs, ws))[::-1]])'
	caught variance '    m = sum(xs) / len(xs)
    return sum((x - m) ** 2 for x in xs) / len(xs)' '    return sum([x * x for x in xs]) / len(xs) - (sum(xs) / len(xs)) ** 2'
}

@test "derived: the same seed, the same inputs and the same verdict; none at all if so asked" {
	for seed in 1 7; do
		verify average 'total(xs) / len(xs)' 'total(xs) / (len(xs) or 1)' --seed "$seed"
		first=$verdict
		verify average 'total(xs) / len(xs)' 'total(xs) / (len(xs) or 1)' --seed "$seed"
		[ "$first" = "$verdict" ] || fail_with "$first / $verdict"
	done
	verify total 'result += x' 'result = result + x' --derived 0
	[ "$answer" = equivalent ]
	[ "$(field '["compared"]')" = "{'replay': 5}" ]
	verify total 'result += x' 'result = result + x' --derived 5
	[ "$(field '["compared"].get("derived", 0)')" -le 5 ]
	run --separate-stderr cf-verify --derived 100000000 /dev/null
	[ "$status" -eq 2 ]
	one_line cf-verify --derived
}

@test "derived: without a sandbox, and of no arguments, there are none, and the verdict says so" {
	verify nothing '[0] * 3' '[0, 0, 0]'
	[ "$answer" = equivalent ]
	[[ "$(field '["notes"]')" == *"no derived inputs"* ]]
	verify total 'result += x' 'result = result + x' --no-sandbox
	[ "$answer" = equivalent ]
	[ "$(field '["compared"].get("derived", 0)')" = 0 ]
	[[ "$(field '["notes"]')" == *"no derived inputs"* ]]
}

@test "derived: a large input is shown as a small one" {
	caught unique '            seen.append(item)' '            seen.append(item if item != -1 else 0)'
	[ "${#input}" -lt 15 ] || fail_with "$input"
	caught spread '[i for i in range(n)]' '[i for i in range(n)] if n < 400 else []'
	[ "${#input}" -lt 15 ] || fail_with "$input"
}
