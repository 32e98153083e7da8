# SPDX-License-Identifier: Apache-2.0
"""Holds the trace in this folder to expected.json, in the interpreter that was recorded.

    features_check.py PLUGIN

Prints JSON: by row, what does not hold. See features.py.
"""

import importlib
import io
import json
import os
import re
import sqlite3
import sys
import types
import weakref
import zlib

sys.path[:1] = [os.getcwd(), sys.argv[1]]
from codeflash import blob  # noqa: E402

LOST = object()  # of a function that keeps others: this call is in the ledger
BY_TYPE = {"lock", "RLock", "SimpleQueue", "_local", "local"}  # made anew: there is nothing in them
BY_VALUE = (int, float, complex, str, bytes, bytearray, type(None), type(...), type(NotImplemented), range)
BY_IDENTITY = (type, types.ModuleType, io.TextIOWrapper)
OPEN = (list, dict, set)
Builtin = types.BuiltinFunctionType


class Same:
    """Whether two values are alike, aliases within each included."""

    def __init__(self):
        self.pairs = {}
        self.kept = []

    def alike(self, a, b):
        """"" or where they differ."""
        if type(a) is not type(b):
            return "%s for %s" % (type(b).__name__, type(a).__name__)
        if a is b:
            return ""
        if isinstance(a, BY_VALUE) and type(a).__module__ == "builtins":
            return "" if repr(a) == repr(b) else "%r for %r" % (b, a)
        if isinstance(a, BY_IDENTITY):
            return "another %s" % (a,)
        if id(a) in self.pairs:
            return "" if self.pairs[id(a)] == id(b) or type(a) is tuple else "shared otherwise"
        if type(a) in OPEN and id(b) in self.pairs.values():
            return "shared otherwise"
        self.pairs[id(a)] = id(b)
        self.kept += [a, b]
        for i, (x, y) in enumerate(zip(self.parts(a), self.parts(b))):
            found = self.alike(x, y)
            if found:
                return "%s: %s" % (type(a).__name__, found) if not isinstance(a, (tuple, list)) else "[%d] %s" % (i, found)
        return "" if len(self.parts(a)) == len(self.parts(b)) else "%d parts for %d" % (len(self.parts(b)), len(self.parts(a)))

    def parts(self, o):
        t = type(o)
        if t in (tuple, list):
            return list(o)
        if t in (dict, types.MappingProxyType):
            return [part for item in dict(o).items() for part in item]
        if t in (set, frozenset, weakref.WeakSet, type({}.keys()), type({}.values()), type({}.items())):
            return sorted(o, key=repr)
        if t in (weakref.WeakValueDictionary, weakref.WeakKeyDictionary):
            return list(o.items())
        if t is weakref.ref:
            return [o()]
        if t is types.MethodType:
            return [o.__self__, o.__func__]
        if t is Builtin:
            return [o.__self__, o.__name__]
        if t is types.FunctionType:
            cells = [c.cell_contents for c in o.__closure__ or ()]
            return [o.__qualname__, o.__module__, o.__defaults__, o.__kwdefaults__, o.__dict__, cells]
        if isinstance(o, BaseException):
            return [o.args, o.__dict__]
        if t is re.Match:
            return [o.re.pattern, o.string, o.regs]
        if t.__name__ in BY_TYPE:
            return []
        try:
            return list(o.__reduce_ex__(2))
        except Exception:
            pass
        slots = [n for c in t.__mro__ for n in c.__dict__.get("__slots__", ())]
        own = object.__getattribute__(o, "__dict__") if hasattr(t, "__dict__") and t.__dictoffset__ else {}
        return [own] + [getattr(o, n, None) for n in slots]


def call(*args, via=None, **kwargs):
    return args, kwargs, via


def having(o, **names):
    for name, v in names.items():
        setattr(o, name, v)
    return o


def without(o, *names):
    for name in names:
        delattr(o, name)
    return o


def raw(cls, **names):
    o = object.__new__(cls)
    object.__getattribute__(o, "__dict__").update(names)
    return o


def shared():
    s = []
    return call(s, s, [s, {}])


