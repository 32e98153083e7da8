"""Rows in pages, settings for a while, old ways with a warning, names nobody can guess."""

import contextlib
import functools
import itertools
import secrets
import warnings


def paged(rows, size):
    """Lists of so many rows, each read when it is asked for."""
    rows = iter(rows)
    while True:
        page = []
        while len(page) < size:
            try:
                page = page + [next(rows)]
            except StopIteration:
                break
        if not page:
            return
        yield page


@contextlib.contextmanager
def setting(settings, name, value):
    """It has that value for a while, whatever happens."""
    missing = object()
    before = settings.get(name, missing)
    settings[name] = value
    try:
        yield settings
    finally:
        if before is missing:
            del settings[name]
        else:
            settings[name] = before


def area(width, height=None, side=None):
    """side is what height was called once."""
    if side is not None:
        warnings.warn("side is called height now", DeprecationWarning, stacklevel=2)
        height = side
    return width * (width if height is None else height)


def key(user):
    """A key for a user, another one each time."""
    text = ""
    for byte in secrets.token_bytes(6):
        text = text + "%02x" % byte
    return user + "-" + text


def main():
    for rows in ([1, 2, 3], [], [4, 5, 6, 7]):
        list(paged(iter(rows), 2))
    first = paged(iter("abcde"), 3)
    next(first)
    settings = {"colour": "red"}
    for name, value in (("colour", "blue"), ("size", 3)):
        with setting(settings, name, value):
            pass
    for given in ({"height": 3}, {"side": 4}, {}):
        area(2, **given)
    key("ann")
    key("bob")


#+ paged | slices of the iterator
def paged(rows, size):
    rows = iter(rows)
    size = max(0, size)
    page = list(itertools.islice(rows, size))
    while page:
        yield page
        page = list(itertools.islice(rows, size))


#- paged | ended | read ahead: the next page is there before this one is given out
def paged(rows, size):
    rows = iter(rows)
    page = list(itertools.islice(rows, size))
    while page:
        following = list(itertools.islice(rows, size))
        yield page
        page = following


#- paged | any | all at once: reads everything for the first page
def paged(rows, size):
    rows = list(rows)
    for start in range(0, len(rows), size):
        yield rows[start:start + size]


#+ setting | asks first
@contextlib.contextmanager
def setting(settings, name, value):
    had = name in settings
    before = settings.get(name)
    settings[name] = value
    try:
        yield settings
    finally:
        if had:
            settings[name] = before
        else:
            settings.pop(name)


#- setting | ended | clean-up: not after an error
@contextlib.contextmanager
def setting(settings, name, value):
    missing = object()
    before = settings.get(name, missing)
    settings[name] = value
    yield settings
    if before is missing:
        del settings[name]
    else:
        settings[name] = before


#- setting | ended | error swallowed: what is raised within goes no further
@contextlib.contextmanager
def setting(settings, name, value):
    missing = object()
    before = settings.get(name, missing)
    settings[name] = value
    try:
        yield settings
    except Exception:
        pass
    finally:
        if before is missing:
            del settings[name]
        else:
            settings[name] = before


#- setting | any | while it lasts: nothing is set
@contextlib.contextmanager
def setting(settings, name, value):
    before = dict(settings)
    try:
        yield settings
    finally:
        settings.clear()
        settings.update(before)


#+ area | one return a case
def area(width, height=None, side=None):
    if side is not None:
        warnings.warn("side is called height now", DeprecationWarning, stacklevel=2)
        return width * side
    return width * width if height is None else width * height


#- area | warnings | hidden warning: that a name is old is not said
def area(width, height=None, side=None):
    if side is not None:
        height = side
    return width * (width if height is None else height)


#- area | warnings | kind of warning: one that is hidden as well
def area(width, height=None, side=None):
    if side is not None:
        warnings.warn("side is called height now", PendingDeprecationWarning, stacklevel=2)
        height = side
    return width * (width if height is None else height)


#+ key | in one go
def key(user):
    return "%s-%s" % (user, secrets.token_bytes(6).hex())


#- key | return | fewer letters: of five bytes
def key(user):
    return user + "-" + secrets.token_bytes(5).hex()


#- key | again | remembered: what should be another each time
@functools.lru_cache(maxsize=None)
def key(user):
    return user + "-" + secrets.token_bytes(6).hex()
