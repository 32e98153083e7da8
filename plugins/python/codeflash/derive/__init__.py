# SPDX-License-Identifier: Apache-2.0
"""Inputs beyond the recorded ones: made from those by changes that keep every value's type.

A spec says how, a list of steps, each [path, operation, parameter, ...], done one after another on
inputs that were restored for it alone. With the recorded call that it starts from a spec says
everything: original and candidate, and every run of either, are given the same. So nothing here may
hang on addresses or on the order in which hashing puts things.

A path is [kind, key, kind, key, ...]: positional argument "a", keyword "k", element "i", value of a
mapping by its key "v" or by its number "n", attribute ".". What can be changed is changed where it
is, so that whoever else holds it sees that; what cannot be is made anew along with the tuples it is
in. Classes, functions, modules, files, locks and what is not known here keep what is in them; they
can be exchanged as a whole for what another recorded call had in that place.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Callable, Dict, List, Optional, Tuple

from .. import blob, encode, show
from .changes import literal, ROWS, type_name
from .hints import distinct, Hints
from .inputs import Inputs, places, WIDE
from .planning import BASES, digest_of, Lengths, LIMITS, plan, telling

__all__ = ["Hints", "Stock", "telling"]

DONORS = 40  # recorded calls that are looked at for what may stand in their places


# Smaller. -----------------------------------------------------------------------------------------


def _size(call: blob.Call) -> Optional[int]:
    """How much there is to read in it; None when it is too much."""
    try:
        return len(encode.value((call.args, call.kwargs), LIMITS)) + len(
            show.call("", False, "", call.args, call.kwargs, 4000))
    except Exception:
        return None


def _less(v: Any) -> list:
    """Moves that leave less of a value."""
    name = type_name(v)
    if name in ROWS:
        n = len(v)
        ends = [(0, i) for i in (0, 1, 2, 3, n // 2, n * 3 // 4) if i < n]
        ends += [(i, None) for i in (n - 1, n - 2, n // 2, n // 4) if 0 < i < n]
        moves: list = [["cut", i, j] for i, j in distinct(ends)]
        if n <= WIDE and name != "range":
            moves += [["cut", i, i + 1] for i in range(n)] + [["without", i] for i in range(n)]
        return moves
    if name == "int":
        half = abs(v) // 2 if v > 0 else -(abs(v) // 2)
        return [["=", x] for x in (0, 1, -1, half, v - 1 if v > 0 else v + 1) if abs(x) <= abs(v)]
    if name == "float" and isfinite(v):
        return [["=", literal(x)] for x in (0.0, 1.0, -1.0, float(int(v)), float(int(v / 2)))
                if abs(x) <= abs(v)]
    if name == "decimal.Decimal":
        return [["of", "0"], ["of", "1"]]
    return []


def _plus(steps: list, path: list, move: list) -> list:
    """A step more, in the place of the last where it undoes that."""
    if move[0] == "=" and steps and steps[-1][0] == path and steps[-1][1] == "=":
        steps = steps[:-1]
    return steps + [[path] + move]


def _spread(values: list, n: int) -> list:
    """At most n of them, evenly."""
    return [values[i * len(values) // n] for i in range(n)] if len(values) > n else list(values)


# What a worker does with it. ----------------------------------------------------------------------


class Stock:
    """The recorded inputs, and what is derived from them."""

    def __init__(self, restore: Callable[[bytes, str], blob.Call],
                 recorded: Dict[int, Tuple[bytes, str]]) -> None:
        self.restore = restore
        self.recorded = recorded

    def inputs(self, call: int) -> Inputs:
        return Inputs(self.restore(*self.recorded[call]))

    def made(self, call: int, steps: list) -> blob.Call:
        """Fresh inputs, changed so. Whatever error, where they cannot be."""
        inputs = self.inputs(call)
        for step in steps:
            inputs.step(step, self.inputs)
        return inputs.call()

    def _by_size(self, usable: List[int]) -> List[int]:
        """Those that are worth a look, the smallest first."""
        order = sorted(usable, key=lambda call: (len(self.recorded[call][0]), call))
        return [c for c in order if len(self.recorded[c][0]) <= 1 << 16] or order[:1]

    def plan(self, usable: List[int], hints: Hints, seed: int, most: int,
             until: Callable[[], bool]) -> List[Tuple[int, list]]:
        """Up to so many derivations that come to different inputs."""
        order = self._by_size(usable)
        small, rest = order[:3], order[3:]
        donors = small + _spread(rest, BASES - 3)
        donors += [c for c in _spread(rest, DONORS) if c not in donors]
        calls = [(c, self.inputs(c).call()) for c in donors]
        seen = {digest_of(inputs[:2]) for _, inputs in calls}
        planned: List[Tuple[int, list]] = []
        for tries, (call, steps) in enumerate(plan(calls, hints, seed)):
            if len(planned) >= most or tries > 10 * most or until():
                break
            try:
                digest = digest_of(self.made(call, steps)[:2])
            except Exception:
                continue
            if digest is not None and digest not in seen:
                seen.add(digest)
                planned.append((call, steps))
        return planned

    def smaller(self, usable: List[int], call: int, steps: list, most: int,
                until: Callable[[], bool]) -> List[Tuple[int, list]]:
        """Derivations of less than this one comes to, the least first."""
        now = self.made(call, steps)
        size = _size(now)
        tries = [(call, steps[:i] + steps[i + 1:]) for i in range(len(steps) if len(steps) > 1 else 0)]
        tries += [(other, steps) for other in self._by_size(usable)[:4] if other != call]
        found = places(now, 200, WIDE)
        along = Lengths([(call, found)])
        for place in found:
            for move in _less(place.value) if not place.part or type_name(place.value) in ROWS else ():
                first, *rest = next(along.steps(place.path, move))
                tries.append((call, _plus(steps, first[0], first[1:]) + rest))
        smaller = []
        seen = set()
        for number, (other, changed) in enumerate(tries):
            if until():
                break
            try:
                made = self.made(other, changed)
            except Exception:
                continue
            got, digest = _size(made), digest_of(made[:2])
            if got is not None and digest not in seen and (size is None or got < size):
                seen.add(digest)
                smaller.append((got, number, other, changed))
        smaller.sort(key=lambda f: f[:2])
        smaller = smaller[:most // 2] + _spread(smaller[most // 2:], most - most // 2)
        return [(other, changed) for _, _, other, changed in smaller]
