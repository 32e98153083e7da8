# SPDX-License-Identifier: Apache-2.0
"""What to do with a value, as operations with their parameters: the most telling first."""

from __future__ import annotations

from math import floor, isfinite
from struct import pack, unpack
from typing import Any, Callable, Dict

from .changes import literal, MANY, MAPS, SETS, type_name
from .hints import distinct, Hints
from .inputs import WIDE


def woven(*lists: list) -> list:
    """One of each in turn."""
    return [x for i in range(max(map(len, lists))) for part in lists for x in part[i:i + 1]]


def _after(v: float, up: bool) -> float:
    """The next float."""
    if v == 0:
        return 5e-324 if up else -5e-324
    bits = unpack("<q", pack("<d", v))[0]
    return unpack("<d", pack("<q", bits + (1 if (v > 0) == up else -1)))[0]


def _for_int(v: int, hints: Hints) -> list:
    near = [x for c in hints.ints for x in (c, c + 1, c - 1)]
    usual = [0, -1, -v, 1, v + 1, v - 1, (1 << 63) - 1, 2, 2 * v, 1 << 31, -(1 << 63), 1000]
    return [["=", x] for x in distinct(woven(usual, near)) if x != v]


def _for_float(v: float, hints: Hints) -> list:
    near = [x for c in hints.floats for x in (c, _after(c, True), _after(c, False))]
    whole = [float(c) for c in hints.ints if abs(c) < 1 << 53]
    near += whole + [c - 0.25 for c in whole if c > 1]
    usual = [0.0, 1.0, -1.0]
    if isfinite(v):
        usual = [0.0, -v, floor(v) + 0.5, 1.0, _after(v, True), -1.0, float(floor(v)), _after(v, False)]
        if abs(v) < 1e9:
            usual += [v * 1e6, v / 1e6, 1e9 + 0.5]
    if hints.odd:
        usual += [float("nan"), float("inf"), float("-inf")]
    moves = [["=", literal(x)] for x in distinct(woven(usual, near)) if x != v]
    if hints.odd:
        moves.append(["=", literal(-0.0)])
    return moves


# Capitals that become two letters, a dot more or less; composed of two; beyond the first 65536; digits
# that are none in ASCII; blanks that only some take for blanks.
_LETTERS = ["\u00df", "\u0130", "e\u0301", "\U0001f600", "\u0663", "\u00a0", "\u2028"]


