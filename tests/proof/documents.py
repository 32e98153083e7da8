"""Documents made of nested lists and mappings; a style may be used in many places."""
import copy


class Record(dict):
    """A row that knows where it came from."""

    def __init__(self, *args, source=None):
        super().__init__(*args)
        self.source = source


def clone(node):
    """A copy that shares nothing with the original, and within itself what is shared there."""
    return copy.deepcopy(node)


def redact(record, names):
    """The record with the values of these names blotted out."""
    result = type(record)(record)
    result.__dict__.update(record.__dict__)
    for name in list(result):
        if name in list(names):
            result[name] = "*" * len(str(result[name]))
    return result


def main():
    bold = {"font": "sans", "weight": 700}
    page = {"title": ["Report", bold], "body": [{"p": "one", "style": bold}, {"p": "two", "at": (3, [4])}], 7: None}
    clone(page)
    ring = {"name": "parent", "children": []}
    ring["children"].append({"name": "child", "parent": ring})
    clone(ring)
    clone([[], [1.5, True]])
    row = Record({"user": "ann", "card": 4929123412341234, "ok": True}, source="shop.csv")
    redact(row, ["card", "pin"])
    redact(Record({"a": 1}), ["a"])
    redact(Record(), ["a"])


#+ clone | what pickle makes again
import pickle


def clone(node):
    return pickle.loads(pickle.dumps(node, -1))


#+ clone | lists and mappings by hand, what is shared remembered
def clone(node):
    made = {}

    def one(x):
        t = type(x)
        if t is str or t is int or t is float or t is bool or x is None:
            return x
        if id(x) in made:
            return made[id(x)]
        if t is dict:
            new = made[id(x)] = {}
            for key, value in x.items():
                new[one(key)] = one(value)
        elif t is list:
            new = made[id(x)] = []
            new.extend(map(one, x))
        else:
            new = copy.deepcopy(x, made)
        return new

    return one(node)


#+ redact | a set of names, values put where they are
def redact(record, names):
    hidden = set(names)
    result = type(record)(record)
    vars(result).update(vars(record))
    for name, value in record.items():
        if name in hidden:
            result[name] = "*" * len(str(value))
    return result


#- clone | return | sharing within: a style used twice becomes two
def clone(node):
    if isinstance(node, dict):
        return {key: clone(value) for key, value in node.items()}
    if isinstance(node, list):
        return [clone(value) for value in node]
    return copy.deepcopy(node)


#- clone | return | JSON round trip: tuples become lists, and keys text
import json


def clone(node):
    try:
        return json.loads(json.dumps(node))
    except ValueError:
        return copy.deepcopy(node)


#- clone | args | shallow copy: the insides are still the original's
def clone(node):
    return copy.copy(node)


#- redact | return | subclass lost: a plain dict
def redact(record, names):
    return {name: "*" * len(str(value)) if name in names else value for name, value in record.items()}


#- redact | return | attributes of a subclass: where the record came from is lost
def redact(record, names):
    hidden = set(names)
    return type(record)((n, "*" * len(str(v)) if n in hidden else v) for n, v in record.items())


#- redact | return | order of keys: what is blotted out moves to the end
def redact(record, names):
    result = type(record)(record, source=record.source)
    for name in names:
        if name in result:
            result[name] = "*" * len(str(result.pop(name)))
    return result
