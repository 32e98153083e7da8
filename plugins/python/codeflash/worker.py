# SPDX-License-Identifier: Apache-2.0
"""The verbs `run`, `bench` and `runtests` of the plugin (cf-plugin.7): recorded calls, and tests, run in
this process.

`run` answers a frame a call as it finishes; `bench` opens the same way and is bench.py's, `runtests` is
runtests.py's.
"""

from __future__ import annotations

import _frozen_importlib_external as _bootstrap_external
import fcntl
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from types import ModuleType


def _standing_alone() -> None:
    """Imports all of this package that either verb needs, and then leaves nothing of it where the
    user's code would come upon it: neither its folder on the path (a module of theirs may be called
    load or encode) nor its modules by their names (a candidate could put functions of its own into
    them, or see by them who is watching). What our modules use of the standard library they keep as
    it is now."""
    global bench, derive, encode, guard, load, runner, runtests, vary
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    sys.path.insert(0, os.path.dirname(here))
    import codeflash

    del sys.path[0]
    if os.path.dirname(os.path.abspath(codeflash.__file__)) != here:
        raise ImportError("another package is called codeflash: %s" % codeflash.__file__)
    from codeflash import bench, derive, encode, guard, load, runner, runtests, vary

    ours = [n for n in sys.modules if n.partition(".")[0] == "codeflash"]
    for names in [vars(sys.modules[name]) for name in ours] + [globals()]:
        for key, value in names.items():
            if type(value) is ModuleType and value is not sys and value.__package__ != "codeflash":
                names[key] = _kept(value)
    for name in ours:
        del sys.modules[name]
    sys.meta_path.append(_Tracer)  # type: ignore[arg-type]
    # this script goes by that name: to the user's code it is an empty one, whichever the verb
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.pop("CODEFLASH_LAYOUT", None)


class _Tracer:
    """Finds codeflash.tracer where the user's code uses it and nothing else does, as in a program that
    was recorded with it on PYTHONPATH. What it finds does nothing here."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None):
        file = {"codeflash": "__init__.py", "codeflash.tracer": "tracer.py"}.get(name)
        if file is None:
            return None
        here = os.path.dirname(os.path.abspath(__file__))
        spec = _bootstrap_external.spec_from_file_location(name, os.path.join(here, file))
        if name == "codeflash":
            spec.submodule_search_locations = []  # of the rest it has nothing
        return spec


def _kept(module: ModuleType) -> ModuleType:
    """A module with what it has in it now, and what is a module in it likewise (os.path)."""
    copy = ModuleType(module.__name__)
    vars(copy).update(vars(module))
    if module is os:
        copy.path = _kept(os.path)  # type: ignore[attr-defined]
    return copy


class Session:
    """The request with its blobs, and the streams: the code under test sees none of them."""

    def __init__(self) -> None:
        try:
            self.out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 200)
        except OSError:
            self.out = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 10)
        try:
            self.input = os.fdopen(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 200), "rb")
        except OSError:
            self.input = os.fdopen(fcntl.fcntl(0, fcntl.F_DUPFD_CLOEXEC, 10), "rb")
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.close(null)
        self.request = json.loads(self.input.readline())
        self.blobs = [self.blob(call) for call in self.request["calls"]]
        # of calls that are not run, or not as they were recorded
        self.inputs = [(call, self.blob(call)) for call in self.request.get("inputs", ())]

    def blob(self, call: dict) -> bytes:
        """The next inputs on stdin; b"" for a derived call, which has none of its own."""
        if "spec" in call:
            return b""
        data = self.input.read(call["size"])
        if len(data) != call["size"]:
            raise EOFError("the inputs of call %s are cut short" % call["id"])
        return data

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.out, data):]


def _streams(request: dict) -> tuple:
    """Standard output and error and the guard, there before anything of the user's is imported."""
    output = runner.Output()
    output.install()
    network = request.get("allow_network") or os.environ.get("CODEFLASH_ALLOW_NETWORK")
    refuse = bool(request.get("refuse"))  # there is no sandbox round this process
    watch = guard.Guard(network=bool(network), writes=not refuse, processes=not refuse)
    watch.protected.add(os.path.realpath(request["project_root"]))
    load.GUARD = watch if refuse else None
    return output, watch


