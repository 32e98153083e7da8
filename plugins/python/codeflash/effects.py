# SPDX-License-Identifier: Apache-2.0
"""What a call did beside returning: part of its outcome where it did anything.

Variables of the program are state.py's, files are files.py's. Here are log records, warnings, the
environment, and what else of the process code that runs later would find changed.
"""

from __future__ import annotations

import _signal
import gc
import os
import sys
from types import BuiltinMethodType, CodeType, FrameType, MethodType, ModuleType
from typing import Any, Callable, Dict, List, Tuple

from . import encode, state

RECORDS_MAX = 10000  # of one call
_SIGNALS = [n for n in (getattr(_signal, name, None) for name in (
    "SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGPIPE")) if n is not None]
_GRACE = 0.05  # seconds that a thread may take to end after the call


class Effects:
    """Of one function's calls, one after another: begin(), the call, end()."""

    def __init__(self, variables: state.Globals, in_project: Callable[[str], bool]) -> None:
        self.variables = variables
        self.logs = _Logs(in_project)
        self.warnings = Warnings.of(in_project)
        self.environ: Dict[Any, Any] = {}
        self.process: Dict[str, Any] = {}
        self.fresh: tuple = ()
        self.begun = False

    def begin(self, seed: Callable[[], None]) -> None:
        """Right before a call. seed() sets the random generators."""
        seed()
        self.fresh = _next_random()
        if self.fresh:
            seed()
        self.variables.remember()
        self.environ = _environ()
        self.process = _process()
        self.begun = True
        self.warnings.begin()
        self.logs.begin()

    def stop(self) -> None:
        """The call is over, whatever became of it."""
        if self.begun:
            self.begun = False
            self.logs.end()
            self.warnings.active = False

    def end(self) -> List[Tuple[str, Any]]:
        """[(root, value)] of what the call did; nothing where it was not begun."""
        if not self.begun:
            return []
        self.stop()
        left = {name: v for name, v in _process().items() if v != self.process.get(name, v)}
        if "threads" in left:
            left["threads"] = _threads_left(self.process["threads"])
            if not left["threads"]:
                del left["threads"]
        drawn = _next_random()
        if drawn != self.fresh and len(drawn) == len(self.fresh) and (
                self.variables.used_elsewhere(_draws)):
            left["random"] = drawn
        roots = [
            ("globals", self.variables.changed()), ("logs", self.logs.records),
            ("warnings", self.warnings.said), ("environ", _changes(self.environ, _environ())),
            ("process", left)]
        return [(name, v) for name, v in roots if v]


# The process. -----------------------------------------------------------------------------------


def _environ() -> Dict[Any, Any]:
    return dict(getattr(os.environ, "_data", os.environ))


def _changes(before: Dict[Any, Any], now: Dict[Any, Any]) -> Dict[str, Any]:
    """{name: value} of the variables that differ, None for what is gone."""
    if before == now:
        return {}
    names = [n for n in list(before) + [n for n in now if n not in before]
             if before.get(n) != now.get(n)]
    return {os.fsdecode(n): None if now.get(n) is None else os.fsdecode(now[n])
            for n in sorted(names)}


def _process() -> Dict[str, Any]:
    """What code that runs later in the process depends on."""
    found: Dict[str, Any] = {
        "cwd": _cwd(),
        "sys.path": tuple(sys.path),
        "signals": tuple(map(_signal.getsignal, _SIGNALS)),
        "recursion limit": sys.getrecursionlimit(),
        "collector": gc.isenabled(),
    }
    modules = sys.modules
    threading = modules.get("threading")
    if threading is not None:
        found["threads"] = threading.active_count()
    decimal = modules.get("decimal")
    if decimal is not None:
        c = decimal.getcontext()
        found["decimal"] = (c.prec, c.rounding, c.Emin, c.Emax, c.capitals, c.clamp,
                            tuple(c.traps.values()))
    if "locale" in modules:
        locale = modules["_locale"]
        found["locale"] = locale.setlocale(locale.LC_ALL)
    numpy = modules.get("numpy")
    if numpy is not None and hasattr(numpy, "geterr"):
        found["numpy.geterr"] = numpy.geterr()
    return found


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""


def _threads_left(before: int) -> int:
    """How many more threads there are than before, those apart that are just ending."""
    threading = sys.modules["threading"]
    for thread in threading.enumerate()[before:]:
        if thread is not threading.current_thread():
            thread.join(_GRACE)
    return max(0, threading.active_count() - before)


# Random numbers. --------------------------------------------------------------------------------


def _next_random() -> tuple:
    """The next number of each generator that the program has loaded: it says where they are."""
    found = []
    random = sys.modules.get("random")
    if random is not None and hasattr(random, "_inst"):
        found += [random._inst.getrandbits(64), random._inst.gauss_next]
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        found.append(numpy.bytes(8))
    return tuple(found)


def _draws(code: CodeType, names: dict) -> bool:
    """Whether the code may draw from the generators that all share."""
    random = sys.modules.get("random")
    numpy = sys.modules.get("numpy")
    for name in code.co_names:
        v = names.get(name)
        bound = type(v) in (MethodType, BuiltinMethodType) and v.__self__
        if random is not None and (v is random or bound is random._inst):
            return True
        if numpy is not None and (v is numpy and "random" in code.co_names
                                  or v is sys.modules.get("numpy.random")):
            return True
    return False


