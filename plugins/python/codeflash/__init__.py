# SPDX-License-Identifier: Apache-2.0
"""codeflash inside Python programs: recording, replaying, timing, and comparing values.

    compare(original, candidate)   the first difference between two values, None where they are equal
    dump(value, file)              writes a value for cf-verify --values

codeflash.tracer records a section of a program.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing would cost programs that are recorded
if TYPE_CHECKING:
    import os
    from typing import IO, Optional, Sequence, Union

    from .values import Difference


def compare(original: object, candidate: object, float_rel: float = 1e-9,
            ignore: Sequence[str] = ()) -> Optional[Difference]:
    """The first difference between two values, with its path, original, candidate and reason; None
    where they are equal: by the rules of cf-value(5), which cf-verify judges rewrites by.

        >>> codeflash.compare([1, {"price": 1.0}], [1, {"price": 1.1}])
        <Difference value[1]['price']: 1.0 != 1.1>

    float_rel  the relative difference up to which floats are equal
    ignore     paths that are not compared, as a difference gives them

    What cannot be looked into, such as a socket, is never equal: the difference then has a reason that
    says so. Iterators and generators are compared by what they yield, and used up. It takes the
    program cf-verify: FileNotFoundError where that is not to be found. ValueError: too large.
    """
    from . import values

    return values.compare(original, candidate, float_rel, ignore)


def dump(value: object, file: Union[str, os.PathLike[str], IO[bytes]]) -> None:
    """Writes a value, encoded as cf-value(5) says, to a file: a path, or what bytes can be written to.
    The program cf-verify compares two of them: cf-verify --values A B."""
    from . import values

    values.dump(value, file)
