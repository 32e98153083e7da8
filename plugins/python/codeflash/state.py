# SPDX-License-Identifier: Apache-2.0
"""What a call did to its module's global variables: part of its outcome, as what it returned is.

Looked at are the variables that the function, and the module's own functions that it names, refer to,
as far as they hold data. What a candidate adds to the module is its own affair.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from types import CodeType, FunctionType, ModuleType
from typing import Any, Dict, Iterable, List, Optional, Set

from . import encode

_LIMITS = (5000, 1 << 20)  # nodes and bytes of one variable: a larger one is not looked at
_DATA = {list, dict, set, bytearray, deque, defaultdict, OrderedDict, Counter, int, float, complex, str,
         bytes, bool, type(None), tuple, frozenset}


class Globals:
    """The data variables of a module that a function can get at by name."""

    def __init__(self, module: ModuleType, function: object, added: Iterable[str]) -> None:
        """added: names that are not the original's."""
        self.scope = vars(module)
        self.name = module.__name__
        code = getattr(function, "__code__", None)
        self.names = sorted(_reached(code, self.scope) - set(added)) if code is not None else []
        self.before: Dict[str, bytes] = {}

    def remember(self) -> None:
        """Before a call."""
        self.before = {}
        for name in list(self.names):
            value = self.scope.get(name, self)
            if value is self or not self._is_data(value):
                continue
            encoded = _encoded(value)
            if encoded is None:
                self.names.remove(name)
            else:
                self.before[name] = encoded

    def changed(self) -> Dict[str, Any]:
        """{name: value} of those that are not what they were."""
        now = {}
        for name, encoded in self.before.items():
            value = self.scope.get(name)
            if _encoded(value) != encoded:
                now[name] = value
        return now

    def _is_data(self, value: object) -> bool:
        # an object of one of the module's own classes has state that counts
        return type(value) in _DATA or type(value).__module__ == self.name


def _encoded(value: object) -> Optional[bytes]:
    try:
        return encode.value(value, _LIMITS)
    except Exception:
        return None


def _reached(code: CodeType, scope: dict) -> Set[str]:
    """Names of the module's variables in the code and in what it calls of the module."""
    names: Set[str] = set()
    queue: List[CodeType] = [code]
    seen = set()
    for c in queue:
        if c in seen:
            continue
        seen.add(c)
        queue += [k for k in c.co_consts if isinstance(k, CodeType)]
        for name in c.co_names:
            value = scope.get(name)
            if isinstance(value, FunctionType) and value.__globals__ is scope:
                queue.append(value.__code__)
            elif name in scope and not isinstance(value, (type, ModuleType, FunctionType)):
                names.add(name)
    return names
