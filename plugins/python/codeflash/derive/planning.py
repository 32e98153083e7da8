# SPDX-License-Identifier: Apache-2.0
"""In which order changes are tried, so that the first ones differ the most."""

from __future__ import annotations

from hashlib import blake2b
from types import FunctionType
from typing import Dict, Iterator, List, Optional, Tuple

from .. import blob, encode
from .changes import ARRAYS, is_short, literal, MAPS, ROWS, scalar, type_name
from .hints import distinct, Hints
from .inputs import Place, places
from .moves import moves_of, shape_of, woven

LIMITS = (20000, 1 << 20)  # nodes and bytes of an input: larger ones are not made
BASES = 8  # recorded calls that are changed


def digest_of(v: object) -> Optional[bytes]:
    """None of what is too large or cannot be read."""
    try:
        return blake2b(encode.value(v, LIMITS), digest_size=16).digest()
    except Exception:
        return None


class Pool:
    """What the recorded calls had in each place: the moves that put it into another call's."""

    def __init__(self, calls: List[Tuple[int, List[Place]]]) -> None:
        self.by_place: Dict[tuple, Dict[bytes, Tuple[str, list]]] = {}
        for call, found in calls:
            for place in found:
                if place.part:
                    continue
                kept = self.by_place.setdefault(place.key, {})
                digest = digest_of(place.value) if len(kept) < 12 else None
                if digest is None or digest in kept:
                    continue
                move = ["=", literal(place.value)] if is_short(place.value) else [
                    "from", call, place.path]
                kept[digest] = (type_name(place.value), move)

    def moves(self, place: Place) -> list:
        """Those for a value: of another type first."""
        own, name = digest_of(place.value), type_name(place.value)
        found = [(t == name, i, move) for i, (digest, (t, move)) in enumerate(
            self.by_place.get(place.key, {}).items()) if digest != own]
        found.sort(key=lambda f: f[:2])
        moves = [move for _, _, move in found]
        alike = [move for same, _, move in found if same]
        if name in ("str", "bytes"):
            joined = [["put", len(place.value), move[1]] if move[0] == "=" else ["join"] + move[1:]
                      for move in alike if move[0] != "=" or scalar(move[1])][:1]
        else:
            joined = [["join"] + move[1:] for move in alike
                      if move[0] == "from" and name in ROWS and name not in MAPS][:1]
        return moves[:1] + joined + moves[1:6]


_PLAIN = {"int", "float", "str", "bytes", "decimal.Decimal", "fractions.Fraction", "datetime.date",
          "datetime.datetime", "datetime.time", "datetime.timedelta"}


