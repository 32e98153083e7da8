# SPDX-License-Identifier: Apache-2.0
"""Recording this process: what the verb `trace` decided, put to work.

The decisions come in the environment, which the program's os.environ does not show: C's environment
keeps them, so that the program's children are recorded too.
"""

from __future__ import annotations

import _frozen_importlib_external as external
import builtins
import marshal
import os
import sys

from . import _recorder, byname, creation, fallback, importer, netstring

CONFIG = "CODEFLASH_RECORD"
SPOOL = "CODEFLASH_SPOOL"
CHILD = "CODEFLASH_CHILD"  # set for what the program starts
PLAIN = "CODEFLASH_PLAIN"  # the interpreter was started again without us: leave it so
HERE = os.path.dirname(os.path.abspath(__file__))
SITE = os.path.join(HERE, "site")
LAUNCH = os.path.join(HERE, "launch.py")
whole = False  # this program is recorded from its start to its end


# The environment. ---------------------------------------------------------------------------------


def _show(name: str, value) -> None:
    """What os.environ says of a variable; the environment that children inherit stays."""
    data = os.environ._data  # type: ignore[attr-defined]
    if value is None:
        data.pop(os.fsencode(name), None)
    else:
        data[os.fsencode(name)] = os.fsencode(value)


_ours: dict = {}  # what a child's environment must have


def hide_environment() -> None:
    """Takes out of os.environ what is ours. Python's children find the recorder by PYTHONPATH."""
    for name in (CONFIG, SPOOL):
        if name in os.environ:
            _ours[name.encode()] = os.fsencode(os.environ[name])
    _ours[CHILD.encode()] = b"1"
    path = os.environ.get("PYTHONPATH")
    for name in (CONFIG, SPOOL, CHILD, PLAIN):
        _show(name, None)
    _recorder.setenv(PLAIN.encode(), None)
    if path is not None and (path + os.pathsep).startswith(SITE + os.pathsep):
        path = path[len(SITE) + 1:]
        _show("PYTHONPATH", path or None)
    _prepare_children()


def _with_ours(env: dict) -> dict:
    """An environment, and what has a Python in it record itself."""
    path = env.get(b"PYTHONPATH")
    path = os.pathsep.encode().join([os.fsencode(SITE)] + [path] * bool(path))
    return {**env, **_ours, b"PYTHONPATH": path}


def _prepare_children() -> None:
    """For children that inherit the environment, which the program may have changed."""
    env = _with_ours({b"PYTHONPATH": os.environb.get(b"PYTHONPATH")})
    for name, value in env.items():
        _recorder.setenv(name, value)


def _is_python(path) -> bool:
    return not isinstance(path, int) and b"python" in os.path.basename(os.fsencode(path))


def split(words: list) -> tuple:
    """(the interpreter's options, their letters, the program with its arguments) of a command line;
    -m and -c stand alone."""
    letters = ""
    i = 1
    while i < len(words):
        w = words[i]
        if w == "-" or not w.startswith("-"):
            return words[1:i], letters, words[i:]
        if w.startswith("--"):
            i += 1 + (w == "--check-hash-based-pycs")
            continue
        for k, letter in enumerate(w[1:], 1):
            if letter in "mc":
                flags = words[1:i] + [w[:k]] * (k > 1)
                attached = [w[k + 1:]] * (k + 1 < len(w))
                return flags, letters, ["-" + letter] + attached + words[i + 1:]
            letters += letter
            if letter in "WX":
                i += k + 1 == len(w)
                break
        i += 1
    return words[1:], letters, []


def _launched(argv) -> list:
    """The words that start a Python: through the launcher where it would not find the recorder by
    PYTHONPATH."""
    words = [os.fsdecode(w) for w in argv]
    flags, letters, program = split(words)
    if not set(letters) & set("IES") or program[:1] in ([], ["-"], [LAUNCH]) or is_helper(program):
        return argv
    return [os.fsencode(w) for w in words[:1] + flags + [LAUNCH] + program]


def is_helper(program: list) -> bool:
    """Whether it is a process of multiprocessing's that runs nothing of the program's."""
    return program[0] == "-c" and "multiprocessing.resource_tracker" in "".join(program[1:2])


def _before_fork_exec(args, executables, close_fds, keep, cwd, env, *rest) -> tuple:
    if env is None:
        _prepare_children()
    if any(map(_is_python, executables)):
        args = _launched(args)
        if env is not None:
            env = _with_ours(dict(e.split(b"=", 1) for e in env))
            env = [name + b"=" + value for name, value in env.items()]
    return (args, executables, close_fds, keep, cwd, env) + rest


def _before_exec(path, argv, *rest, **kwargs) -> tuple:
    """For os.execv, os.execve and os.posix_spawn."""
    env = rest[0] if rest else None
    if env is None:
        _prepare_children()
    if _is_python(path):
        argv = _launched(argv)
        if env is not None:
            env = _with_ours({os.fsencode(n): os.fsencode(v) for n, v in env.items()})
            rest = (env,) + rest[1:]
    return (path, argv) + rest


def _before_system(*args) -> tuple:
    _prepare_children()
    return args


def _prepare(module, name: str, before) -> None:
    """Has `before` see, and change, the arguments of a built-in function; else it is what it was."""
    function = getattr(module, name)
    doc = function.__doc__ or ""
    signature = getattr(function, "__text_signature__", None)
    if signature:  # as the interpreter keeps the two together
        doc = "%s%s\n--\n\n%s" % (name, signature, doc)
    setattr(module, name, _recorder.prepared(function, before, name, doc))


