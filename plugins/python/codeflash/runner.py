# SPDX-License-Identifier: Apache-2.0
"""One recorded call done again: inputs restored, function called, outcome encoded.

What the worker's `run` and the replay tests share, so that both see the same outcome.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import sys
from opcode import opmap
from operator import index
from types import GeneratorType
from typing import Callable, Iterable, List, Optional

from . import blob, effects, encode, files, guard, load, show, state

STDOUT_MAX = 1 << 20
_RAISE = opmap["RAISE_VARARGS"]
_LIMITS = (MemoryError, RecursionError, OverflowError)


class CallTimeout(BaseException):
    """The call took longer than it may."""


class Stream:
    """What is written to fd 1 and sys.stdout, or to 2 and sys.stderr, kept aside in memory."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = ("", "stdout", "stderr")[number]
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create(self.name)
        else:
            import tempfile

            self.fd = os.dup(tempfile.TemporaryFile().fileno())
        fcntl.fcntl(self.fd, fcntl.F_SETFL, fcntl.fcntl(self.fd, fcntl.F_GETFL) | os.O_APPEND)
        self.stream = None
        self.before: tuple = ()

    def install(self) -> None:
        before = [getattr(sys, name) for name in (self.name, "__%s__" % self.name)]
        for stream in set(before) - {None}:
            try:
                stream.flush()
            except Exception:
                pass
        self.before = (os.dup(self.number), *before)
        os.dup2(self.fd, self.number)
        self.renew()

    def renew(self) -> None:
        errors = "surrogateescape" if self.number == 1 else "backslashreplace"
        self.stream = open(self.number, "w", encoding="utf-8", errors=errors, closefd=False)
        self.put(self.stream, self.stream)

    def put(self, stream: object, original: object) -> None:
        setattr(sys, self.name, stream)
        setattr(sys, "__%s__" % self.name, original)

    def remove(self) -> None:
        self.take()
        os.dup2(self.before[0], self.number)
        os.close(self.before[0])
        os.close(self.fd)
        self.put(*self.before[1:])

    def take(self) -> str:
        """What was written since the last time."""
        try:
            self.stream.flush()
        except Exception:
            pass
        if getattr(sys, self.name) is not self.stream or self.stream.closed:
            self.renew()
        size = os.fstat(self.fd).st_size
        if not size:
            return ""
        data = os.pread(self.fd, STDOUT_MAX, 0)
        if size > STDOUT_MAX:
            h = hashlib.sha256()
            for at in range(STDOUT_MAX, size, STDOUT_MAX):
                h.update(os.pread(self.fd, STDOUT_MAX, at))
            data += b"\n... %d more bytes, sha256 %s" % (
                size - STDOUT_MAX, h.hexdigest().encode())
        os.ftruncate(self.fd, 0)
        text = data.decode("utf-8", "backslashreplace")
        return _TRACEBACK.sub(r"\1", text) if self.number == 2 else text


# where in a file what is on the stack stands is no part of what a program says
_TRACEBACK = re.compile(r"^(( *)Traceback \(most recent call last\):\n)(?:\2 +.*\n)+", re.M)


class Output:
    """Standard output and standard error, kept aside."""

    def __init__(self) -> None:
        self.streams = Stream(1), Stream(2)

    def install(self) -> None:
        for stream in self.streams:
            stream.install()

    def remove(self) -> None:
        for stream in self.streams:
            stream.remove()

    def drop(self) -> None:
        """What was written until now is nobody's."""
        for stream in self.streams:
            stream.take()

    def takers(self) -> list:
        """[(root, function that takes what was written)]."""
        return [(stream.name, stream.take) for stream in self.streams]


