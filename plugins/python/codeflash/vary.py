# SPDX-License-Identifier: Apache-2.0
"""Inputs like the recorded ones: a call's arguments with one part of them changed a little.

What is changed keeps its type, its size and its kind of content, so that the function has much the same
to do. Which part it is, the number of the variant says: the same inputs and number give the same
change in every process.
"""

from __future__ import annotations

import binascii
from collections import OrderedDict, defaultdict, deque
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Tuple

    Put = Callable[[Any], None]  # puts a value in the place of the part
    Part = Tuple[Any, Put]

_LOOK_AT = 5000  # parts of one input
_OF_ONE = 500  # and of one container
_BIG = 1 << 20  # bytes of a text that is copied for a change

_DICTS = (dict, OrderedDict, defaultdict)


def _text(s: str, at: int) -> str:
    """One letter or digit of it is another: the first that can be, from a place on."""
    for i in list(range(at, len(s))) + list(range(at)):
        c = s[i]
        if "0" <= c <= "9":
            new = chr((ord(c) - 47) % 10 + 48)
        elif "a" <= c <= "z":
            new = chr((ord(c) - 96) % 26 + 97)
        elif "A" <= c <= "Z":
            new = chr((ord(c) - 64) % 26 + 65)
        else:
            continue
        return s[:i] + new + s[i + 1:]
    return s


def _changed(value: Any, at: int) -> Any:
    """A value like it; itself where there is none."""
    kind = type(value)
    if kind is int:
        # what was positive stays so, and what was not 0 does not become it
        return value + 1 if value >= 0 and (value < 2 or at % 2) else value - 1
    if kind is float:
        new = value + value / 64 if value else 1 / 64
        return new if new - new == 0 else value  # not from or to infinity
    if kind is str:
        return _text(value, at % len(value)) if 0 < len(value) <= _BIG else value
    if kind in (bytes, bytearray):
        if not 0 < len(value) <= _BIG:
            return value
        return kind(_text(value.decode("latin-1"), at % len(value)).encode("latin-1"))
    return value


def _array_part(array: Any, at: int) -> List[Part]:
    """An element of a numpy array of numbers."""
    if not array.size or array.dtype.kind not in "iuf" or not array.flags.writeable:
        return []
    place = at % array.size

    def put(value: Any) -> None:
        array.flat[place] = value

    return [(array.flat[place].item(), put)]


def _some(n: int, at: int) -> range:
    """Places in a sequence that long."""
    start = at % (n - _OF_ONE + 1) if n > _OF_ONE else 0
    return range(start, min(n, start + _OF_ONE))


def _inside(value: Any, put: Put, mine: Callable[[type], bool], at: int) -> List[Part]:
    """The parts of a container; of anything else none."""
    kind = type(value)
    if kind in (list, deque):
        return [(value[i], _into(value, i)) for i in _some(len(value), at)]
    if kind in _DICTS:
        return [(value[key], _into(value, key)) for key in islice(value, _OF_ONE)]
    if kind is tuple or (issubclass(kind, tuple) and hasattr(kind, "_make")):
        # every change makes a new one, which goes where it was
        def rebuilt(i: int) -> Put:
            def put_element(element: Any) -> None:
                items = list(value)
                items[i] = element
                put(tuple(items) if kind is tuple else kind._make(items))

            return put_element

        return [(value[i], rebuilt(i)) for i in _some(len(value), at)]
    if kind in (set, frozenset):
        def swapped(old: Any) -> Put:
            return lambda new: put(kind((value - {old}) | {new}))

        return [(element, swapped(element)) for element in islice(value, _OF_ONE)]
    if kind.__name__ == "ndarray" and kind.__module__ == "numpy":
        return _array_part(value, at)
    state = getattr(value, "__dict__", None)
    if type(state) is dict and mine(kind):
        return [(state[name], _into(state, name)) for name in islice(state, _OF_ONE)]
    return []


def _into(container: Any, key: Any) -> Put:
    def put(value: Any) -> None:
        container[key] = value

    return put


def vary(args: tuple, kwargs: dict, number: int, mine: Callable[[type], bool]) -> Tuple[tuple, dict, bool]:
    """The arguments with a part changed, and whether there was one. They are changed in place, but
    where they cannot be. mine says which classes' objects may be looked into."""
    at = binascii.crc32(b"%d" % number)
    box = [args, kwargs]
    queue: List[Part] = [(args, _into(box, 0)), (kwargs, _into(box, 1))]
    leaves: List[Part] = []
    seen = set()
    for value, put in queue:
        if type(value) in (int, float, str, bytes, bytearray):
            if value == value and _changed(value, at) != value:
                leaves.append((value, put))
        elif type(value) not in (bool, type(None)) and id(value) not in seen:
            seen.add(id(value))
            if len(queue) < _LOOK_AT:
                queue.extend(_inside(value, put, mine, at))
    if leaves:
        value, put = leaves[at % len(leaves)]
        put(_changed(value, at // len(leaves)))
    return box[0], box[1], bool(leaves)