def _for_str(v: str, hints: Hints) -> list:
    n = len(v)
    digit = next((c for c in v if "0" <= c <= "9"), "")
    mark = next((c for c in v if not c.isalnum() and not c.isspace()), "")
    usual: list = [
        ["cut", 0, 0], ["upper"], ["put", n, "\n"], ["put", n // 2, " "], ["put", 0, _LETTERS[0]],
        ["cut", 0, 1], ["lower"], ["times", 2], ["put", n // 2, _LETTERS[6]], ["put", 0, " "],
        ["put", n // 2, _LETTERS[1]], ["reversed"], ["put", n, _LETTERS[2]], ["put", n // 2, "\t"],
        ["put", 0, "0"], ["put", n // 2, _LETTERS[3]], ["cut", 1, None], ["put", n, "\r\n"],
        ["cut", 0, -1], ["put", 0, "-"], ["put", n // 2, _LETTERS[5]], ["put", n, _LETTERS[4]],
        ["put", n, " "], ["put", n // 2, "\n\n"], ["put", 0, "\n"], ["put", n, "\0"],
    ]
    if n and n < 10 * MANY:
        usual.insert(14, ["size", max(MANY, 4 * n)])
    inside: list = []  # of what is in it
    if mark:
        inside.append(["exchange", mark, 2 * mark])
    if digit:
        inside.append(["exchange", digit, chr(0x0660 + int(digit))])
    if "\n" in v.strip("\n"):
        inside += [["lines", "again", 0], ["exchange", "\n", "\r"], ["lines", "reversed"],
                   ["exchange", "\n", "\r\n"]]
    usual[5:5] = inside
    near = [["=", c] for c in hints.texts if c != v]
    near += [["put", at, c] for c in hints.texts if c for at in (n, n // 2, 0)]
    near += [["size", c] for c in hints.ints if 0 < c <= MANY and c != n]
    return woven(usual, near)


def _for_bytes(v: bytes, hints: Hints) -> list:
    n = len(v)
    return [["cut", 0, 0], ["put", n, literal(b"\n")], ["put", 0, literal(b"\0")], ["cut", 0, 1],
            ["times", 2], ["put", n // 2, literal(b"\xff")], ["reversed"], ["upper"], ["cut", 1, None],
            ["put", n // 2, literal(b"\r\n")], ["cut", 0, -1], ["size", MANY]]


def _of_numbers(v: Any) -> list:
    """All of them with the other sign; far from zero, where differences are small beside them."""
    if type_name(v) == "numpy.ndarray":
        kinds = {{"i": int, "f": float}.get(v.dtype.kind)}
    else:
        kinds = set(map(type, v))
    if kinds == {float}:
        return [["scale", -1], ["plus", 1000000000]]
    return [["scale", -1]] if kinds in ({int}, {int, float}) else []


def _kinds(values: Any) -> set:
    """Types of elements. None stands for any of them, and numbers for each other."""
    names = set(map(type_name, values)) - {"NoneType"}
    return names - {"int", "bool"} | {"float"} if names & {"int", "bool"} else names


def shape_of(v: Any, depth: int = 3) -> tuple:
    """What tells values of one use from those of another: the type, and that of what is in it."""
    name = type_name(v)
    if depth and name in MAPS:
        if len(_kinds(v.values())) > 1:
            return name, sorted(map(repr, v))
        return name, [shape_of(x, depth - 1) for x in list(v.values())[:1]]
    if depth and name in ("list", "tuple", "collections.deque"):
        return name, [shape_of(x, depth - 1) for x in list(v)[:1]]
    if depth and name in SETS:
        return name, sorted(_kinds(v))
    if name == "numpy.ndarray":
        return name, v.dtype.kind, v.shape[1:] if v.ndim else None
    if name == "pandas.DataFrame":
        return name, list(map(repr, v.columns))
    return (name,)


def _for_row(v: Any, hints: Hints) -> list:
    """A list, tuple, deque, bytearray, array, frame or range. Where each place has a type of its own,
    nothing may be elsewhere; a short tuple has as many elements as whoever takes it apart expects."""
    n = len(v)
    if type_name(v) in ("list", "tuple", "collections.deque"):
        mixed = len(_kinds(v)) > 1
        if type(v) is tuple and n <= 4:
            return [] if mixed or n < 2 else [["reversed"], ["rotated", 1]]
        if mixed:
            return [["cut", 0, 0], ["cut", 0, 1], ["cut", 0, -1]]
    usual: list = [["cut", 0, 0]] if n else []
    if n:
        usual.append(["twice", n // 2])
    if n > 1:
        usual += [["reversed"], ["cut", 0, 1], ["again", 0], ["rotated", 1], ["cut", 1, None],
                  ["cut", 0, -1], ["each", 0]]
    usual[3:3] = _of_numbers(v)
    if n:
        usual.append(["times", 2])
        if type(v) is list and type(v[-1]) in (list, dict, set):
            usual.append(["copied", n - 1])
        usual.append(["size", MANY] if n < MANY // 2 else ["times", 3])
    if n > 3:
        usual += [["without", n // 2], ["cut", 0, n // 2], ["cut", n // 2, None]]
    near = []
    if n and n < 10 * MANY:
        near = [["size", x] for c in hints.ints for x in (c, c + 1, c - 1) if 0 < x <= MANY and x != n]
    return woven(usual, near)


def _for_array(v: Any, hints: Hints) -> list:
    if not v.ndim:
        return []
    moves = [m for m in _for_row(v, hints) if m[0] not in ("size", "copied")]
    kind = v.dtype.kind
    if kind in "ifc" and v.size:
        moves += [["all", 0], ["with", v.size // 2, 0], ["all", 1]]
    if kind in "fc" and hints.odd and v.size:
        moves[1:1] = [["with", v.size // 2, literal(float("nan"))]]
        moves += [["with", 0, literal(float("inf"))], ["all", literal(float("nan"))]]
    near = [["with", v.size // 2, x] for x in _met(kind, hints)] if v.size else []
    return woven(moves, near) + [["columns"], ["strided"]]


def _met(kind: str, hints: Hints) -> list:
    """What an element may happen to be: a number that the code has, or another argument."""
    if kind not in "iuf":
        return []
    found = [x for x in hints.numbers + hints.floats + hints.ints if kind == "f" or type(x) is int]
    return [literal(float(x) if kind == "f" else x) for x in found if abs(x) < 1 << 31
            and (x >= 0 or kind != "u")]


def _for_frame(v: Any, hints: Hints) -> list:
    rows = [m for m in _for_row(v, hints) if m[0] not in ("size", "copied")]
    if not len(v):
        return rows
    columns = [(None, v)] if type_name(v) == "pandas.Series" else [
        (i, v.iloc[:, i]) for i in range(min(v.shape[1], WIDE))]
    found = [[["column", i] + move for move in _for_column(c, hints)] for i, c in columns]
    return woven(rows, woven(*found)) if found else rows


def _for_column(v: Any, hints: Hints) -> list:
    """Of a table: its values beside other rows', or one of them another."""
    kind, half = getattr(v.dtype, "kind", "O"), len(v) // 2
    moves: list = [["turned"], ["each"]] if len(v) > 1 else []
    if hints.odd and kind in "fO":
        moves.insert(0, ["cell", half, literal(float("nan")) if kind == "f" else None])
    if kind in "if":
        moves += [["cell", half, literal(0.0) if kind == "f" else 0], ["minus"]]
    if kind == "b":
        moves.append(["cell", half, not v.iloc[half]])
    if kind == "O" and type(v.iloc[half]) is str:
        moves += [["cell", half, x] for x in ["", v.iloc[half].upper() + " "] + hints.texts]
    return moves + [["cell", half, x] for x in _met(kind, hints)]


def _for_map(v: Any, hints: Hints) -> list:
    n = len(v)
    if not n:
        return []
    lacking = [["lack", k] for k in hints.texts + hints.ints if k in v]
    if len(_kinds(v.values())) > 1:  # a record: who does not ask for its keys relies on them
        return [["reversed"]] + (lacking if hints.asks else [])
    usual: list = [["cut", 0, 0], ["reversed"], ["cut", 0, 1], ["more", 1], ["cut", 1, None],
                   ["dealt"], ["cut", 0, -1], ["more", MANY], ["rotated", 1]]
    if type_name(v) != "collections.Counter":
        usual[5:5] = _of_numbers(v.values())
    return woven(usual, lacking)


def _for_set(v: Any, hints: Hints) -> list:
    if not v:
        return []
    return [["cut", 0, 0], ["more", 1], ["cut", 1, None], ["cut", 0, 1], ["more", MANY], ["cut", 0, -1]]


def _for_decimal(v: Any, hints: Hints) -> list:
    if not v.is_finite():
        return [["of", "0"], ["of", "1.5"]]
    made = ["0", -v, v + 1, "%s%s0" % (v, "" if "." in str(v) else "."), "1", v - 1, "0.5", "-0.5",
            v * 1000000, "12345678901234567890123456789.5"]
    return [["of", x] for x in map(str, made) if x != str(v) and "E" not in x]


def _for_fraction(v: Any, hints: Hints) -> list:
    return [["of", str(x)] for x in (0, -v, v + 1, 1, v - 1, v / 2, "1/3") if x != v]


def _for_complex(v: complex, hints: Hints) -> list:
    return [["of", str(x)] for x in (0j, -v, v.conjugate(), 1j, complex(v.real, 0.0)) if x != v]


_DAYS = [{"month": 1, "day": 1}, {"month": 12, "day": 31}, {"year": 2024, "month": 2, "day": 29},
         {"year": 1970, "month": 1, "day": 1}, {"month": 3, "day": 31}, {"year": 1999}]


def _for_date(v: Any, hints: Hints) -> list:
    return woven([["shift", 1, 0], ["shift", -1, 0], ["shift", 31, 0], ["shift", -365, 0]],
                  [["replace", d] for d in _DAYS])


def _for_datetime(v: Any, hints: Hints) -> list:
    clock = [{"hour": 0, "minute": 0, "second": 0, "microsecond": 0}, {"microsecond": 999999},
             {"hour": 23, "minute": 59, "second": 59}, {"fold": 1 - v.fold}]
    return woven(_for_date(v, hints), _hours(v, hints), [["replace", c] for c in clock] + [["shift", 0, 1]])


def _hours(v: Any, hints: Hints) -> list:
    """Those that the code names, on the hour and as late as can be."""
    hours = [c for c in hints.ints if 1 < c < 24]
    return [["replace", {"hour": c, "minute": minute}] for minute in (0, 59) for c in hours][:6]


def _for_time(v: Any, hints: Hints) -> list:
    return woven([["replace", c] for c in (
        {"hour": 0, "minute": 0, "second": 0, "microsecond": 0}, {"hour": 23, "minute": 59},
        {"microsecond": 999999}, {"hour": 12})], _hours(v, hints))


def _for_delta(v: Any, hints: Hints) -> list:
    return [["delta", *parts] for parts in (
        (0, 0, 0), (-v.days, -v.seconds, -v.microseconds), (v.days + 1, v.seconds, v.microseconds),
        (0, 0, 1), (-1, 0, 0), (0, 86399, 999999))]


_MOVES: Dict[str, Callable[[Any, Hints], list]] = {
    "bool": lambda v, hints: [["=", not v]],
    "int": _for_int, "float": _for_float, "complex": _for_complex, "str": _for_str, "bytes": _for_bytes,
    "list": _for_row, "tuple": _for_row, "collections.deque": _for_row, "bytearray": _for_row,
    "range": lambda v, hints: [["cut", 0, 0], ["reversed"], ["cut", 0, 1], ["cut", 1, None]],
    "numpy.ndarray": _for_array, "pandas.DataFrame": _for_frame, "pandas.Series": _for_frame,
    "decimal.Decimal": _for_decimal, "fractions.Fraction": _for_fraction, "datetime.date": _for_date,
    "datetime.datetime": _for_datetime, "datetime.time": _for_time, "datetime.timedelta": _for_delta,
}
_MOVES.update(dict.fromkeys(MAPS, _for_map))
_MOVES.update(dict.fromkeys(SETS, _for_set))


def moves_of(v: Any, hints: Hints) -> list:
    """What can be done with a value of itself."""
    find = _MOVES.get(type_name(v))
    if find is not None:
        return find(v, hints)
    if hasattr(type(v), "__members__") and hasattr(v, "_name_"):
        return [["member", name] for name in list(type(v).__members__)[:6] if name != v._name_]
    top = type_name(v).partition(".")[0]
    if top == "numpy" and getattr(getattr(v, "dtype", None), "kind", "") in "iuf":
        return [["of", literal(x)] for x in (0, 1, 2, -1) if x != v and (x >= 0 or v.dtype.kind != "u")]
    return []
