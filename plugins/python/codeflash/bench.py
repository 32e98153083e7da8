# SPDX-License-Identifier: Apache-2.0
"""The `bench` verb's loop: times recorded calls, a round at a time, each in a forked child.

A round finds the module as it is after import, because the child is thrown away with everything the
code remembered. Within a round every input runs once a pass; the first of them has never seen the
input, and what the later ones gain is for cf-bench to judge. The passes are asked for one by one, so
that those of the original and the candidate alternate within milliseconds. Everything that is not the call (fresh
arguments, random state, collecting garbage, dropping results) happens outside the timed region.
"""

from __future__ import annotations

import binascii
import gc
import json
import mmap
import os
import select
import signal
import struct
import sys
import time
from _thread import _count as _count_threads
from collections import deque
from itertools import islice
from types import AsyncGeneratorType, CoroutineType, GeneratorType

from codeflash.encode import LAZY_MAX, Drained, type_name

TYPE_CHECKING = False  # as in typing, which takes longer to import than the rest of this
if TYPE_CHECKING:
    from typing import IO, Any, Callable, Dict, List, Optional, Tuple

    Call = Tuple[Callable[[tuple, dict], Any], tuple, dict]
    Make = Callable[[int], Call]  # a call with arguments of its own

try:
    import ctypes
except ImportError:  # an interpreter built without it
    ctypes = None  # type: ignore[assignment]

try:
    import resource
except ImportError:
    resource = None  # type: ignore[assignment]

# Taken before the code under test is loaded, which may put something else in their places.
_now = time.perf_counter_ns
_fork, _exit, _write, _waitpid = os.fork, os._exit, os.write, os.waitpid
_setitimer = signal.setitimer
_dumps, _loads = json.dumps, json.loads
now = _now

_LOOK_AT = 10000  # objects that a result is looked into for something lazy
_LOOK_AT_ARGUMENTS = 1000  # the same of arguments, before and after
_MADV_POPULATE_WRITE = 23
_PR_SET_CHILD_SUBREAPER = 36
_TOUCH_MAX = 128 << 20
_GARBAGE = 100000  # container objects that may pile up while the collector is off


# Lazy results. -----------------------------------------------------------------------------------


_PLAIN = {str, int, float, complex, bool, bytes, bytearray, type(None)}


def _is_lazy(cls: type) -> bool:
    if cls in (GeneratorType, CoroutineType, AsyncGeneratorType):
        return True
    step = getattr(cls, "__next__", None)
    # a class of the user's with a __next__ written in Python is an object, judged by its state
    return step is not None and not hasattr(step, "__code__") and not hasattr(cls, "readline")


def _contents(value: Any) -> Any:
    cls = type(value)
    if cls in (list, tuple, set, frozenset, deque):
        return value
    if cls is dict:
        return value.values()
    state = getattr(value, "__dict__", None)
    return state.values() if type(state) is dict else ()


def find_lazy(results: list, most: int = _LOOK_AT) -> list:
    """The generators, iterators and coroutines in the results: all that a container holds, in as many
    containers and objects as a bounded look goes into."""
    found: list = []
    seen = set()
    queue = list(results)
    for value in queue:
        cls = type(value)
        if cls in _PLAIN or id(value) in seen:
            continue
        seen.add(id(value))
        if _is_lazy(cls):
            found.append(value)
            continue
        inside = _contents(value)
        types = set(map(type, inside)) - _PLAIN
        lazy = {t for t in types if _is_lazy(t)}
        if len(queue) >= most:
            types = lazy  # no further down
        if types:
            queue.extend([v for v in inside if type(v) in types])
    return found


class _Loop:
    """An event loop for coroutines, made when the first one is met and never inside a timing."""

    def __init__(self) -> None:
        self.loop: Any = None

    def ready(self) -> None:
        if self.loop is None:
            import asyncio

            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)

    def drain(self, value: Any) -> Any:
        """What it yields, up to the encoder's bound."""
        if type(value) is CoroutineType:
            return self.loop.run_until_complete(value)
        if type(value) is AsyncGeneratorType:
            return self.loop.run_until_complete(_collect(value))
        return list(islice(value, LAZY_MAX))


async def _collect(generator: AsyncGeneratorType) -> list:
    items: list = []
    async for item in generator:
        items.append(item)
        if len(items) >= LAZY_MAX:
            break
    return items


