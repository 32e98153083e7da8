# SPDX-License-Identifier: Apache-2.0
"""Recording a section of a program that runs already: tracer.py's other half.

The functions that there are get the code with probes that importing them through importer.py would
have given them, and at the end their own again. What is written is collected by cf-trace --collect,
a process of its own, which finishes the trace however this one ends.
"""

from __future__ import annotations

import _socket
import _thread
import atexit
import gc
import json
import os
import subprocess
import sys
import warnings
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Dict, Iterator, List, NoReturn, Optional, Tuple

from . import _recorder, importer, recording, tools, verbs

_HOLDERS = (FunctionType, MethodType, CellType, staticmethod, classmethod, property)


class Refused(Exception):
    """Nothing is recorded, for this reason; "": it has been told."""


# Codes. -------------------------------------------------------------------------------------------


def _pairs(plain: CodeType, linked: CodeType) -> Iterator[Tuple[CodeType, CodeType]]:
    """Each code of a file as its source has it, with the one that has probes."""
    stack = [(plain, linked)]
    while stack:
        pair = stack.pop()
        yield pair
        parts: Dict[Tuple[str, int], Tuple[List[CodeType], List[CodeType]]] = {}
        for side, code in enumerate(pair):
            for c in code.co_consts:
                if type(c) is CodeType:
                    parts.setdefault((c.co_name, c.co_firstlineno), ([], []))[side].append(c)
        for left, right in parts.values():
            # equal lambdas of one line are one without probes: then nobody knows which is which
            if len(left) == len(right):
                stack.extend(zip(left, right))


class _File:
    """A source file's codes, found by each other."""

    def __init__(self, source: bytes, path: str, linked: CodeType) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.plain = compile(source, path, "exec", dont_inherit=True)
        self.linked = linked
        self.forward: Dict[CodeType, CodeType] = {}
        for plain, code in _pairs(self.plain, linked):
            self.forward[plain] = code
            _back[id(code)] = plain


_files: Dict[tuple, _File] = {}  # kept: probes are, and a file used again has them already
_back: Dict[int, CodeType] = {}  # by id of a code with probes: the function's own


class _Live(importer.Importer):
    """One that can take the probes out again."""

    def instrument(self, source: bytes, path: str, module: str, main: bool = False):
        file = self.file(source, path, module, main)
        return file and file.linked

    def file(self, source: bytes, path: str, module: str, main: bool) -> Optional[_File]:
        key = path, module, main, importer.sha256(source).digest()
        if key not in _files:
            linked = super().instrument(source, path, module, main)
            if linked is None:
                return None
            _files[key] = _File(source, path, linked)
        return _files[key]

    def loaded(self, name: str, names: dict) -> Optional[_File]:
        """The file of a module that was imported without us, if it is the project's."""
        path = names.get("__file__")
        if not isinstance(path, str) or not path.endswith(".py") or not self.wants(path):
            return None
        if os.path.dirname(os.path.realpath(path)) == os.path.realpath(recording.HERE):
            return None
        try:
            with open(path, "rb") as f:
                source = f.read()
        except OSError as error:
            self.recorder.loss("%s runs without probes: %s" % (path, error.strerror))
            return None
        main = name in ("__main__", "__mp_main__")
        if main:
            spec = names.get("__spec__")
            name = importer.stem(path) if spec is None or spec.name == "__mp_main__" else spec.name
        return self.file(source, path, name, main)

    def mark(self) -> None:
        """Gives the functions of the loaded modules their probes."""
        files = {}
        for name, names in _modules():
            if id(names) not in files:
                file = self.loaded(name, names)
                if file is not None:
                    files[id(names)] = file
        other = set()
        for function in _functions():
            file = files.get(id(function.__globals__))
            code = function.__code__
            if file is None or id(code) in _back:
                continue
            try:
                linked = file.forward.get(code)
            except TypeError:  # made by hand: a constant in it has no hash
                linked = None
            if linked is not None:
                _back[id(linked)] = code
                function.__code__ = linked
                if self.arms and linked.co_flags & importer.MAKES:
                    self.arm(function)
            elif code.co_filename == file.plain.co_filename:
                other.add(code.co_filename)
        for path in sorted(other):
            self.recorder.loss("%s: not all functions have probes: some are not as the file says"
                               % os.path.basename(path))

    @staticmethod
    def arm(function: FunctionType) -> None:
        """What its innermost decorator would have done."""
        for c in function.__code__.co_consts:
            if callable(c):  # of constants only a probe is
                c(function)


def _modules() -> List[Tuple[str, dict]]:
    """The modules' names and variables. Some run code when they are asked for their __dict__."""
    ask = ModuleType.__dict__["__dict__"].__get__
    return [(name, ask(m)) for name, m in list(sys.modules.items()) if issubclass(type(m), ModuleType)]


def _functions() -> List[FunctionType]:
    """All functions there are."""
    found = [o for o in gc.get_objects() if type(o) is FunctionType]
    if gc.get_freeze_count():
        found += _frozen_functions()
    return found


