"""Readings in overlapping windows."""
import itertools


def windows(items, size):
    """Lists of so many neighbours, as far as they are asked for."""
    if size < 1:
        raise ValueError("a window of %d" % size)
    window = []
    for item in items:
        window.append(item)
        if len(window) > size:
            window = window[1:]
        if len(window) == size:
            yield list(window)


def main():
    list(windows([3, 1, 4, 1, 5, 9], 3))
    list(windows(iter("abcd"), 2))
    list(itertools.islice(windows(itertools.count(10), 4), 5))
    list(windows([1, 2], 3))
    try:
        list(windows([1], 0))
    except ValueError:
        pass


#+ windows | a deque that drops the oldest
from collections import deque


def windows(items, size):
    if size < 1:
        raise ValueError("a window of %d" % size)
    window = deque(maxlen=size)
    for item in items:
        window.append(item)
        if len(window) == size:
            yield list(window)


#+ windows | slices of what is kept
def windows(items, size):
    if size < 1:
        raise ValueError("a window of %d" % size)
    kept = []
    for item in items:
        kept.append(item)
        if len(kept) == size:
            yield kept[:]
            del kept[0]


#- windows | return | reused buffer: every window is the same list
def windows(items, size):
    if size < 1:
        raise ValueError("a window of %d" % size)
    window = []
    for item in items:
        window.append(item)
        if len(window) > size:
            del window[0]
        if len(window) == size:
            yield window


#- windows | any | laziness: wants all items before the first window
def windows(items, size):
    if size < 1:
        raise ValueError("a window of %d" % size)
    items = list(items)
    for end in range(size, len(items) + 1):
        yield items[end - size:end]


#- windows | args | read ahead: takes one item more from the iterator than it has used
def windows(items, size):
    if size < 1:
        raise ValueError("a window of %d" % size)
    window = []
    items = iter(items)
    none = object()
    item = next(items, none)
    while item is not none:
        following = next(items, none)
        window.append(item)
        window = window[-size:]
        if len(window) == size:
            yield list(window)
        item = following


#- windows | kind | lost error: a bad size gives no windows
def windows(items, size):
    window = []
    for item in items:
        if size < 1:
            return
        window.append(item)
        window = window[-size:]
        if len(window) == size:
            yield list(window)
