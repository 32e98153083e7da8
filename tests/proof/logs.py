"""Lines of a log."""
import re


def parse(line):
    """Its parts, or None for a line of another kind."""
    found = re.match(r"\[(\w+)\] ([^:]*): (.*)$", line)
    if found is None:
        return None
    return {"level": found.group(1), "source": found.group(2), "message": found.group(3)}


def levels(lines):
    """How many lines there are of each level, in the order in which they first came."""
    counts = []
    for line in lines:
        found = parse(line)
        level = found["level"] if found else None
        for pair in counts:
            if pair[0] == level:
                pair[1] += 1
                break
        else:
            counts.append([level, 1])
    return {level: n for level, n in counts}


def main():
    lines = ["[INFO] web.server: started", "[WARN] db: slow: 3.2 s\n", "[INFO] web:  two blanks ",
             "nonsense", "[ERR-1] x: y", "[ERROR] : no source", "[DEBUG] größe: ü", "[INFO] a: b\nsecond", "[INFO] a:b"]
    for line in lines:
        parse(line)
    levels(lines)
    levels([])


#+ parse | compiled once, all groups at once
_LINE = re.compile(r"\[(?P<level>\w+)\] (?P<source>[^:]*): (?P<message>.*)$")


def parse(line):
    found = _LINE.match(line)
    return found.groupdict() if found else None


#+ parse | a line that begins otherwise is not looked at
def parse(line):
    if not line.startswith("["):
        return None
    found = re.match(r"\[(\w+)\] ([^:]*): (.*)$", line)
    if found is None:
        return None
    level, source, message = found.groups()
    return dict(level=level, source=source, message=message)


#+ levels | a dict counts
def levels(lines):
    counts = {}
    for line in lines:
        found = parse(line)
        level = found["level"] if found else None
        counts[level] = counts.get(level, 0) + 1
    return counts


#- parse | return | greediness: the source goes on to the last colon
_LINE = re.compile(r"\[(\w+)\] (.*): (.*)$")


def parse(line):
    found = _LINE.match(line)
    if found is None:
        return None
    return {"level": found[1], "source": found[2], "message": found[3]}


#- parse | return | end of line: fullmatch does not allow a newline at the end
_LINE = re.compile(r"\[(\w+)\] ([^:]*): (.*)")


def parse(line):
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    return dict(zip(("level", "source", "message"), found.groups()))


#- parse | return | blanks: taken off the message
def parse(line):
    found = re.match(r"\[(\w+)\] ([^:]*): (.*)$", line)
    if found is None:
        return None
    return {"level": found[1], "source": found[2], "message": found[3].strip()}


#- levels | return | subclass of a built-in: a Counter is a dict with manners of its own
from collections import Counter


def levels(lines):
    return Counter(found["level"] if found else None for found in map(parse, lines))
