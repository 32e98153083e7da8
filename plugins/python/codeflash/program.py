# SPDX-License-Identifier: Apache-2.0
"""Running the user's program in this process as the interpreter itself would have.

What it sees is what it would have seen: sys.argv, sys.path, __main__ and its attributes, tracebacks
without us, the exit status, the signal it dies of. What only the interpreter can run, or would not
have run at all, is left to it: it is started again in our place.
"""

from __future__ import annotations

import os
import sys
from posix import execve  # os.execve will be followed

from . import _recorder, importer, recording


_exec = exec  # Python's own: recording puts another one there


def _ours(code) -> bool:
    return os.path.dirname(code.co_filename) == recording.HERE


def _leave_out_of_traceback() -> None:
    """The exception on its way out will be shown without the frames that are ours."""
    before = sys.excepthook

    def show(kind, value, traceback):
        sys.excepthook = before
        while traceback is not None and _ours(traceback.tb_frame.f_code):
            traceback = traceback.tb_next
        sys.last_traceback = traceback
        before(kind, value.with_traceback(traceback), traceback)

    sys.excepthook = show


def _as_before(arguments: list) -> None:
    """The interpreter with its own flags and the program, without us."""
    flags = _flags(len(arguments))
    env = dict(recording.first_environment(), **{recording.PLAIN: b"1"})
    execve(sys.executable, [sys.executable] + flags + arguments, env)


def _flags(n: int) -> list:
    """The interpreter's flags, from the command line less its last n words and the launcher."""
    words = recording.command_line()
    return words[1:len(words) - n - 1]


def _hide_launcher(arguments: list) -> None:
    if hasattr(sys, "orig_argv"):
        del sys.orig_argv[len(sys.orig_argv) - len(arguments) - 1]
    sys.argv[:] = arguments


def _main_names() -> dict:
    """__main__'s names as they are before anything has run."""
    names = sys.modules["__main__"].__dict__
    for name in list(names):
        if name not in ("__name__", "__doc__", "__package__", "__loader__", "__spec__",
                        "__annotations__", "__builtins__", "__file__", "__cached__"):
            del names[name]
    names["__doc__"] = None
    return names


def _run_code(code, names: dict) -> None:
    try:
        _recorder.alone(_exec, (code, names))
    except SystemExit:
        raise
    except BaseException:
        _leave_out_of_traceback()
        raise


def _run_module(name: str, alter_argv: bool) -> None:
    import runpy

    names = _main_names()
    names["__loader__"] = names["__spec__"] = None
    names.pop("__file__", None)
    names.pop("__cached__", None)
    try:
        _recorder.alone(runpy._run_module_as_main, (name, alter_argv))  # type: ignore[attr-defined]
    except SystemExit:
        raise
    except BaseException:
        _leave_out_of_traceback()
        raise


def _module(made, arguments: list, safe: bool) -> None:
    _hide_launcher(arguments)
    name = arguments[1]
    del sys.argv[1]
    if not safe:
        sys.path.insert(0, os.getcwd())
    made.main_modules = {name, name + ".__main__"}
    _run_module(name, True)


def _command(arguments: list, safe: bool) -> None:
    text = arguments[1]
    try:
        code = compile(text, "<string>", "exec", dont_inherit=True)
    except Exception:
        _as_before(arguments)
    _hide_launcher(arguments)
    del sys.argv[1]
    if not safe:
        sys.path.insert(0, "")
    if sys.version_info >= (3, 13):
        import linecache

        # as the interpreter does, so that tracebacks show the lines
        linecache._register_code("<string>", text, "<string>")  # type: ignore[attr-defined]
    from _frozen_importlib import BuiltinImporter

    names = _main_names()
    names["__loader__"] = BuiltinImporter
    names.pop("__file__", None)
    names.pop("__cached__", None)
    _run_code(code, names)


def _script(made, arguments: list, safe: bool) -> None:
    from _frozen_importlib_external import SourceFileLoader

    path = arguments[0]
    full = path
    if sys.version_info >= (3, 9):
        full = os.path.join(os.getcwd(), path)
    if os.path.isdir(path) or _is_archive(path):
        _hide_launcher(arguments)
        sys.path.insert(0, full)
        made.main_modules = {"__main__"}
        _run_module("__main__", False)
        return
    try:
        with open(path, "rb") as f:
            source = f.read()
        code = made.instrument(source, full, importer.stem(path), True) if made.wants(full) else None
        if code is None:
            code = compile(source, full, "exec", dont_inherit=True)
    except Exception:
        _as_before(arguments)
    _hide_launcher(arguments)
    if not safe:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    names = _main_names()
    names["__file__"] = full
    names["__loader__"] = SourceFileLoader("__main__", full)
    names["__spec__"] = names["__cached__"] = None
    _run_code(code, names)


def _is_archive(path: str) -> bool:
    """Whether an importer would run it (a zip file with a __main__)."""
    for hook in sys.path_hooks:
        try:
            return hook(path) is not None
        except ImportError:
            pass
        except Exception:
            return False
    return False


def run(safe: bool) -> None:
    """Runs what launch.py was given. safe: sys.path has no entry of the program's own."""
    arguments = sys.argv[1:]
    try:
        made = recording.start()
    except Exception as error:
        if recording.CHILD not in os.environ:
            sys.stderr.write("codeflash: cannot record: %s\n" % error)
        _as_before(arguments)
    if arguments[0] == "-m":
        _module(made, arguments, safe)
    elif arguments[0] == "-c":
        _command(arguments, safe)
    else:
        _script(made, arguments, safe)