class Runner:
    """Runs calls of one function, one after another."""

    def __init__(self, request: dict, target: load.Target, output: Output,
                 watch: guard.Guard) -> None:
        self.target = target
        self.output = output
        self.guard = watch
        self.files = watch.files = files.Files(request["project_root"])
        self.kind = request.get("kind") or ""
        self.seed = int(request.get("seed") or 0)
        self.timeout = float(request.get("call_timeout_s") or 0)
        self.cwd = os.getcwd()
        self.own = os.path.join(request["project_root"], request["file"])
        self.root = os.path.normpath(
            os.path.join(request["project_root"], request.get("module_root") or "")) + os.sep
        self.pid = os.getpid()
        self.where: dict = {}
        self.main = request["module"] if request.get("main") else request.get("main_module")
        self.program = ""  # the script of that module, where it is not loaded yet
        if not request.get("main") and self.main and request.get("main_file"):
            self.program = os.path.join(request["project_root"], request["main_file"])
        elif not self.main and request.get("command"):
            # the program lies outside of what was recorded, but its classes may have come in
            self.program, self.main = load.program_of(request["command"], self.cwd)
        encode.MAIN = self.main
        encode.TARGET = getattr(target.function, "__code__", None)
        self.again = bool(request.get("again"))
        self.left: List[Callable[[], object]] = []  # what ends the generators that are left standing
        self.at_limit = False  # the last call ended where the machine does, not where the code does
        variables = state.Globals(
            target.module, target.function, request.get("new_names") or (), self.in_project)
        self.effects = effects.Effects(variables, self.in_project)

    def run(self, call: int, make: Callable[[], blob.Call]) -> tuple:
        """(the inputs to read, the encoded outcome); the outcome is None when time ran out. make gives
        inputs, anew each time."""
        shown = ""
        outcome = None
        watch = self.guard
        self.files.before.clear()
        watch.enter()
        try:
            with load.time_limit(self.timeout, CallTimeout):
                try:
                    args, kwargs, through = make()
                except CallTimeout:
                    raise
                except BaseException as error:
                    outcome = encode.skipped(not_restored(error))
                else:
                    shown = show.call(self.target.name, self.target.receiver, self.kind, args, kwargs)
                    outcome = self.judge(call, self.target.of(through), args, kwargs,
                                         make if self.again else None)
        except CallTimeout:
            outcome = None
        except BaseException as error:
            outcome = encode.skipped("its outcome cannot be read: %s" % load._one_line(error))
        finally:
            reason = watch.leave()
            self.effects.stop()
            if os.getpid() != self.pid:  # the call forked, and this is the child
                os._exit(0)
            os.chdir(self.cwd)
            self.output.drop()
        if reason:
            outcome = encode.skipped(reason)
        return shown, outcome

    def restore(self, data: bytes, codec: str) -> blob.Call:
        """The inputs anew. Where they name classes of the program, its script is loaded first."""
        if self.program and b"__main__" in data:
            file, self.program = self.program, ""
            load.open_module(file, self.main, True)
        return blob.load_call(data, codec, self.main)

    def judge(self, call: int, invoke: Callable, args: tuple, kwargs: dict,
              again: Optional[Callable[[], blob.Call]] = None) -> bytes:
        self.at_limit = False
        self.output.drop()  # of restoring
        self.guard.active = False
        self.effects.begin(lambda: self.reseed(call))
        self.guard.active = True
        roots = []
        parts = []
        try:
            result = invoke(args, kwargs)
            if again is not None and _steps(result) is not None:
                parts = [self.ended, self.begun]
            result = load.realise(result)
        except CallTimeout:
            raise
        except BaseException as error:
            raised = error
        else:
            raised = None
            if type(result) is encode.Drained and result.error is not None:
                raised, result.error = result.error, None
                roots.append(("yielded", result))
            else:
                roots.append(("return", result))
        more = [] if again is None else [
            lambda do=do: do(call, invoke, again) for do in [self.once_more] + parts]
        try:
            return self.outcome(raised, roots, args, kwargs, more)
        finally:
            self.leave()

    def outcome(self, raised: Optional[BaseException], roots: list, args: tuple,
                kwargs: dict, more: Iterable[Callable[[], tuple]] = ()) -> bytes:
        """The encoded outcome of a call that raised this, or returned what is in roots. more: each
        calls it again and gives a root of that."""
        target = self.target
        by = ""
        if raised is not None:
            why = self.void(raised)
            if why:
                return encode.skipped(why)
            by = self.raised_by(raised)
            self.at_limit = by == "runtime" and isinstance(raised, _LIMITS)
            raised.__traceback__ = None
            roots.insert(0, ("raise", raised))
        if target.receiver and args:
            roots.append(("self", args[0]))
            args = args[1:]
        roots.append(("args", args))
        if kwargs:
            roots.append(("kwargs", kwargs))
        if target.through:
            roots.append(("decorators", target.through))
        if load.LEFT_OUT.get(self.own):
            roots.append(("left_out", "\n".join(load.LEFT_OUT[self.own])))
        self.guard.active = False
        written, done = self.files.changed(), self.effects.end()
        self.guard.active = True
        if written:
            roots.append(("files", written))
        roots += done
        roots += [do() for do in more]
        try:
            return encode.outcome("raise" if by else "return", roots, by, self.output.takers())
        except MemoryError:
            return encode.skipped("too large")

    def once_more(self, call: int, invoke: Callable, make: Callable[[], blob.Call]) -> tuple:
        """The root for a second call on the same inputs made anew: what the first one kept shows in
        its answer, or as one object that both gave out. Chance is another: that is not to be kept."""
        args, kwargs, _ = make()
        self.reseed(call + _NEXT)
        try:
            return ("again", load.realise(invoke(args, kwargs)))
        except CallTimeout:
            raise
        except BaseException as error:
            error.__traceback__ = None
            return ("again", error)

    def reseed(self, call: int) -> None:
        seed(self.seed + call)
        CHANCE.restart(self.seed + call)

    def first_step(self, call: int, invoke: Callable, make: Callable[[], blob.Call],
                   end: bool) -> list:
        """[what a generator yields first, or a context gives, its inputs then, what the call did so
        far] of one more call; with end it is ended there, and what that raises or gives comes next."""
        args, kwargs, _ = make()
        self.guard.active = False
        self.effects.begin(lambda: self.reseed(call))
        self.guard.active = True
        found: list = []
        try:
            made = invoke(args, kwargs)
            enter, close = _steps(made) or (None, None)
            if enter is not None:
                found.append(enter())
                if end:
                    found.append(close(True))
                else:
                    self.left.append(lambda: close(False))
        except CallTimeout:
            raise
        except BaseException as error:
            found.append(encode.type_name(type(error)))  # the rest of it is in the whole run's answer
        self.guard.active = False
        done = self.effects.end()
        self.guard.active = True
        return found + [args, kwargs, done]

    def begun(self, call: int, invoke: Callable, make: Callable[[], blob.Call]) -> tuple:
        """The root for a generator that is left standing where it yields first: how much of its inputs
        it has read for that, and what is so while a context lasts."""
        return "begun", self.first_step(call, invoke, make, False)

    def ended(self, call: int, invoke: Callable, make: Callable[[], blob.Call]) -> tuple:
        """The root for a generator that is closed where it yields first, or for a context in which an
        error is raised."""
        return "ended", self.first_step(call, invoke, make, True)

    def leave(self) -> None:
        """Ends what was left standing."""
        while self.left:
            try:
                self.left.pop()()
            except CallTimeout:
                raise
            except BaseException:
                pass  # its error has been seen where it was ended

    def void(self, error: BaseException) -> str:
        """Why an error is not the function's own; "" when it is."""
        if isinstance(error, guard.Refused):
            return str(error)
        if not self.target.entered(error):
            return "its decorators did not let the recorded arguments through"
        return load.missing_name(error, self.target)

    def raised_by(self, error: BaseException) -> str:
        """"project" when a raise statement of the project's made it, else "runtime"."""
        tb = error.__traceback__
        if tb is None:
            return "runtime"
        while tb.tb_next is not None:
            tb = tb.tb_next
        code = tb.tb_frame.f_code
        if not self.in_project(code.co_filename):
            return "runtime"
        if isinstance(error, SystemExit) or code.co_code[tb.tb_lasti] == _RAISE:
            return "project"
        return "runtime"

    def in_project(self, path: str) -> bool:
        mine = self.where.get(path)
        if mine is None:
            inside = path[len(self.root):] if path.startswith(self.root) else ""
            mine = self.where[path] = path == self.own or (
                bool(inside) and "site-packages" not in inside and "dist-packages" not in inside)
        return mine