def _frozen_functions() -> List[FunctionType]:
    """Those to be had from modules: what was there at gc.freeze() is in no list."""
    found = []
    seen = set()
    stack: List[Any] = [names for _, names in _modules()]
    while stack:
        holder = stack.pop()
        inside = not isinstance(holder, dict)
        for o in gc.get_referents(holder):
            if id(o) not in seen and (
                    type(o) in _HOLDERS or isinstance(o, type) or inside and type(o) in (dict, tuple)):
                seen.add(id(o))
                stack.append(o)
                if type(o) is FunctionType:
                    found.append(o)
    return found


def _unmark() -> None:
    for function in _functions():
        code = _back.get(id(function.__code__))
        if code is not None:
            function.__code__ = code
            if code.co_flags & importer.MAKES:
                _recorder.disarm(function)


# cf-trace. ----------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Text that JSON can hold."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _project(config: Optional[str], file: Optional[str]) -> Tuple[str, str, str]:
    """(root, module root, tests root) of the project; the last two relative."""
    cwd = os.getcwd()
    try:
        if config is not None:
            if not os.path.isfile(config):
                raise Refused("config_file_path %s: no such file" % config)
            root, name = os.path.split(os.path.realpath(config))
            return (root,) + verbs.roots(root, cwd, {}, name)
        start = os.path.realpath(cwd)
        if isinstance(file, str) and os.path.isfile(file):
            start = os.path.dirname(os.path.realpath(file))
        root = verbs.find_project(start)
        return (root,) + verbs.roots(root, cwd, {})
    except verbs.Refused as error:
        raise Refused(str(error)) from None


class _Collector:
    """cf-trace --collect, at the other end of a socket."""

    def __init__(self, output: str, quota: int, request: dict) -> None:
        tool = tools.find("cf-trace")
        if tool is None:
            raise Refused("there is no cf-trace beside this package or in PATH")
        self.socket, other = _socket.socketpair()
        self.socket.settimeout(None)
        self.inode = os.fstat(self.socket.fileno()).st_ino
        try:
            # out of reach of what is typed at the terminal
            started = subprocess.Popen(
                [tool, "--collect", "--quiet", "--output", output, "--max-function-count", str(quota)],
                stdin=other.fileno(), stdout=other.fileno(), start_new_session=True)
        finally:
            other.close()
        self.send(request)
        answer = self.line()
        started.wait()  # it went on in the background
        try:
            self.spool = json.loads(answer)["spool"]
        except ValueError:
            self.socket.close()
            # of its own troubles it has told
            raise Refused("" if started.returncode in (2, 4) else "cf-trace did not start") from None

    def send(self, message: dict) -> None:
        try:
            # without the signal, which the program may die of
            self.socket.sendall(json.dumps(message).encode() + b"\n", _socket.MSG_NOSIGNAL)
        except OSError:
            pass  # it has ended, as its answer will show

    def line(self) -> bytes:
        data = b""
        while not data.endswith(b"\n"):
            try:
                more = self.socket.recv(65536)
            except OSError:
                more = b""
            if not more:
                break
            data += more
        return data

    def is_open(self) -> bool:
        """Not where the program has closed the descriptor, and may have another by its number."""
        try:
            return os.fstat(self.socket.fileno()).st_ino == self.inode
        except OSError:
            return False

    def drop(self) -> None:
        if self.is_open():
            self.socket.close()
        else:
            self.socket.detach()


# The section. -------------------------------------------------------------------------------------


def _number(options: Any, name: str, least: int) -> float:
    value = getattr(options, name)
    try:
        if value >= least:
            return float(value)
    except (TypeError, ValueError):
        pass
    raise Refused("%s is %r" % (name, value))


