"""What is in the columns of a table."""


def distinct(values):
    """Each value once; 1, 1.0 and True are three."""
    out = []
    for value in values:
        for other in out:
            if type(other) is type(value) and other == value:
                break
        else:
            out.append(value)
    return out


def main():
    distinct([1, 2, 1, 1.0, True, "1", 2, None, False, 0, None])
    distinct([0.0, 1.5, -0.0, float("nan"), 1.5, float("nan")])
    distinct(["a", "A", "a", "é", "e\u0301"])
    distinct([])


#+ distinct | keyed by type and value; what does not equal itself is always new
def distinct(values):
    seen = set()
    out = []
    for value in values:
        key = type(value), value
        if value != value:
            out.append(value)
        elif key not in seen:
            seen.add(key)
            out.append(value)
    return out


#+ distinct | a set for each type
def distinct(values):
    seen = {}
    out = []
    for value in values:
        known = seen.setdefault(type(value), set())
        if value not in known or value != value:
            known.add(value)
            out.append(value)
    return out


#- distinct | return | equal keys: True, 1 and 1.0 are one key of a dict
def distinct(values):
    return list(dict.fromkeys(values))


#- distinct | return | repr as a key: 0.0 and -0.0 are equal and look different
def distinct(values):
    seen = set()
    out = []
    for value in values:
        key = type(value), repr(value)
        if key not in seen or value != value:
            seen.add(key)
            out.append(value)
    return out


#- distinct | return | normal form: e with an accent is one letter or two
import unicodedata


def distinct(values):
    seen = set()
    out = []
    for value in values:
        key = type(value), unicodedata.normalize("NFC", value) if isinstance(value, str) else value
        if key not in seen or value != value:
            seen.add(key)
            out.append(value)
    return out