class _Raised:
    """In the place of a result."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class Done:
    """What one execution came to."""

    __slots__ = ("value", "error", "inside")

    def __init__(self, result: Any) -> None:
        self.error: Optional[BaseException] = None
        self.value = result
        self.inside: list = []  # what the lazy things in the result came to
        if type(result) is _Raised:
            self.value, self.error = None, result.error

    def realised(self, lazy: Any, result: Any) -> None:
        """A lazy thing of the result's is done."""
        raised = result.error if type(result) is _Raised else None
        if lazy is not self.value:
            self.inside.append(result if raised is None else raised)
        elif raised is not None:
            self.value, self.error = None, raised
        elif type(lazy) is CoroutineType:
            self.value = result
        else:
            self.value = Drained(type_name(type(lazy)))
            self.value.items = result
            self.value.truncated = len(result) >= LAZY_MAX


def time_calls(work: List[Call], loop: _Loop) -> Tuple[int, int, List[Done]]:
    """Nanoseconds that the calls take together, realising what they return or leave in their arguments
    lazily; those that went into realising; and what each came to."""
    kept: list = []
    keep = kept.append
    given = [find_lazy([args, kwargs], _LOOK_AT_ARGUMENTS) for _, args, kwargs in work]
    start = _now()
    for invoke, args, kwargs in work:
        try:
            keep(invoke(args, kwargs))
        except BaseException as error:
            keep(_Raised(error))
    spent = _now() - start
    done = [Done(result) for result in kept]
    owners, lazy = _lazy_of(done, kept)
    for owner, (_, args, kwargs), before in zip(done, work, given):
        for value in _left_lazy([args, kwargs], before + lazy):
            owners.append(owner)
            lazy.append(value)
    realising = 0
    depth = 0
    while lazy and depth < 8:  # an iterator of iterators, as groupby is
        depth += 1
        loop.ready()
        drained: list = []
        keep = drained.append
        start = _now()
        for value in lazy:
            try:
                keep(loop.drain(value))
            except BaseException as error:
                keep(_Raised(error))
        realising += _now() - start
        for owner, value, result in zip(owners, lazy, drained):
            owner.realised(value, result)
        owners, lazy = _lazy_of(owners, drained)
    return spent + realising, realising, done


def _lazy_of(owners: List[Done], results: list) -> Tuple[List[Done], list]:
    """The lazy things in the results, and whose they are."""
    found = [(owner, value) for owner, result in zip(owners, results)
             for value in find_lazy([result])]
    return [owner for owner, _ in found], [value for _, value in found]


def _left_lazy(arguments: list, known: list) -> list:
    """What a call left in its arguments to be done later; a coroutine is the caller's to start."""
    now = find_lazy(arguments, _LOOK_AT_ARGUMENTS)
    if not now:
        return []
    ids = {id(value) for value in known}
    return [value for value in now
            if id(value) not in ids and type(value) not in (CoroutineType, AsyncGeneratorType)]


# A round. ----------------------------------------------------------------------------------------


def _peak() -> int:
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _own_pages() -> None:
    """Makes this process's copies of the pages it shares with its parent now: the first executions
    would pay for them, and the shorter the function the more it would be all they measure."""
    if ctypes is None:
        return
    try:
        madvise = ctypes.CDLL(None).madvise
        left = _TOUCH_MAX
        with open("/proc/self/maps", "rb") as maps:
            regions = [line.split(None, 5) for line in maps]
        for fields in regions:
            if fields[1] != b"rw-p" or fields[-1].startswith(b"[v"):
                continue
            first, last = (int(x, 16) for x in fields[0].split(b"-"))
            # the heap is written first, then arenas: large blocks of data are left alone
            if last - first > left:
                continue
            left -= last - first
            madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), _MADV_POPULATE_WRITE)
    except (OSError, AttributeError, ValueError):
        pass


def adopt_orphans() -> None:
    """Makes this process the parent of what its children leave behind, so that it is seen."""
    if ctypes is None:
        return
    try:
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (OSError, AttributeError):
        pass


def left_running(last: bool, before: int = 0) -> int:
    """Threads, less those counted before, and child processes that are still there after the calls
    returned. last: this process has nothing left to do, so that those that have ended can be cleared
    away."""
    if last:
        time.sleep(0.005)  # a thread that was started a moment ago counts once it has begun
    n = _count_threads() - before
    how = os.WEXITED | os.WNOHANG | (0 if last else os.WNOWAIT)
    grace = 20 if last else 0  # for one that is about to end
    try:
        while True:
            if os.waitid(os.P_ALL, 0, how) is None:
                if not grace:
                    break
                grace -= 1
                time.sleep(0.005)
            elif not last:
                return n
        n += 1
    except (OSError, AttributeError):
        pass
    return n


