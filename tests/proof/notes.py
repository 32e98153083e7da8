"""Notes as people write them: settings in sections, how long, and what is to be filled in."""

import re


def sections(text):
    """{section: {name: value}}."""
    found = {"": {}}
    current = found[""]
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].strip()
        if line == "":
            continue
        if line[0] == "[" and line[-1] == "]":
            current = found.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            name, value = line.split("=", 1)
            current[name.strip()] = value.strip()
        else:
            raise ValueError("line %d: %s" % (number, line))
    return found


UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def seconds(text):
    """Of "1h30m"."""
    total = 0
    number = ""
    for letter in text:
        if letter.isdigit():
            number = number + letter
        elif letter in UNITS and number:
            total = total + int(number) * UNITS[letter]
            number = ""
        elif letter != " ":
            raise ValueError("no time: %r" % text)
    return total + int(number or 0)


def told(seconds):
    """As a person would say it."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return "%.1f%s" % (seconds / size, unit)
    return "%ds" % seconds


def filled(text, values):
    """{name} is its value."""
    def value(match):
        return str(values.get(match.group(1), match.group(0)))

    return re.sub(r"\{(\w+)\}", value, text)


def main():
    for text in ("a = 1\n[s]\nb = 2  # two\n\n[ t ]\nc = d = e\n", "", "[s]\nx=1\n", "oops"):
        try:
            sections(text)
        except ValueError:
            pass
    for text in ("1h30m", "90", "2d 4h", "h", "5x"):
        try:
            seconds(text)
        except ValueError:
            pass
    for n in (0.25, 59, 60.5, 3599, 7200.5):
        told(n)
    for text, values in (
            ("Dear {name},", {"name": "Ann"}), ("{a} and {b} {c}", {"a": "x", "b": "z"}), ("", {})):
        filled(text, values)


#+ sections | what stands before and after the sign
def sections(text):
    current = {}
    found = {"": current}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if not line:
            continue
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1].strip(), {})
            continue
        name, sign, value = line.partition("=")
        if not sign:
            raise ValueError("line %d: %s" % (number, line))
        current[name.rstrip()] = value.lstrip()
    return found


#- sections | derived | ends of lines: those of old machines are none
def sections(text):
    found = {"": {}}
    current = found[""]
    for number, line in enumerate(text.split("\n"), 1):
        line = line.split("#")[0].strip()
        if line == "":
            continue
        if line[0] == "[" and line[-1] == "]":
            current = found.setdefault(line[1:-1].strip(), {})
        elif "=" in line:
            name, value = line.split("=", 1)
            current[name.strip()] = value.strip()
        else:
            raise ValueError("line %d: %s" % (number, line))
    return found


#+ seconds | digits in a list
def seconds(text):
    total = 0
    number = []
    for letter in text:
        if letter.isdigit():
            number.append(letter)
            continue
        if letter == " ":
            continue
        size = UNITS.get(letter)
        if size is None or not number:
            raise ValueError("no time: %r" % text)
        total += int("".join(number)) * size
        number.clear()
    return total + (int("".join(number)) if number else 0)


#- seconds | derived | digits: of ASCII only
def seconds(text):
    total = 0
    number = ""
    for letter in text:
        if "0" <= letter <= "9":
            number = number + letter
        elif letter in UNITS and number:
            total = total + int(number) * UNITS[letter]
            number = ""
        elif letter != " ":
            raise ValueError("no time: %r" % text)
    return total + int(number or 0)


#+ told | one case after the other
def told(seconds):
    if seconds >= 86400:
        return f"{seconds / 86400:.1f}d"
    if seconds >= 3600:
        return f"{seconds / 3600:.1f}h"
    return f"{seconds / 60:.1f}m" if seconds >= 60 else f"{int(seconds)}s"


#- told | derived | rounding: what is just below the next unit becomes it
def told(seconds):
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return "%.1f%s" % (seconds / size, unit)
    return "%.0fs" % seconds


#+ filled | compiled before
_NAME = re.compile(r"\{(\w+)\}")


def filled(text, values):
    parts = _NAME.split(text)
    parts[1::2] = [str(values[name]) if name in values else "{%s}" % name for name in parts[1::2]]
    return "".join(parts)


#- filled | derived | filled again: a value that looks like a name is one
def filled(text, values):
    for name, value in values.items():
        text = text.replace("{%s}" % name, str(value))
    return text


#- filled | return | left out: what has no value is nothing
def filled(text, values):
    return re.sub(r"\{(\w+)\}", lambda match: str(values.get(match.group(1), "")), text)