def follow_subprocesses() -> None:
    """Records the Pythons that are started with an environment of their own or a changed one, or
    with options by which they would not see it."""
    import _posixsubprocess as module

    for where, before, names in (
            (module, _before_fork_exec, ["fork_exec"]), (os, _before_system, ["system"]),
            (os, _before_exec, ["posix_spawn", "posix_spawnp", "execv", "execve"])):
        for name in names:
            _prepare(where, name, before)
    subprocess = sys.modules.get("subprocess")
    if hasattr(subprocess, "_fork_exec"):
        subprocess._fork_exec = module.fork_exec


def follow_exec(made: importer.Importer) -> None:
    """Records the files that a program compiles and runs itself."""

    def before(*args, **kwargs) -> tuple:
        names = args[1] if args[1:] else kwargs.get("globals")
        code = made.executed(args[0], sys._getframe(1).f_globals if names is None else names)
        return args if code is None else (code,) + args[1:]

    _prepare(builtins, "exec", before)


def follow_marshal():
    """Lets the program write the code of functions that have probes, until what is returned is called."""
    before = [(name, getattr(marshal, name)) for name in ("dump", "dumps")]
    for name, _ in before:
        _prepare(marshal, name, byname.before_marshal)

    def undo() -> None:
        for name, function in before:
            setattr(marshal, name, function)

    return undo


def follow_tests() -> None:
    """Has pytest and unittest tell which test they run, should they be imported."""
    loader = external._LoaderBasics
    original = loader.exec_module
    to_come = {"_pytest.config": "join_pytest", "unittest.case": "join_unittest"}
    watch: list = []

    def exec_module(self, module):
        original(self, module)
        if module.__name__ in to_come:
            join = to_come.pop(module.__name__)
            if not to_come:
                loader.exec_module = original
            _recorder.pause()  # a tracer would see a file of ours
            try:
                from . import testids

                if not watch:
                    watch.append(testids.Watch(_recorder))
                getattr(testids, join)(module, watch[0])
            finally:
                _recorder.resume()

    loader.exec_module = importer.importlib_frame(exec_module)


def first_environment() -> dict:
    """The environment as it was when this interpreter was started: it changes some of it itself."""
    with open("/proc/self/environ", "rb") as f:
        return dict(e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e)


def command_line() -> list:
    """The words that this interpreter was started with."""
    if hasattr(sys, "orig_argv"):
        return list(sys.orig_argv)
    with open("/proc/self/cmdline", "rb") as f:
        return [os.fsdecode(w) for w in f.read().split(b"\0")[:-1]]


# Starting. ----------------------------------------------------------------------------------------


def _known_frame(argument: object) -> bool:
    return _recorder.check(_known_frame.__code__, argument, _check_layout.__code__)


def _check_layout() -> bool:
    return _known_frame(object())


def _cell_type() -> type:
    def outer(x):
        return lambda: x

    return type(outer(0).__closure__[0])


class _Known:
    pass


def _check_instances() -> bool:
    first, second = _Known(), _Known()
    first.a, first.b, first.c = 1, 2, 3
    second.c = second.a = 5
    second.b = first
    del second.a
    second.a = 6
    return _recorder.instances(second, [("c", 5), ("b", first), ("a", 6)])


def get_hasher():
    try:
        from _blake2 import blake2b
    except ImportError:
        from hashlib import blake2b
    return blake2b


def _reduce(obj: object, said: object):
    """What byname.py makes of an object of whose type how() said that."""
    if said is None:
        return byname.by_hooks(obj)
    return byname.reduce(obj) if said is True else byname.reduce_by(obj, said)


def open_spool(folder: str, quota: int, limit: int, root: bool, hasher) -> None:
    """Makes this process's spool and what fills it ready. OSError when there is none."""
    process = '{"argv":[%s],"runtime":%s,"version":"%d.%d.%d"}' % (
        ",".join(importer.quote(a) for a in command_line() if a != LAUNCH),
        importer.quote(sys.executable or ""), *sys.version_info[:3])
    _recorder.start(os.fsencode(folder), process.encode("ascii"), quota, limit, root, hasher,
                    fallback.dump, fallback.signalled, byname.how, _reduce, _cell_type(),
                    sys.hexversion)
    _check_layout()
    _check_instances()


def follows_creation() -> bool:
    """Whether generators can be captured when they are made; after open_spool()."""
    return (creation.opcodes(sys.version_info[1]) is not None
            and _recorder.creation(_known_frame, _check_layout))


def follow(made: importer.Importer) -> None:
    """What must know which files are the project's."""
    byname.ours, byname.plain_state = made.inside, _recorder.plain_state


def start() -> importer.Importer:
    """Opens the spool and hooks into imports, forks and exits. OSError when there is no spool."""
    global whole
    import atexit

    config = netstring.unpack(os.environ[CONFIG])
    hasher = get_hasher()
    open_spool(os.environ.get(SPOOL) or config["spool"], int(config["quota"]),
               int(config.get("bytes", 0)), CHILD not in os.environ, hasher)
    whole = True
    hide_environment()
    made = importer.Importer(_recorder, config["module_root"], config["tests_root"], config["only"],
                             importer.Cache(hasher), follows_creation())
    follow(made)
    importer.install(made)
    follow_subprocesses()
    follow_exec(made)
    follow_marshal()
    follow_tests()
    atexit.register(_recorder.report)
    os.register_at_fork(before=_recorder.stop_sampling, after_in_parent=_recorder.resume_sampling,
                        after_in_child=_recorder.after_fork)
    os._exit = _recorder._exit  # it would leave what is still being added up
    _recorder.sample(sys.argv[:1] == [LAUNCH])
    return made