def _prepare(request: dict):
    """The runner of the request's function, its module imported. LoadError says why not."""
    output, watch = _streams(request)
    return runner.Runner(request, load.open_target(request, alias_main=True), output, watch)


class Calls:
    """The calls of one function, answered with a frame each.

    Those that are derived run in a child each, after the recorded ones: what an input that nobody had
    in mind breaks, or leaves behind, goes with it. Such a child may not write anything, nor start
    processes.
    """

    ROOM = 1 << 30  # bytes of memory that the original may take for a derived call

    def __init__(self, session: Session, work: object, calls: list, blobs: list) -> None:
        self.session = session
        self.work = work
        self.calls = list(zip(calls, blobs))
        recorded = {c["id"]: (data, c["codec"]) for c, data in self.calls + session.inputs
                    if "spec" not in c}
        self.stock = derive.Stock(work.restore, recorded)
        self.usable = set(recorded)  # what can be derived from

    def run(self) -> bool:
        """False when one ran out of time, after which nothing can be said."""
        for call, data in self.calls:
            if "spec" in call:
                frame = self.derived(call["id"], json.loads(call["spec"]))
            else:
                frame = self.recorded(call["id"], data, call["codec"])
            if not frame:
                self.session.write(encode.frame([("call", call["id"]), ("timeout", True)]))
                return False
            self.session.write(frame)
        return True

    def recorded(self, call: int, data: bytes, codec: str) -> bytes:
        shown, outcome = self.work.run(call, lambda: self.work.restore(data, codec))
        if outcome is None:
            return b""
        if encode.is_skipped(outcome):
            self.usable.discard(call)
        return encode.frame([("call", call), ("input", shown), ("outcome", outcome)])

    def derived(self, call: int, steps: list) -> bytes:
        def act() -> bytes:
            shown, outcome = self.aside(call, steps, self.work.timeout, 2 * self.ROOM)
            if outcome is None:
                return b""
            return encode.frame([("call", call), ("input", shown), ("outcome", outcome)])

        if _threads():  # a child would not have them
            return act()
        frame, status = _in_child(act, self.work.timeout + 1)
        if frame is None and status is not None:
            _die_like(status)
        return frame or b""

    def aside(self, call: int, steps: list, seconds: float, room: int) -> tuple:
        work = self.work
        if not _threads():
            work.pid = os.getpid()
            work.guard.writes = work.guard.processes = False
            work.timeout = seconds
            _confine(room)
        encode.DERIVED = True
        try:
            return work.run(call, lambda: self.stock.made(call, steps))
        finally:
            encode.DERIVED = False

    def derive(self, wish: dict) -> None:
        """Derives from the recorded calls, and answers what the function does on that. What is over a
        limit, or does not live to tell, is left out."""
        if _threads():
            return
        end = time.monotonic() + wish["timeout_s"]
        cpu_s = sum(os.times()[:4]) + wish["cpu_s"]  # its children's too
        limit = wish["call_timeout_s"]
        usable = sorted(self.usable)

        def over() -> bool:
            return time.monotonic() > end or sum(os.times()[:4]) > cpu_s

        def plan() -> bytes:
            _confine(self.ROOM)
            if "from" in wish:
                base = wish["from"]
                specs = self.stock.smaller(
                    usable, base["id"], json.loads(base["spec"]), wish["most"], over)
            else:
                target = self.work.target
                unseen = int(self.work.kind in ("classmethod", "constructor"))
                hints = derive.Hints(target.function, vars(target.module), unseen)
                # some of them will be of no use
                specs = self.stock.plan(usable, hints, wish["seed"], 3 * wish["most"], over)
            return json.dumps(specs).encode()

        planned, _ = _in_child(plan, wish["timeout_s"])
        left = wish["most"]
        for call, steps in json.loads(planned or b"[]"):
            if not left or over():
                break
            before = time.monotonic()
            frame, _ = _in_child(lambda: self.tried(call, steps, limit), limit + 1)
            if frame:
                self.session.write(frame)
                left -= 1
            elif time.monotonic() - before >= limit:
                cpu_s -= limit  # one that only waits is as dear as one that works

    def tried(self, call: int, steps: list, seconds: float) -> bytes:
        shown, outcome = self.aside(call, steps, seconds, self.ROOM)
        if outcome is None or encode.is_skipped(outcome) or self.work.at_limit:
            return b""
        if not derive.telling(steps, encode.ended(outcome)):
            return b""
        spec = json.dumps(steps, separators=(",", ":"))
        return encode.frame([("call", call), ("spec", spec), ("input", shown), ("outcome", outcome)])


