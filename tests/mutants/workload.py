# SPDX-License-Identifier: Apache-2.0
"""The ten functions of tests/mutants.py in all their uses: calls chosen to reach every line and border."""
from dateutil.easter import easter
from humanize import naturalsize
from idna.core import check_bidi
from inflection import ordinal
from more_itertools import split_at
from mpmath.libmp.libintmath import isprime
from packaging.utils import parse_wheel_filename
from sortedcontainers import SortedList
from toolz import partition_all

from boltons.strutils import parse_int_list


def tried(function, *args, **kwargs):
    """The call, and with an error that is meant to come, its name."""
    try:
        return function(*args, **kwargs)
    except (ValueError, IndexError) as error:
        return type(error).__name__


def holidays():
    for method in (1, 2, 3):
        for year in (326, 1583, 1700, 1707, 1886, 1943, 1994, 2000, 2024, 2285, 3317, 3936, 4099):
            tried(easter, year, method)
    easter(2026)
    tried(easter, 1990, 0)
    tried(easter, 1990, 4)


def sizes():
    for size in (0, 1, 2, 999, 1000, 1023, 1024, 3000, 10**6, 1.5 * 2**20, 3 * 10**9, 10**27, 10**33,
                 -4096, "512"):
        for binary, gnu in ((False, False), (True, False), (False, True)):
            naturalsize(size, binary, gnu)
    naturalsize(1234567, format="%.3f")


def labels():
    for label in ("", "abc", "a-1", "\u05d0\u05d1\u05d2", "\u05d0\u05d1a", "\u05d01", "\u05d01\u0661",
                  "\u0661\u05d0", "\u0627\u0661", "1\u05d0", "a\u05d0", "\u05d0-", "\u05d0\u0300",
                  "abc\u0300", "a1\u0661", "\u0378",
                  "\u05d0+", "abc+", "\u05d0\u0300\u0300", "-\u05d0", "a\u0627", "\u05d0-\u0627"):
        tried(check_bidi, label)
    for mark in ("+", ",", "%", "!", "\u00ad"):
        tried(check_bidi, "\u05d0" + mark + "\u05d0")
        tried(check_bidi, "a" + mark + "a", True)
    for label in ("", "abc", "a-1", "a1\u0661", "abc\u0300", "abc+", "-abc"):
        tried(check_bidi, label, True)


def ordinals():
    for number in (0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 14, 21, 22, 23, 24, 100, 101, 111, 112, 113, 1003,
                   -1, -2, -11):
        ordinal(number)


def splits():
    for text in ("", "a", "abcdcba", "bb", "xbyb", "abcbdbe"):
        list(split_at(text, lambda c: c == "b"))
        for most in (0, 1, 2):
            list(split_at(text, lambda c: c == "b", maxsplit=most))
        list(split_at(text, lambda c: c == "b", keep_separator=True))
        list(split_at(text, lambda c: c == "b", maxsplit=1, keep_separator=True))


def primes():
    # among them composites that pass for primes to all but one of a few bases
    for n in (0, 1, 2, 3, 4, 13.0, 25, 43, 47, 49, 51, 97, 121, 561, 2821, 7919, 8321, 44287, 104729,
              1373653, 2508013, 25326001, 2**31 - 1, 306122999491, 2152302898747, 58870996578241,
              61995910815541, 75451785985621, 85704964823341, 99382349640421, 341550071728321,
              341550071728361, 10**18 + 9, 10**18 + 11, 2**61 - 1, -7):
        isprime(n)


def wheels():
    for name in ("foo-1.0-py3-none-any.whl", "foo_bar-1.0.post1-py2.py3-none-any.whl",
                 "a.b-2!1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                 "foo-1.0-1-py3-none-any.whl", "foo-1.0-204a-py3-none-any.whl",
                 "foo-1.0-x2-py3-none-any.whl", "foo-1.0.whl", "foo-1.0-py3-none-any.tar.gz",
                 "foo-1-2-3-4-5-6.whl", "f__oo-1.0-py3-none-any.whl",
                 "foo-nothing-py3-none-any.whl", "f!o-1.0-py3-none-any.whl"):
        tried(parse_wheel_filename, name)


def positions():
    for n in (0, 1, 5, 40, 300):
        some = SortedList(range(n), key=None)
        some._reset(4)
        for index in (0, 1, 2, n // 3, n // 2, n - 2, n - 1, n, -1, -2, -n // 2, -n, -n - 1):
            tried(some._pos, index)


def parts():
    for n in (1, 2, 3, 7):
        for seq in ((), (1,), (1, 2), [1, 2, 3, 4, 5, 6], "abcdefg", iter(range(9))):
            list(partition_all(n, seq))


def ranges():
    for text in ("", "1", "1,3,5-8,10-11,15", "9-7", "1-1,1", " 2 ,4", "15,1-3", "3-5,4-6,", "1,,2", "0-0"):
        parse_int_list(text)
    parse_int_list("1;2:5", ";", ":")


for some in (holidays, sizes, labels, ordinals, splits, primes, wheels, positions, parts, ranges):
    some()