class _Chance:
    """Numbers that look like chance, from a seed, the same under every Python."""

    def __init__(self, seed: int) -> None:
        self.state = seed & 0xFFFFFFFFFFFFFFFF

    def below(self, n: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        return (self.state >> 33) % n


def _aliases(found: List[Place]) -> Dict[tuple, list]:
    """Arguments that could be one object, or equal, as moves by place; so could what is in the same
    place in two arguments alike, and a text and one further in."""
    top = [p for p in found if len(p.path) == 2 and type(p.value) is not type(None)
           and not isinstance(p.value, (type, FunctionType))]
    moves: Dict[tuple, list] = {}
    for i, p in enumerate(top):
        for q in top[:i]:
            if p.value is not q.value and shape_of(p.value) == shape_of(q.value):
                moves.setdefault(p.key, []).append(["same", q.path])
                for x in found:
                    if len(x.path) > 2 and x.path[:2] == p.path and type_name(x.value) in _PLAIN:
                        moves.setdefault(x.key, []).append(["same", q.path + x.path[2:]])
    for x in found:
        if len(x.path) > 2 and type(x.value) is str:
            moves.setdefault(x.key, []).extend(
                ["same", p.path] for p in top if type(p.value) is str and p.value != x.value)
    return moves


class Lengths:
    """Which arrays are of one length, or as wide as they are long, in every call that was recorded: a
    table's columns, one might say. They are made longer and shorter together."""

    CHANGING = {"cut", "without", "twice", "again", "times", "size", "from", "join"}

    def __init__(self, looked: List[Tuple[int, List[Place]]]) -> None:
        self.partners: Dict[tuple, list] = {}
        sizes: Dict[tuple, list] = {}
        arrays = set()
        for _, found in looked:
            for place in found:
                name = type_name(place.value)
                if "i" in place.path or "n" in place.path or place.part:
                    continue
                if name in ARRAYS:
                    arrays.add((tuple(place.path), 0))
                    for axis, n in enumerate(place.value.shape if name == "numpy.ndarray"
                                             else place.value.shape[:1]):
                        sizes.setdefault((tuple(place.path), axis), []).append(n)
                elif name in ("list", "tuple"):
                    sizes.setdefault((tuple(place.path), 0), []).append(len(place.value))
        self.arrays = {path for path, _ in arrays}
        sizes = {at: found for at, found in sizes.items() if len(found) == len(looked)}
        for at in sizes:
            for other in sizes:
                if at != other and not at[1] and sizes[at] == sizes[other] and (
                        at in arrays or other in arrays):
                    self.partners.setdefault(at[0], []).append(other)

    def steps(self, path: list, move: list) -> Iterator[list]:
        """Those for a move, with all that goes along; then without, for what does not mind."""
        partners = self.partners.get(tuple(path), [])
        if move[0] in ("from", "join"):  # whole
            partners = [p for p in distinct([(other, 0) for other, _ in partners])
                        if list(p[0]) != path]
        if not partners or move[0] not in self.CHANGING:
            yield [[path] + move]
            return
        steps = [[path] + move]
        for other, axis in partners:
            at = list(other)
            if move[0] in ("from", "join"):
                steps.append([at, move[0], move[1], at])
            else:
                steps.append([at, "along", axis] + move if axis else [at] + move)
        yield steps
        if move[0] == "cut":
            oblong = all(list(other) == path for other, _ in partners)
            yield [[path, "alone", oblong] + move]

    def empty(self, steps: list) -> bool:
        """Whether an array has nothing left: what else is done then says little."""
        return any(step[-3:] == ["cut", 0, 0] and tuple(step[0]) in self.arrays for step in steps)


def _queue(where: List[Tuple[int, list, list, bool]], along: Lengths) -> Iterator[Tuple[int, list]]:
    """The moves for one place, in turn with each call that has it: (call, [step])."""
    longest = max(len(moves) for _, _, moves, _ in where)
    for lap in range(len(where)):
        for j in range(longest):
            call, path, moves, _ = where[(j + lap) % len(where)]
            if j < len(moves):
                for steps in along.steps(path, moves[j]):
                    yield call, steps


def telling(steps: list, ended: str) -> bool:
    """Whether what the original does on inputs made so says what it should do: where lengths part that
    never did, if it refuses them on purpose; where an array is no square any more, if it can do that."""
    alone = [step[2] for step in steps if step[1] == "alone"]
    return not alone or ended == "project" or (all(alone) and ended == "return")


def plan(calls: List[Tuple[int, blob.Call]], hints: Hints, seed: int) -> Iterator[Tuple[int, list]]:
    """(call, steps) without end in sight, so ordered that the first ones differ the most: every place
    in its turn, those further out more often, and now and then two changes together."""
    looked = [(call, places(inputs)) for call, inputs in calls]
    for _, found in looked:
        for place in found:
            try:
                hints.look(place.value)
            except Exception:
                pass
    pool = Pool(looked)
    by_place: Dict[tuple, List[Tuple[int, list, list, bool]]] = {}
    for call, found in looked[:BASES]:
        aliases = _aliases(found)
        for place in found:
            moves = moves_of(place.value, hints)
            if place.part:
                moves = [m for m in moves if m[0] in ("cut", "without")]
            else:
                given = aliases.get(place.key, []) + hints.default(place) + pool.moves(place)
                moves = moves[:1] + woven(moves[1:], given)
            if moves:
                bare = type_name(place.value) in ROWS and not len(place.value)
                by_place.setdefault(place.key, []).append((call, place.path, moves, bare))
    chance = _Chance(seed)
    along = Lengths(looked)
    queues = []
    for where in by_place.values():
        # of nothing not much can be made
        where = [w for w in where if not w[3]] or where
        turn = chance.below(len(where))
        depth = len(where[0][1]) // 2
        lap = max(len(moves) for _, _, moves, _ in where)
        queues.append((max(1, 4 - depth), lap, _queue(where[turn:] + where[:turn], along)))
    yield from _paired(queues, chance, along)


def _paired(queues: list, chance: _Chance, along: Lengths) -> Iterator[Tuple[int, list]]:
    """Takes from the queues in turn, so many from each, but no more than one from one whose moves have
    all been made on some call; every fourth is followed by one that does it and another."""
    done: Dict[int, list] = {}
    count = 0
    while queues:
        left = []
        for share, lap, queue in queues:
            for _ in range(share if lap > 0 else 1):
                got = next(queue, None)
                if got is None:
                    break
                call, steps = got
                yield call, steps
                if along.empty(steps):
                    continue
                before = done.setdefault(call, [])
                count += 1
                others = [s for s in before if s[0][0] != steps[0][0]]
                if count % 4 == 0 and others:
                    yield call, others[chance.below(len(others))] + steps
                before.append(steps)
            else:
                left.append((share, lap - share, queue))
        queues = left