def _steps(made: object) -> Optional[tuple]:
    """How a generator, or a context made of one, is taken to where it first yields and ended there,
    as (step, step that is told whether an error does it); None for anything else."""
    if type(made) is GeneratorType:
        return made.__next__, lambda by_error: made.close()
    if load.is_context(made):
        def leave(by_error: bool) -> object:
            error = RuntimeError() if by_error else None
            return made.__exit__(type(error) if by_error else None, error, None)

        return made.__enter__, leave
    return None


def not_restored(error: BaseException) -> str:
    return "its inputs cannot be restored: %s" % load._one_line(error)


class Chance:
    """In the place of os.urandom: what a program takes from there, such as a uuid, is the same in every
    run of the call."""

    def __init__(self) -> None:
        self.n = self.taken = 0
        self.before: object = None

    def install(self) -> None:
        """Before the user's code is imported, which may take the function itself."""
        self.put(self.bytes)

    def remove(self) -> None:
        self.put(self.before)

    def put(self, function: object) -> None:
        theirs = sys.modules["os"]
        self.before = theirs.urandom
        random = sys.modules.get("random")
        for module, name in ((theirs, "urandom"), (random, "_urandom")):
            if hasattr(module, name):
                setattr(module, name, function)

    def restart(self, n: int) -> None:
        self.n, self.taken = n, 0

    def bytes(self, size: int) -> bytes:
        n = index(size)
        if n < 0:
            raise ValueError("negative argument not allowed")
        self.taken += 1
        return hashlib.shake_128(b"%d %d" % (self.n, self.taken)).digest(n)


CHANCE = Chance()
_NEXT = 1 << 20


def seed(n: int) -> None:
    """Of the random generators that the program has loaded."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed(n)
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed(n & 0xFFFFFFFF)