# Log records. -----------------------------------------------------------------------------------


class _Logs:
    """Collects the records of the project's code, whatever their level: which of them the program
    shows is set up where it starts, which a replay may not run. Those of libraries count where the
    loggers' own levels let them through, and only such go on to handlers."""

    def __init__(self, in_project: Callable[[str], bool]) -> None:
        self.in_project = in_project
        self.records: List[Tuple[str, str, str]] = []
        self.logger: Any = None
        self.before: tuple = ()
        self.hooks: tuple = ()

    def begin(self) -> None:
        self.records = []
        logging = sys.modules.get("logging")
        self.logger = getattr(logging, "Logger", None)
        if self.logger is None:
            return
        enabled, handle = self.logger.isEnabledFor, self.logger.callHandlers
        self.before = enabled, handle
        file = logging.__file__

        def is_enabled(logger: Any, level: int) -> bool:
            return enabled(logger, level) or (
                logger.manager.disable < level and self._asked_by_project(sys._getframe(1), file))

        def call_handlers(logger: Any, record: Any) -> None:
            self._note(record)
            if enabled(logger, record.levelno):
                handle(logger, record)

        self.hooks = is_enabled, call_handlers
        self.logger.isEnabledFor, self.logger.callHandlers = self.hooks

    def end(self) -> None:
        if self.logger is not None:
            if (self.logger.isEnabledFor, self.logger.callHandlers) == self.hooks:
                self.logger.isEnabledFor, self.logger.callHandlers = self.before
            self.logger = None

    def _asked_by_project(self, frame: FrameType, file: str) -> bool:
        asking = _outside(frame, file)
        return asking is not None and self.in_project(asking.f_code.co_filename)

    def _note(self, record: Any) -> None:
        if len(self.records) >= RECORDS_MAX:
            if len(self.records) == RECORDS_MAX:
                self.records.append(("", "", "and more"))
            return
        try:
            said = str(record.getMessage())
        except Exception as error:  # as logging takes it: the program goes on
            said = "%s, which cannot be formatted: %s" % (record.msg, encode._words(error))
        if record.exc_info and record.exc_info[0] is not None:
            said += " (%s)" % encode.type_name(record.exc_info[0])
        self.records.append((str(record.levelname), str(record.name), said))


def _outside(frame: Any, file: str) -> Any:
    """The innermost frame that is not of that file's code."""
    while frame is not None and frame.f_code.co_filename == file:
        frame = frame.f_back
    return frame


# Warnings. --------------------------------------------------------------------------------------


HIDDEN = (  # by Python itself, unless it is told otherwise
    DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


class Warnings:
    """Collects the warnings that the filters let through, each once a call: what is shown of a second
    one, and where, is a matter of what was shown before. Of those that not the project's own code
    issues only the category counts: the words are the library's. What Python hides of its own accord,
    such as that something is deprecated, is shown by every test runner: the project's own count."""

    ONLY: List["Warnings"] = []

    def __init__(self) -> None:
        self.active = False
        self.in_project: Callable[[str], bool] = lambda path: False
        self.said: List[Tuple[str, str]] = []
        self.hidden: tuple = ()  # categories, unless the project's own code issues them

    @classmethod
    def of(cls, in_project: Callable[[str], bool]) -> "Warnings":
        """The process's one."""
        if not cls.ONLY:
            cls.ONLY.append(cls())
        cls.ONLY[0].in_project = in_project
        return cls.ONLY[0]

    @classmethod
    def install(cls, warnings: ModuleType) -> None:
        """Into the user's own module, before the user's code: nothing is shown any more."""
        one = cls.of(lambda path: False)
        filters = warnings.filters  # type: ignore[attr-defined]
        by_itself = [f for f in filters if f[0] == "ignore" and f[1] is f[3] is None and (
            f[2] in HIDDEN)]
        one.hidden = tuple(f[2] for f in by_itself)
        filters[:] = [f for f in filters if f not in by_itself]
        warnings.simplefilter("always", append=True)  # type: ignore[attr-defined]
        warnings.showwarning = one.note  # type: ignore[attr-defined]

    def begin(self) -> None:
        self.said = []
        self.active = True

    def note(self, message: Any, category: Any, filename: str, lineno: int, file: Any = None,
             line: Any = None) -> None:
        """In the place of warnings.showwarning."""
        if not self.active or len(self.said) >= RECORDS_MAX:
            return
        own = self._own_words()
        if encode.DERIVED and not own and category is RuntimeWarning:
            return  # of numbers: one for each, one for an array, or none where a library expects it
        if not own and issubclass(category, self.hidden):
            return
        said = encode.type_name(category), str(message) if own else ""
        if said not in self.said:
            self.said.append(said)

    def _own_words(self) -> bool:
        showing = sys._getframe(2)  # of the module warnings
        frame = _outside(showing, showing.f_code.co_filename)
        if frame is None or not self.in_project(frame.f_code.co_filename):
            return False
        code = frame.f_code
        return any("warn" in name for name in code.co_names + code.co_freevars + code.co_varnames)