class Section:
    """From begin() to close()."""

    def __init__(self, options: Any, file: Optional[str], say: Any) -> None:
        quota = int(_number(options, "max_function_count", 1))
        timeout = None if options.timeout is None else _number(options, "timeout", 0)
        config = options.config_file_path
        root, module_root, tests_root = _project(
            None if config is None else os.path.abspath(os.fspath(config)), file)
        self.say = say
        self.output = os.path.abspath(os.fspath(options.output))
        if self.output != _plain(self.output):
            raise Refused("the output's name is not UTF-8")
        self.pid = os.getpid()
        self.on = True
        self.told = False
        self.timeout: Optional[float] = None  # set when it has passed
        self.guard = _thread.RLock()
        self.over = _thread.allocate_lock()
        self.exit = os._exit
        self.collector = _Collector(self.output, quota, {
            "language": "python", "project_root": _plain(root), "module_root": _plain(module_root),
            "tests_root": _plain(tests_root), "runtime": _plain(sys.executable or "python3"),
            "runtime_version": "%d.%d.%d" % sys.version_info[:3],
            "command": [_plain(w) for w in [sys.executable or "python3"] + recording.command_line()[1:]],
        })
        try:
            hasher = recording.get_hasher()
            recording.open_spool(self.collector.spool, quota, 0, True, hasher)
            live = _Live(_recorder, os.path.join(root, module_root), os.path.join(root, tests_root), [],
                         importer.Cache(hasher), recording.follows_creation())
            recording.follow(live)
            self.uninstall = importer.install(live)
            self.unfollow = recording.follow_marshal()
            live.mark()
        except BaseException:
            self.collector.drop()
            self.over.acquire()
            self.stop()
            raise
        os._exit = self.leave
        atexit.register(self.close)
        self.over.acquire()
        if timeout is not None:
            _thread.start_new_thread(self.watch, (timeout,))
        _recorder.sample(True)

    def watch(self, timeout: float) -> None:
        """Ends the recording after that long, unless it is over by then."""
        if not self.over.acquire(True, min(timeout, _thread.TIMEOUT_MAX)):
            self.stop(timeout)

    def stop(self, timeout: Optional[float] = None) -> None:
        """Nothing is recorded any more, and all is as it was."""
        with self.guard:
            if not self.on:
                return
            self.on = False
            self.timeout = timeout
            if timeout is None:
                self.over.release()
            _recorder.stop()
            for undo in (getattr(self, "uninstall", None), getattr(self, "unfollow", None)):
                if undo is not None:
                    undo()
            if os._exit == self.leave:
                os._exit = self.exit
            _unmark()
            if os.getpid() == self.pid and self.collector.is_open():
                self.collector.send({"timed_out": timeout is not None})

    def close(self) -> None:
        """Stops, waits for the trace, and says what there is of it."""
        global _current
        try:
            self.stop()
            atexit.unregister(self.close)
            if os.getpid() == self.pid:
                self.tell()
        except Exception as error:
            self.say("%s: %s" % (_shown(self.output), str(error) or type(error).__name__))
        finally:
            _current = None

    def leave(self, status: int) -> NoReturn:
        """os._exit() for the time being."""
        if os.getpid() == self.pid:
            self.close()
        else:
            _recorder.stop()
        self.exit(status)

    def forked(self) -> None:
        """In the child: it has a spool of its own, the trace is the parent's affair."""
        self.guard = _thread.RLock()
        self.over = _thread.allocate_lock()
        self.over.acquire()
        self.collector.drop()

    def tell(self) -> None:
        with self.guard:
            if self.told:  # while another thread ends the program
                return
            self.told = True
        answer = self.collector.line() if self.collector.is_open() else b""
        self.collector.drop()
        try:
            trace = json.loads(answer)
        except ValueError:
            self.say("cf-trace did not live to finish %s, which is cut short or lost"
                     % _shown(self.output))
            return
        text = "%s: %s, %s kept" % (_shown(self.output), _counted(trace["calls"], "call"),
                                    _counted(trace["captured"], "input"))
        if self.timeout is not None:
            text += ", until the %g s were over" % self.timeout
        self.say("%s; %s" % (text, _next(self.output, trace)))


def _next(output: str, trace: dict) -> str:
    """Writes the replay tests; what to do with them."""
    if not trace["captured"]:
        return "nothing to optimize"
    tool = tools.find("cf-replaygen")
    if tool is None:
        return "next: cf-replaygen %s" % _shown(output)
    made = subprocess.run([tool, "--quiet", output], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in made.stdout.splitlines():
        record = json.loads(line)
        if record["schema"] == "cf/replay/1" and record["file"]:
            path = os.path.join(record["project_root"], record["file"])
            return "next: codeflash --replay-test %s" % _shown(path)
    words = made.stderr.decode("utf-8", "replace").strip().splitlines()
    return words[-1] if words else "no call of it can be replayed"


def _counted(n: int, what: str) -> str:
    return "%d %s%s" % (n, what, "" if n == 1 else "s")


def _shown(path: str) -> str:
    """A path as seen from here."""
    try:
        here = os.path.join(os.getcwd(), "")
    except OSError:  # removed
        return path
    return path[len(here):] if path.startswith(here) else path


_current: Optional[Section] = None
_starting = _thread.allocate_lock()
_hooked = False


def _forked() -> None:
    global _starting
    _starting = _thread.allocate_lock()
    _recorder.after_fork()
    if _current is not None:
        _current.forked()


def begin(options: Any, file: Optional[str], say: Any) -> Optional[Section]:
    """Starts to record. file: where the block is. None, and a word about it, when it cannot be."""
    global _current, _hooked
    if recording.whole:
        say("this program is being recorded as a whole: Tracer does nothing", again=False)
        return None
    free = _starting.acquire(False)  # a signal's handler may come upon it in this very thread
    try:
        if not free or _current is not None:
            say("another Tracer is recording: this one does nothing", again=False)
            return None
        if not _hooked:
            _hooked = True
            os.register_at_fork(
                before=_recorder.stop_sampling, after_in_parent=_recorder.resume_sampling,
                after_in_child=_forked)
        _current = Section(options, file, say)
    except Refused as error:
        if str(error):
            say("not recorded: %s" % error, again=False)
    finally:
        if free:
            _starting.release()
    return _current
