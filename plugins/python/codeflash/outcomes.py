# SPDX-License-Identifier: Apache-2.0
"""Encoded outcomes (cf-value.5) read back, for people: the comparing is cf-verify's."""

from __future__ import annotations

import struct


class Damaged(ValueError):
    """The bytes are no encoded outcome."""


class Ref(int):
    """The index of a node in the heap."""


def decode(data: bytes) -> dict:
    """The outcome or value as a dict of its keys. No recursion: any bytes may come."""
    value, end = _decode(data)
    if end != len(data) or not isinstance(value, dict) or "heap" not in value:
        raise Damaged("not an encoded outcome")
    return value


def frame(data: bytes) -> dict:
    """A worker's frame, without its length; {} when it is cut short."""
    try:
        value = _decode(data)[0]
    except Damaged:
        return {}
    return value if isinstance(value, dict) else {}


def _decode(data: bytes) -> tuple:
    at = 0
    open_: list = []  # [kind, items, how many are missing]
    try:
        while True:
            first = data[at]
            at += 1
            major, low = first >> 5, first & 31
            n = low
            if low >= 24 and major != 7:
                width = {24: 1, 25: 2, 26: 4, 27: 8}[low]
                n = int.from_bytes(data[at : at + width], "big")
                at += width
            if major in (4, 5) and n:
                if n > len(data):
                    raise Damaged("cut short")
                open_.append([major, [], n * (major - 3)])
                continue
            if major == 6:
                open_.append([n, [], 1])
                continue
            if major == 0:
                v: object = n
            elif major == 1:
                v = -1 - n
            elif major in (2, 3):
                raw = data[at : at + n]
                if len(raw) != n:
                    raise Damaged("cut short")
                at += n
                v = raw if major == 2 else raw.decode()
            elif major == 4:
                v = []
            elif major == 5:
                v = {}
            elif low == 27:
                v = struct.unpack_from(">d", data, at)[0]
                at += 8
            else:
                v = {20: False, 21: True, 22: None}[low]
            while open_:
                kind, items, left = open_[-1]
                items.append(v)
                if left > 1:
                    open_[-1][2] = left - 1
                    break
                open_.pop()
                if kind == 4:
                    v = items
                elif kind == 5:
                    v = dict(zip(items[::2], items[1::2]))
                elif kind == 29:
                    v = Ref(items[0])
                else:  # bignums are tags 2 and 3
                    n = int.from_bytes(items[0], "big")
                    v = -1 - n if kind == 3 else n
            else:
                return v, at
    except (IndexError, KeyError, TypeError, ValueError, struct.error) as error:
        raise Damaged("not an encoded outcome: %s" % error) from None


def kind(outcome: dict) -> str:
    """"return", "raise" or "skip"."""
    return str(outcome.get("kind"))


def render(outcome: dict, limit: int = 400) -> str:
    """What the call returned or raised, short: `return [1, 2]`, `raise ValueError('x')`."""
    if outcome.get("kind") == "skip":
        return "skip: %s" % outcome.get("reason")
    parts = []
    for name, v in outcome.get("roots", ()):
        if name in ("return", "raise", "value", "stdout"):
            parts.append("%s %s" % (name, _render(v, outcome["heap"], limit, 5)))
    return "; ".join(parts)


def _render(v: object, heap: list, limit: int, depth: int) -> str:
    if not isinstance(v, Ref):
        text = repr(v)
        return text if len(text) <= limit else text[:limit] + "..."
    if depth <= 0 or v >= len(heap):
        return "..."
    what, type_, items, state, _ = heap[v]
    short = type_.rpartition(".")[2]
    each = max(20, limit // max(1, min(len(items), 10)))
    shown = [_render(x, heap, each, depth - 1) for x in items[:40]]
    if len(items) > 40:
        shown.append("... %d more" % (len(items) - 40))
    if what == "map":
        body = ", ".join("%s: %s" % pair for pair in zip(shown[::2], shown[1::2]))
        text = "{%s}" % body
        return text if short == "dict" else "%s(%s)" % (short, text)
    if what == "object":
        pairs = zip(state[::2], state[1::2]) if state else ()
        return "<%s>" % " ".join(
            [short] + ["%s=%s" % (k, _render(x, heap, each, depth - 1)) for k, x in pairs][:20])
    if what == "error":
        return short + (shown[0] if shown else "()")
    if what == "array":
        return "%s(%s, %s)" % (short, items[0], items[1])
    brackets = {"list": "[%s]", "tuple": "(%s)", "set": "{%s}"}.get(type_, short + "(%s)")
    return brackets % ", ".join(shown)