class Trace:
    def __init__(self):
        self.db = sqlite3.connect("codeflash.trace")
        self.replays = {}
        self.dropped = {}
        for line in open("replay.jsonl", encoding="utf-8"):
            record = json.loads(line)
            for f in record.get("functions", ()) if record["schema"] == "cf/replay/1" else ():
                self.replays[f["function"]] = f
            for f in record.get("dropped", ()):
                self.dropped.setdefault(f["function"], []).append(f["reason"])
        self.tested = json.load(open("replayed.json")) if os.path.exists("replayed.json") else {}

    def functions(self, module, qualname):
        rows = self.db.execute("SELECT id, class, kind, replayable, reason, main FROM function WHERE module = ? AND qualname = ? "
                               "ORDER BY line", (module, qualname)).fetchall()
        return rows

    def count(self, function):
        return sum(n for (n,) in self.db.execute("SELECT calls FROM profile WHERE function = ?", (function,)))

    def ledger(self, function):
        return dict(self.db.execute("SELECT reason, n FROM ledger WHERE function = ?", (function,)))

    def calls(self, function):
        return self.db.execute(
            "SELECT c.id, seq, weight, codec, packing, v.data, o.stable FROM call c JOIN value v ON v.id = value "
            "LEFT JOIN outcome o ON o.call = c.id WHERE function = ? ORDER BY seq", (function,)).fetchall()


def expected_calls(text, module, names):
    space = {}
    if module in sys.modules:
        space.update(sys.modules[module].__dict__)
    for name in names:
        space[name.partition(".")[0]] = importlib.import_module(name.partition(".")[0])
    space.update(call=call, having=having, without=without, raw=raw, shared=shared, lost=LOST, main=importlib.import_module("main"))
    return eval("[%s]" % text, space)


def check(trace, module, qualname, which, kind, expected, names):
    """Lines that say what does not hold of one function."""
    found = trace.functions(module, qualname)
    if len(found) <= which:
        return ["not in the trace"]
    function, owner, its_kind, replayable, reason, main = found[which]
    problems = []
    if its_kind != expected[0]:
        problems.append("kind %s, not %s" % (its_kind, expected[0]))
    if "<locals>" not in qualname and (owner or "") != qualname.rpartition(".")[0]:
        problems.append("class %s" % owner)
    ledger = trace.ledger(function)
    rows = trace.calls(function)
    if kind == "Lost":
        _, n, words = expected
        if trace.count(function) != n:
            problems.append("%d calls counted, not %d" % (trace.count(function), n))
        if sum(ledger.values()) != n or n and not all(words in r for r in ledger):
            problems.append("in the ledger: %s" % (ledger or "nothing"))
        if rows:
            problems.append("%d calls kept" % len(rows))
        return problems
    wanted = expected_calls(expected[1], module, names)
    lost = sum(c is LOST for c in wanted)
    if trace.count(function) != len(wanted):
        problems.append("%d calls counted, not %d" % (trace.count(function), len(wanted)))
        return problems
    if sum(r[2] for r in rows) != len(wanted) - lost:
        problems.append("%d calls kept, not %d%s" % (sum(r[2] for r in rows), len(wanted) - lost, "; ledger: %s" % ledger if ledger else ""))
    elif sum(ledger.values()) != lost:
        problems.append("ledger: %s" % ledger)
    for number, seq, _weight, codec, packing, data, stable in rows:
        try:
            args, kwargs, through = blob.load_call(zlib.decompress(data) if packing == 2 else data, codec, "main")
            if seq > len(wanted) or wanted[seq - 1] is LOST:
                problems.append("call %d is not to be there" % seq)
                continue
            same = Same()
            differ = same.alike(wanted[seq - 1], (args, kwargs, through))
        except Exception as error:
            differ = "%s: %s" % (type(error).__name__, error)
        if differ:
            problems.append("call %d: %s" % (seq, differ))
        if kind == "Unreplayed":
            continue
        if stable is None:
            problems.append("call %d has no outcome: %s" % (seq, trace.dropped.get(function) or "no reason"))
        elif not stable:
            problems.append("call %d is not stable" % seq)
        elif trace.tested.get(str(number), "not run"):
            problems.append("the test of call %d fails: %s" % (seq, " ".join(trace.tested.get(str(number), "not run").split())))
    if kind == "Unreplayed" and not any(expected[-1] in r for r in trace.dropped.get(function, ())):
        problems.append("cf-replaygen: dropped for %s" % (trace.dropped.get(function) or "no reason"))
    return problems


def main():
    trace = Trace()
    answer = {}
    expected = json.load(open("expected.json", encoding="utf-8"))
    for row, functions in expected.items():
        modules = {q.partition(":")[0] for q, e in functions.items() if ":" in q and e[0] == "Kept"} - {"main"}
        problems = []
        for name, (kind, *rest) in functions.items():
            module, _, qualname = name.partition(":") if ":" in name else (row, "", name)
            qualname, _, which = qualname.partition("#")
            try:
                if kind == "Kept":
                    importlib.import_module(module)
                found = check(trace, module, qualname, int(which or 1) - 1, kind, rest, sorted(modules | {row}))
            except Exception as error:
                found = ["the check: %s: %s" % (type(error).__name__, error)]
            problems += ["%s: %s" % (name.rpartition(":")[2], p) for p in found]
        if problems:
            answer[row] = problems
    json.dump(answer, sys.stdout)


main()
