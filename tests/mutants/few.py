# SPDX-License-Identifier: Apache-2.0
"""What a program that happens to use the ten functions of tests/mutants.py may call them with."""
from boltons.strutils import parse_int_list
from dateutil.easter import easter
from humanize import naturalsize
from idna.core import check_bidi
from inflection import ordinal
from more_itertools import split_at
from mpmath.libmp.libintmath import isprime
from packaging.utils import parse_wheel_filename
from sortedcontainers import SortedList
from toolz import partition_all

for year in (1999, 2008, 2024, 2026):
    easter(year)
for size in (512, 4096, 3 * 10**6, 25 * 10**9):
    naturalsize(size)
    naturalsize(size, binary=True)
for label in ("example", "a-1", "\u05d0\u05d1\u05d2", "\u05d01"):
    check_bidi(label)
for number in (1, 2, 3, 4, 11, 21, 112):
    ordinal(number)
for line in ("name,size,date", "one", ""):
    list(split_at(line, lambda c: c == ","))
for n in (2, 9, 97, 561, 7919, 10**9 + 7):
    isprime(n)
for name in ("foo-1.0-py3-none-any.whl", "a_b-2.1-1-cp311-cp311-manylinux_2_17_x86_64.whl"):
    parse_wheel_filename(name)
scores = SortedList(range(0, 5000, 2))
print(scores[0], scores[1200], scores[-1], scores[-300])
for seq in ([1, 2, 3, 4, 5], "abcdef"):
    list(partition_all(2, seq))
for text in ("1,3,5-8", "10-11,15"):
    parse_int_list(text)