class Bench:
    """Recorded calls of one function, timed in forked children of the process that imported it."""

    def __init__(
        self,
        make: Make,
        seed: Callable[[], None],
        void: Callable[[BaseException], str],
        outcome: Callable[[Done, tuple, dict], bytes],
        vary: Callable[[int, tuple, dict], Tuple[tuple, dict, bool]],
        timeout_s: float,
        import_ns: int,
        fds: Tuple[int, int],
    ) -> None:
        """make(call) gives the call to time; seed() does what comes right before it, such as setting
        the random state; void(error) says why an error is not the function's own, or "";
        outcome(done, args, kwargs) encodes what an execution did; vary(number, args, kwargs)
        changes a part of the arguments, where there is one that can be. The child has its pipe of
        commands and of answers at fds, where a worker that does not time has its own."""
        self.make = make
        self.seed = seed
        self.void = void
        self.outcome = outcome
        self.vary = vary
        self.timeout_s = timeout_s
        self.fds = fds
        self.last: Tuple[int, List[Call], List[Done]] = (-1, [], [])  # of the latest pass
        self.high = self.own = 0  # peak of memory, and how much of it was for the calls
        self.at = mmap.mmap(-1, 8)  # the call the child is in, for when it does not come back
        self.import_ns = import_ns
        self.threads = 0  # and processes that importing left at work
        self.pid = self.tx = self.rx = self.status = 0

    # In the child.

    def _pass(self, loop: _Loop, order: List[int], inner: int, variant: int) -> Dict[str, Any]:
        make, seed = self.make, self.seed
        ns: Dict[str, float] = {}
        lazy_ns: Dict[str, float] = {}
        changed: Dict[str, bool] = {}
        skipped: Dict[str, str] = {}
        work: List[Call] = []
        done: List[Done] = []
        self.last = (-1, [], [])
        for call in order:
            self.at[:] = struct.pack("<q", call)
            work = [make(call) for _ in range(inner)]
            if variant and not self._varied(work, variant << 32 | call):
                continue
            seed()
            if gc.get_count()[0] > _GARBAGE:
                gc.collect()
            _setitimer(signal.ITIMER_REAL, self.timeout_s * inner)
            spent, realising, done = time_calls(work, loop)
            _setitimer(signal.ITIMER_REAL, 0)
            ns[str(call)] = spent if inner == 1 else round(spent / inner, 2)
            if realising:
                lazy_ns[str(call)] = realising if inner == 1 else round(realising / inner, 2)
            if variant and done[0].error is None:
                changed[str(call)] = True
            for d in done:
                why = self.void(d.error) if d.error is not None else ""
                if why:
                    skipped[str(call)] = why
            if len(ns) == len(order):
                # nothing says beforehand whether they will be asked for, nor of which execution
                self.last = (call, work, done)
            del work, done
        peak = _peak()
        if peak > self.high:
            self.high = self.own = peak
        answer: Dict[str, Any] = {"ns": ns}
        for key, value in (("lazy_ns", lazy_ns), ("changed", changed), ("skipped", skipped)):
            if value:
                answer[key] = value
        return answer

    def _varied(self, work: List[Call], number: int) -> bool:
        """Changes the arguments of the call; False when they cannot be."""
        invoke, args, kwargs = work[0]
        try:
            args, kwargs, could = self.vary(number, args, kwargs)
        except Exception:  # of an object of the user's that does not like to be looked into
            return False
        work[:] = [(invoke, args, kwargs)]
        return could

    def _results(self, which: int) -> Dict[str, Any]:
        """What one execution of the latest pass's last call did."""
        call, work, done = self.last
        if not done:
            return {"error": "no pass to tell the results of"}
        self.at[:] = struct.pack("<q", call)
        _, args, kwargs = work[which % len(work)]
        _setitimer(signal.ITIMER_REAL, self.timeout_s)
        data = self.outcome(done[which % len(done)], args, kwargs)
        _setitimer(signal.ITIMER_REAL, 0)
        self.last = (-1, [], [])
        # what that took is not the calls', unless they come to take more
        self.high = max(self.high, _peak())
        return {"call": call, "outcome": binascii.b2a_base64(data, newline=False).decode()}

    def _child(self, commands: int, answers: int) -> None:
        loop = _Loop()
        before = _count_threads()  # the parent's, some versions say, though they are not here
        _own_pages()
        adopt_orphans()
        base = self.high = self.own = _peak()
        _send(answers, {"begun": True})
        for line in open(commands, "rb"):
            request = _loads(line)
            if request["op"] == "end":
                own = self.own if _peak() <= self.high else _peak()
                threads = self.threads + left_running(True, before)
                _send(answers, {"peak_bytes": own - base, "threads": threads})
                return
            if request["op"] == "results":
                _send(answers, self._results(request["which"]))
                continue
            _send(answers, self._pass(loop, request["order"], request["inner"],
                                      request.get("variant", 0)))

    # In the parent.

    def begin(self) -> Dict[str, Any]:
        """Forks the child of a round."""
        self.end()
        to_child, from_child = os.pipe(), os.pipe()
        self.at[:] = struct.pack("<q", -1)
        self.pid = _fork()
        if self.pid == 0:
            status = 1
            try:
                os.close(to_child[1])
                os.close(from_child[0])
                signal.signal(signal.SIGALRM, signal.SIG_DFL)
                for fd, at in zip((to_child[0], from_child[1]), self.fds):
                    os.dup2(fd, at, inheritable=False)
                    os.close(fd)
                to_child, from_child = (self.fds[0], -1), (-1, self.fds[1])
                self._child(*self.fds)
                status = 0
            except BaseException as error:
                _send(from_child[1], {"error": "%s: %s" % (type(error).__name__, str(error)[:200])})
            finally:
                _exit(status)
        os.close(to_child[0])
        os.close(from_child[1])
        self.tx, self.rx = to_child[1], from_child[0]
        return self._answer()

    def ask(self, line: bytes) -> Dict[str, Any]:
        """Passes an operation on to the round's child. Its answer, or {"error", "call"}."""
        if not self.pid:
            return {"error": "no round has begun"}
        try:
            while line:
                line = line[_write(self.tx, line):]
        except OSError:
            pass  # it is gone: there will be no answer
        return self._answer()

    def end(self) -> None:
        """The child has answered for the last time, or never will."""
        if not self.pid:
            return
        os.close(self.tx)
        os.close(self.rx)
        try:
            os.kill(self.pid, signal.SIGKILL)
            self.status = _waitpid(self.pid, 0)[1]
        except OSError:
            pass
        self.pid = 0

    def _answer(self) -> Dict[str, Any]:
        data = self._read()
        call = struct.unpack("<q", self.at[:])[0]
        if data.endswith(b"\n"):
            answer = _loads(data)
            if "error" in answer:
                self.end()
                answer["call"] = call
            return answer
        self.end()
        return {"error": self._ending(self.status), "call": call}

    def _read(self) -> bytes:
        """The child's line; what it has when it is gone, even if a grandchild holds the pipe."""
        parts: List[bytes] = []
        while not parts or not parts[-1].endswith(b"\n"):
            if select.select([self.rx], [], [], 0.2)[0]:
                part = os.read(self.rx, 1 << 16)
                if not part:
                    break
                parts.append(part)
            elif os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                break
        return b"".join(parts)

    def _ending(self, status: int) -> str:
        if os.WIFSIGNALED(status):
            if os.WTERMSIG(status) == signal.SIGALRM:
                return "did not return within %g s" % self.timeout_s
            return "killed by signal %d" % os.WTERMSIG(status)
        return "the call ended the process with status %d" % os.WEXITSTATUS(status)


def serve(bench: Bench, ready: Dict[str, Any], commands: IO[bytes], out: int) -> None:
    """Answers the operations on `commands`, one JSON line each, until quit or end of file."""
    # the child's pages are shared with ours until it writes them; collecting there would write all
    gc.collect()
    gc.freeze()
    gc.disable()
    bench.threads = left_running(False)
    _send(out, dict(ready, import_ns=bench.import_ns))
    for line in commands:
        op = _loads(line).get("op")
        if op == "begin":
            _send(out, bench.begin())
        elif op in ("pass", "results", "end"):
            _send(out, bench.ask(line))
            if op == "end":
                bench.end()
        elif op == "quit":
            break
        else:
            _send(out, {"error": "unknown operation"})
    bench.end()


def _send(out: int, answer: Dict[str, Any]) -> None:
    data = _dumps(answer).encode() + b"\n"
    while data:
        data = data[_write(out, data):]