def run(session: Session) -> int:
    """The verb `run`. Several functions of a module, which is imported once, are each run in a child
    that has it as it was imported."""
    request = session.request
    output, watch = _streams(request)
    runner.CHANCE.install()
    try:
        module, missing = load.open_request(request, alias_main=True)
    except load.LoadError as error:
        session.write(encode.frame([("error", str(error))]))
        return 0
    import warnings  # the one that the user's code has, not a copy kept of it

    runner.effects.Warnings.install(warnings)
    functions = [request] + request.get("more", [])
    done = 0
    for function in functions:
        calls = function["calls"]
        blobs = [session.blob(c) for c in calls] if function is not request else session.blobs
        done += len(calls)
        try:
            target = load.find(module, function["qualname"], function["kind"] or "", missing)
        except load.LoadError as error:
            if len(functions) == 1:
                session.write(encode.frame([("error", str(error))]))
                return 0
            for call in calls:
                session.write(encode.frame([("call", call["id"]), ("error", str(error))]))
            continue

        def act() -> bool:
            work = runner.Runner(dict(request, **function), target, output, watch)
            every = Calls(session, work, calls, blobs)
            if not every.run():
                return False
            if "derive" in request:
                every.derive(request["derive"])
            return True

        # a child would not have the threads: then the functions that follow get other processes
        alone = len(functions) == 1 or _threads()
        if not (_here if alone else _in_own_child)(act):
            return 0
        if alone:
            break
    session.write(encode.frame([("end", done)]))
    return 0


def _here(act: object) -> bool:
    return act()  # as deep in the stack as in a child


def _threads() -> bool:
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _in_own_child(act: object) -> bool:
    """Does it in a forked child; its answer. Where the child does not live to give one, this process
    ends in the same way."""
    answer, status = _in_child(lambda: b"1" if act() else b"0")
    if answer is None:
        _die_like(status)
    return answer == b"1"


def _in_child(act: object, seconds: float = 0.0) -> tuple:
    """(what act() gives, done in a forked child, None): bytes. (None, the child's status) where it
    does not live to give it, (None, None) where it has not within so many seconds, if any."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(ours)
            answer = act()
            data = struct.pack("<Q", len(answer)) + answer
            while data:
                data = data[os.write(theirs, data):]
        finally:
            os._exit(3)
    os.close(theirs)
    os.set_blocking(ours, False)
    end = time.monotonic() + seconds if seconds else None
    data, status = b"", None
    ready = select.poll()
    ready.register(ours, select.POLLIN)
    while not _whole(data) and (end is None or time.monotonic() < end):
        ready.poll(50)
        try:
            more = os.read(ours, 1 << 20)
        except BlockingIOError:
            if status is not None:
                break  # what it started may have the other end, but it itself is gone
            status = _ended(pid)
            continue
        data += more
        if not more:
            break
    os.close(ours)
    if status is None:
        if not _whole(data) and end is not None and time.monotonic() >= end:
            os.kill(pid, signal.SIGKILL)
            _ended(pid, 0)
            return None, None
        status = _ended(pid, 0)
    return (data[8:], None) if _whole(data) else (None, status)


def _whole(data: bytes) -> bool:
    return len(data) >= 8 and len(data) - 8 >= struct.unpack_from("<Q", data)[0]


def _ended(pid: int, how: int = os.WNOHANG) -> object:
    """A child's status; None while it lives. 0 when the code under test has seen to it first."""
    try:
        found, status = os.waitpid(pid, how)
    except ChildProcessError:
        return 0
    return status if found else None


