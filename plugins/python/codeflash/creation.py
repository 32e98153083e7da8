# SPDX-License-Identifier: Apache-2.0
"""Where the probe of a function that makes generators or coroutines goes: into their making.

The body's first statement runs when they are first resumed, if ever, and by then the arguments may be
others. From 3.11 on the call runs the code up to an instruction that makes the generator: the probe's
instructions are moved in front of that. Before, no instruction runs, and the function itself is armed
(recorder/creation.c); the probe stays in the code's constants, where it is found.
"""

from __future__ import annotations

import sys

AHEAD = sys.version_info >= (3, 11)
# NOP, LOAD_CONST, UNARY_NEGATIVE, POP_TOP, EXTENDED_ARG; the module opcode would come into every program
_OPCODES = {8: (9, 100, 11, 1, 144), 13: (30, 83, 42, 32, 71)}
_NO_LOCATION = 15  # in 3.11's line table: 1 0b1111 then three bits, the number of units less one


def opcodes(minor: int):
    return _OPCODES[13 if minor == 13 else 8] if 8 <= minor <= 13 else None


def _instructions(index: int) -> bytes:
    """-constant[index], as a statement."""
    nop, load, negative, pop, extended = opcodes(sys.version_info[1])
    more = bytes([extended, index >> 8]) if index > 255 else b""
    return more + bytes([load, index & 255, negative, 0, pop, 0])


def _numbers(table: bytes) -> list:
    """3.11's exception table: six bits a byte, the first of an entry marked by 128."""
    found: list = []
    more = False
    for b in table:
        if more:
            found[-1] = found[-1] << 6 | b & 63
        else:
            found.append(b & 63)
        more = bool(b & 64)
    return found


def _table(numbers: list) -> bytes:
    made = bytearray()
    for i, n in enumerate(numbers):
        at = len(made)
        digits = [n & 63]
        while n > 63:
            n >>= 6
            digits.append(n & 63)
        made += bytes([d | 64 for d in digits[:0:-1]] + digits[:1])
        if i % 4 == 0:
            made[at] |= 128
    return bytes(made)


def move(code, index: int):
    """The code with the probe that constant index will be moved to where it is made, or None: what
    the compiler made of the statement is not what is known."""
    what = _instructions(index) if index < 1 << 16 else b""
    body = code.co_code
    at = body.find(what) if what else 0
    while at % 2:
        at = body.find(what, at + 1)
    if not what or at < 0:
        return None
    nop = bytes([opcodes(sys.version_info[1])[0], 0])
    body = body[:at] + nop * (len(what) // 2) + body[at + len(what):]
    if not AHEAD:
        return code.replace(co_code=body)
    units = len(what) // 2
    # start, length, target and depth of each; the first and third are places
    table = [n + units * (i % 4 in (0, 2)) for i, n in enumerate(_numbers(code.co_exceptiontable))]
    return code.replace(
        co_code=what + body, co_exceptiontable=_table(table),
        co_linetable=bytes([128 | _NO_LOCATION << 3 | units - 1]) + code.co_linetable)
