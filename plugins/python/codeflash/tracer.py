# SPDX-License-Identifier: Apache-2.0
"""Recording a section of a running program.

    from codeflash.tracer import Tracer

    with Tracer(output="codeflash.trace"):
        model.predict()

leaves a trace of what the project's functions did meanwhile, and replay tests to optimize it by.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType, TracebackType
from typing import Any, List, Optional, Set, Type, Union

__all__ = ["Tracer"]

_said: Set[str] = set()


class Tracer:
    """Records the functions of the project that run, in any thread, while its block does.

    output             the trace; an older one there is replaced
    disable            True: record nothing
    max_function_count how many calls to keep of each function
    timeout            seconds after which recording stops; the program goes on
    config_file_path   the pyproject.toml that holds [tool.codeflash]; by default that of the project
                       in which the block is

    It can be entered again. Whatever goes wrong with it is said in one line on standard error; the
    block runs all the same, and what it raises is what it would have raised.
    """

    def __init__(
        self,
        output: Union[str, "os.PathLike[str]"] = "codeflash.trace",
        disable: bool = False,
        max_function_count: int = 100,
        timeout: Optional[float] = None,
        config_file_path: Optional[Union[str, "os.PathLike[str]"]] = None,
    ) -> None:
        self.output = output
        self.disable = disable
        self.max_function_count = max_function_count
        self.timeout = timeout
        self.config_file_path = config_file_path
        self._entered: List[Any] = []  # a section, or None, for each time it was entered

    def __enter__(self) -> Tracer:
        section = None
        if not self.disable and not _is_replay():
            try:
                section = _sections().begin(self, _file_of_block(), _say)
            except Exception as error:
                _say("not recorded: %s" % (str(error) or type(error).__name__), again=False)
        self._entered.append(section)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        section = self._entered.pop()
        if section is not None:
            section.close()


def _file_of_block() -> Optional[str]:
    """The file of the code that entered, contextlib and its like apart."""
    frame: Any = sys._getframe(2)
    library = os.path.dirname(os.__file__)
    while frame is not None and os.path.dirname(frame.f_code.co_filename) == library:
        frame = frame.f_back
    return frame and frame.f_globals.get("__file__")


def _is_replay() -> bool:
    """Whether codeflash runs this code, to check or to time it: there is nothing to record then."""
    if "CODEFLASH_WHOLE_PROGRAM" in os.environ or "codeflash.replay" in sys.modules:
        return True
    try:
        with open("/proc/self/cmdline", "rb") as f:
            return b"/codeflash/worker.py\0" in f.read()
    except OSError:
        return False


def _sections() -> ModuleType:
    """The part that does it, by a name of its own: recorded inputs refer to it."""
    from . import package

    return package.load("section")


def _say(text: str, again: bool = True) -> None:
    """One line on stderr; unless again, not the same one twice."""
    line = "codeflash: %s\n" % " ".join(text.split())
    if (again or line not in _said) and sys.stderr is not None:
        _said.add(line)
        try:
            sys.stderr.write(line)
        except Exception:
            pass  # nobody is left to tell
