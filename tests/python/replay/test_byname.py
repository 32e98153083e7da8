# SPDX-License-Identifier: Apache-2.0
"""What the recorder pickles that pickle refuses: made again as it was."""

from __future__ import annotations

import collections
import io
import pickle
import struct
import threading
import types
import weakref

import pytest

from codeflash import byname, encode


class Theirs(threading.local):
    def __init__(self, y):
        self.y = y


class Pickler(pickle.Pickler):
    """Asks byname.py as the recorder does."""

    def reducer_override(self, obj):
        said = byname.how(type(obj))
        made = byname.reduce(obj) if said is True else NotImplemented
        return NotImplemented if made is None else made


def again(v):
    to = io.BytesIO()
    Pickler(to, 5).dump(v)
    return pickle.loads(to.getvalue())


def test_a_lock_is_another_one_that_is_held_if_it_was():
    free, held = threading.Lock(), threading.Lock()
    held.acquire()
    assert (again(free).locked(), again(held).locked()) == (False, True)
    mine = threading.RLock()
    assert again(mine)._is_owned() is False
    with mine:
        assert again(mine)._is_owned() is True
    a, b = again([free, free])
    assert a is b and a is not free


def test_views_of_dicts_and_of_memory():
    d = {"a": 1, "b": [2]}
    assert list(again(d.keys())) == ["a", "b"] and list(again(d.values())) == [1, [2]]
    assert list(again(d.items())) == [("a", 1), ("b", [2])]
    assert type(again(collections.OrderedDict(d).items())) is type(collections.OrderedDict().items())
    assert dict(again(types.MappingProxyType(d))) == d
    whole = memoryview(bytearray(range(24)))
    assert again(whole) == whole and not again(whole).readonly and again(memoryview(b"xy")).readonly
    grid = whole.cast("H", (3, 4))
    assert (again(grid).format, again(grid).shape, again(grid).tolist()) == ("H", (3, 4), grid.tolist())
    with pytest.raises(TypeError):
        again(whole[::2])


def test_a_struct_a_thread_local_and_weak_collections():
    assert again(struct.Struct("<ih")).unpack(b"\1\0\0\0\2\0") == (1, 2)
    own = threading.local()
    own.x = [1]
    assert again(own).x == [1]
    theirs = Theirs(2)
    assert type(again(theirs)) is Theirs and again(theirs).y == 2
    kept = threading.Event()
    both = again([weakref.WeakValueDictionary(a=kept), weakref.WeakSet([kept]), kept])
    assert both[0]["a"] is both[2] and list(both[1]) == [both[2]]


def test_a_file_that_is_read_is_where_it_was_in_a_copy(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("a é\nb\nc\n", encoding="utf-8")
    with open(path, encoding="utf-8") as f:
        f.readline()
        copy = again(f)
        assert (f.read(), f.name, f.mode) == (copy.read(), copy.name, copy.mode)
    with open(path, "rb") as f:
        f.read(3)
        copy = again(f)
        assert type(copy) is type(f) and f.read() == copy.read()
    path.write_bytes(b"a\r\nb\r\n")
    with open(path) as f, pytest.raises(TypeError):
        again(f)  # newline= may have been anything
    with open(path, "r+") as f, pytest.raises(TypeError):
        again(f)
    with open(path) as f, pytest.raises(TypeError):
        next(f)
        again(f)


def test_a_file_that_is_written_to_is_an_empty_one_and_what_is_written_is_compared(tmp_path):
    with open(tmp_path / "out.txt", "w") as f:
        f.write("before")
        first, second = again(f), again(f)
    first.write("x")
    second.write("y")
    assert (tmp_path / "out.txt").read_text() == "before"
    assert encode.value(first) != encode.value(second) and b"opaque" not in encode.value(first)


def test_where_a_copy_was_left_is_compared(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text("a\nb\nc\n")
    with open(path) as f:
        copies = [again(f) for _ in range(4)]
    for n, copy in enumerate((copies[0], copies[1], copies[2])):
        for _, line in zip(range(1 + n % 2), copy):
            assert line
    assert encode.value(copies[0]) == encode.value(copies[2]) != encode.value(copies[1])
    assert b"opaque" not in encode.value(copies[3])