def _confine(room: int) -> None:
    """Lets this process have so much memory more than it has."""
    try:
        with open("/proc/self/statm") as f:
            limit = int(f.read().split()[0]) * resource.getpagesize() + room
    except (OSError, ValueError):
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or limit < soft:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _die_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        signum = os.WTERMSIG(status)
        if signum not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
    os._exit(os.WEXITSTATUS(status))


def serve_bench(session: Session) -> int:
    """The verb `bench`, up to the loop that is bench.py's."""
    request = session.request
    bench.adopt_orphans()
    start = bench.now()
    try:
        work = _prepare(request)
    except load.LoadError as error:
        session.write(json.dumps({"error": str(error)}).encode() + b"\n")
        return 0
    calls = {}
    skipped = {}
    work.guard.files = None  # looking at files would be timed with what writes them
    work.guard.enter()
    for call, data in zip(request["calls"], session.blobs):
        try:
            work.restore(data, call["codec"])
            calls[call["id"]] = (data, call["codec"])
        except BaseException as error:
            skipped[str(call["id"])] = runner.not_restored(error)

    def make(call: int) -> tuple:
        args, kwargs, through = work.restore(*calls[call])
        return work.target.of(through), args, kwargs

    def seed() -> None:
        work.output.drop()
        work.guard.reason = ""
        runner.seed(work.seed)

    def outcome(done: bench.Done, args: tuple, kwargs: dict) -> bytes:
        if work.guard.reason:
            return encode.skipped(work.guard.reason)
        roots = [] if done.error is not None else [("return", done.value)]
        if done.inside:
            roots.append(("realised", done.inside))
        return work.outcome(done.error, roots, args, kwargs)

    def mine(cls: type) -> bool:
        file = getattr(sys.modules.get(cls.__module__), "__file__", None)
        return isinstance(file, str) and work.in_project(file)

    def other(number: int, args: tuple, kwargs: dict) -> tuple:
        return vary.vary(args, kwargs, number, mine)

    timer = bench.Bench(make, seed, work.void, outcome, other, work.timeout, bench.now() - start,
                        (session.input.fileno(), session.out))
    ready = {"ready": True, "calls": list(calls), "skipped": skipped}
    bench.serve(timer, ready, session.input, session.out)
    return 0


def main(argv: list) -> int:
    """The request says which verb: a command line that did would tell the code under test."""
    if argv[1:] not in ([], ["run"], ["bench"]):
        print("usage: worker.py [run|bench]", file=sys.stderr)
        return 2
    _standing_alone()
    session = Session()
    serve = {"bench": serve_bench, "runtests": runtests.serve}
    return serve.get((argv[1:] or [session.request.get("verb")])[0], run)(session)


def _guarded(argv: list) -> int:
    """main, with one line in place of a traceback."""
    stderr = os.dup(2)  # what the code under test writes goes elsewhere
    try:
        return main(argv)
    except Exception as error:
        line = "worker: %s: %s\n" % (type(error).__name__, " ".join(str(error).split()))
        os.write(stderr, line.encode("utf-8", "replace"))
        return 3


if __name__ == "__main__":
    _self = sys.modules["__main__"]  # the script under test may take the name over
    # threads that a call left, or what it registered to run at exit, must not hold this up
    os._exit(_guarded(sys.argv))
