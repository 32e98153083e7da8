# SPDX-License-Identifier: Apache-2.0
"""Importing the user's module, or the script that was the program, and finding a function in it.

A module is imported under its real name. The script that was the program is run statement by
statement under its module's name, never as __main__: so its guard stays shut, and where it has no
guard, the statements that would run the workflow again are left out. The names that they would have
bound are remembered with the reason: a call that needs one of them cannot be judged.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import signal
import sys
import threading
import time
from types import FunctionType, GeneratorType, ModuleType

from . import encode

STATEMENT_S = 5.0  # what a top-level statement of an unguarded script may take
SCRIPT_S = 15.0  # and all of them together, definitions and imports apart
GUARD = None  # a guard.Guard under which a script's top level runs, its imports apart


class LoadError(Exception):
    """The function cannot be reached; the message is one line."""


# The path. --------------------------------------------------------------------------------------


def import_root(path: str, module: str) -> str:
    """The directory on sys.path from which path is module: its own less the packages' names."""
    parts = module.split(".")
    if os.path.basename(path) == "__init__.py" and parts[-1] != "__init__":
        parts.append("__init__")
    directory = os.path.dirname(path)
    for name in reversed(parts[:-1]):
        if os.path.basename(directory) != name:
            return os.path.dirname(path)
        directory = os.path.dirname(directory)
    return directory


def search_path(request: dict) -> list:
    """Directories to put in front of sys.path, as the traced program had them."""
    root = request["project_root"]
    path = os.path.join(root, request["file"])
    own = os.path.dirname(path)
    first = [import_root(path, request["module"])]
    if request.get("main"):
        # `python pkg/cli.py` has pkg/ in front; `python -m pkg.cli` has not, and there pkg/ must
        # not hide modules of the standard library
        if first[0] == own or not os.path.exists(os.path.join(own, "__init__.py")):
            first.insert(0, own)
    first += [os.path.join(root, d) for d in request.get("sys_path") or ()]
    inner = os.path.join(root, request.get("module_root") or "")
    if not os.path.exists(os.path.join(inner, "__init__.py")):
        first.append(inner)  # a package's own modules must not hide those of the standard library
    first.append(root)
    if request.get("cwd"):
        first.append(request["cwd"])
    if program_of(request.get("command") or [], root)[1] in ("pytest", "unittest"):
        # what tests pass may be of classes of theirs
        first.append(os.path.join(root, request.get("tests_root") or ""))
    seen: dict = {}
    for directory in first:
        seen.setdefault(os.path.normpath(directory))
    return list(seen)


def extend_path(directories: list) -> None:
    """Puts them in front of sys.path, in their order, once."""
    sys.path[:] = directories + [d for d in sys.path if d not in directories]


def program_of(command: list, cwd: str) -> tuple:
    """(the script or None, the name it is imported by) of a command line; the name is "" where the
    program was neither a script nor a module."""
    i = 1
    while i < len(command):
        word = command[i]
        if word == "-m":
            return None, command[i + 1] if i + 1 < len(command) else ""
        if word == "-" or word == "-c":
            break
        if not word.startswith("-"):
            name = os.path.splitext(os.path.basename(word))[0]
            path = os.path.join(cwd, word)
            return (path, name) if name.isidentifier() and os.path.isfile(path) else (None, "")
        i += 2 if word in ("-W", "-X", "--check-hash-based-pycs") else 1
    return None, ""


# Modules. ---------------------------------------------------------------------------------------


def _one_line(error: BaseException) -> str:
    text = " ".join(encode._words(error).split())
    return text[:300]


def _same_file(a: str, b: str) -> bool:
    try:
        return os.path.samefile(a, b)
    except OSError:
        return os.path.realpath(a) == os.path.realpath(b)


def _came_from(module: ModuleType, path: str) -> bool:
    where = getattr(module, "__file__", None)
    return bool(where) and _same_file(where, path)


def open_module(path: str, name: str, main: bool = False) -> tuple:
    """(the module of that name from that file, {name it lacks: why}). LoadError says why not."""
    if not os.path.exists(path):
        raise LoadError("%s: no such file" % path)
    module = sys.modules.get(name)
    if module is not None and _came_from(module, path):
        return module, getattr(module, "__codeflash_missing__", {})
    if main:
        return open_script(path, name)
    try:
        module = importlib.import_module(name)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise LoadError("could not import %s: %s" % (name, _one_line(error))) from None
    if not _came_from(module, path):
        raise LoadError(
            "module %s came from %s and not from %s" % (name, getattr(module, "__file__", "?"), path))
    return module, {}


def open_script(path: str, name: str) -> tuple:
    """The same for the file that ran as the program."""
    parent = name.rpartition(".")[0]
    if parent:
        try:
            importlib.import_module(parent)
        except Exception:
            pass  # `python dir/script.py` needs no package around it
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise LoadError("%s: not a Python source file" % path)
    try:
        source = spec.loader.get_data(path)
    except OSError as error:
        raise LoadError("%s: %s" % (path, error.strerror)) from None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        missing = run_script(module, source, path)
    except SyntaxError as error:
        del sys.modules[name]
        raise LoadError("%s:%s: %s" % (path, error.lineno, error.msg)) from None
    except LoadError:
        del sys.modules[name]
        raise
    module.__codeflash_missing__ = missing
    if parent in sys.modules:
        setattr(sys.modules[parent], name.rpartition(".")[2], module)
    return module, missing


# Scripts. ---------------------------------------------------------------------------------------


def run_script(module: ModuleType, source: bytes, path: str) -> dict:
    """Runs the script's top level in module, all but its workflow. Returns the names it lacks."""
    import ast

    tree = ast.parse(source, path)
    script = _Script(ast, module, path)
    script.guarded = any(map(script.is_guard, tree.body))
    script.survey(tree)
    if tree.body and ast.get_docstring(tree, clean=False) is not None:
        module.__doc__ = ast.get_docstring(tree, clean=False)
    LEFT_OUT[path] = script.left_out
    script.run(tree.body)
    return script.missing


# By script: what of its top level was not run and why, a line a statement, without line numbers.
# Part of every outcome: a candidate's file must leave out just what the original's does.
LEFT_OUT: dict = {}


class _Workflow(BaseException):
    """A top-level statement went into a function of the script's."""


class _Script:
    """One run of a script's top level."""

    def __init__(self, ast: ModuleType, module: ModuleType, path: str) -> None:
        self.ast = ast
        self.module = module
        self.path = path
        self.guarded = False
        self.functions: set = set()
        self.classes: set = set()
        self.missing: dict = {}
        self.left_out: list = []
        self.flags = 0
        self.left = SCRIPT_S
        self.loops = (ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith)
        self.definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        self.imports = (ast.Import, ast.ImportFrom)
        # bodies of functions do not run where they are written
        self.deferred = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        self.comprehensions = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

    # What the source says.

    def is_guard(self, node: object) -> bool:
        """`if __name__ == "__main__":`, in any of its spellings."""
        ast = self.ast
        return isinstance(node, ast.If) and any(
            isinstance(n, ast.Compare)
            and len(n.ops) == 1
            and isinstance(n.ops[0], ast.Eq)
            and {self.name_or_text(n.left), self.name_or_text(n.comparators[0])}
            == {"__name__", "'__main__'"}
            for n in ast.walk(node.test)
        )

    def name_or_text(self, node: object) -> str:
        ast = self.ast
        if isinstance(node, ast.Name):
            return node.id
        value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        return repr(value) if isinstance(value, str) else ""

    def survey(self, tree: object) -> None:
        """Notes what the script defines, and the globals that only its functions bind."""
        ast = self.ast
        bound: set = set()
        declared: dict = {}
        stack = [(n, True) for n in tree.body]
        while stack:
            node, top = stack.pop()
            if top:
                if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    self.functions.add(node.name)
                elif isinstance(node, ast.ClassDef):
                    self.classes.add(node.name)
                elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
                    self.functions.update(n.id for n in node.targets if isinstance(n, ast.Name))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    bound.add(node.id)
            if isinstance(node, ast.Global):
                for name in node.names:
                    declared.setdefault(name, node.lineno)
            inner = top and not isinstance(node, self.definitions + (ast.Lambda,))
            stack.extend((n, inner) for n in ast.iter_child_nodes(node))
        for name, line in declared.items():
            if name not in bound and name not in self.functions and name not in self.classes:
                self.missing[name] = "a function that is still to run binds it (line %d)" % line

    def running(self, node: object):
        """The nodes below that run when the statement does."""
        ast = self.ast
        stack = [node]
        while stack:
            n = stack.pop()
            yield n
            if isinstance(n, self.deferred):
                stack.extend(getattr(n, "decorator_list", ()))
                stack.extend(n.args.defaults)
                stack.extend(d for d in n.args.kw_defaults if d is not None)
            else:
                stack.extend(ast.iter_child_nodes(n))

    def calls_script(self, node: object) -> bool:
        """Whether it calls, by name, a function of the script's or a method of its class's, or has
        another thread or process call one."""
        ast = self.ast
        for n in self.running(node):
            if not isinstance(n, ast.Call):
                continue
            f = n.func
            if getattr(f, "id", getattr(f, "attr", "")) in _ELSEWHERE and any(
                    isinstance(a, ast.Name) and a.id in self.functions
                    for a in n.args + [k.value for k in n.keywords]):
                return True
            if isinstance(f, ast.Name):
                if f.id in self.functions:
                    return True
                continue
            while isinstance(f, ast.Attribute):
                f = f.value
                if isinstance(f, ast.Call):
                    f = f.func
                    if isinstance(f, ast.Name) and f.id in self.classes:
                        return True
        return False

    def reads_missing(self, node: object) -> str:
        ast = self.ast
        for n in self.running(node):
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in self.missing:
                if n.id not in self.module.__dict__:
                    return n.id
        return ""

    def bound_by(self, node: object) -> list:
        """Names that running it would bind in the module, or whose objects it would fill."""
        ast = self.ast
        names = []
        stack = [node]
        while stack:
            n = stack.pop()
            if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load):
                names.append(n.id)
            elif isinstance(n, (ast.Subscript, ast.Attribute)) and not isinstance(n.ctx, ast.Load):
                names.append(self.base(n))
            elif isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute):
                if n.func.attr in _FILLING:
                    names.append(self.base(n.func))
            elif isinstance(n, self.comprehensions):  # their targets are their own
                for g in n.generators:
                    stack.append(g.iter)
                    stack.extend(g.ifs)
                stack.extend(getattr(n, part) for part in ("elt", "key", "value") if hasattr(n, part))
                continue
            elif isinstance(n, (ast.Import, ast.ImportFrom)):
                names += [(a.asname or a.name).partition(".")[0] for a in n.names]
            elif isinstance(n, self.definitions):
                names.append(n.name)
                continue
            elif isinstance(n, ast.ExceptHandler) and n.name:
                names.append(n.name)
            elif isinstance(n, ast.Lambda):
                continue
            stack.extend(ast.iter_child_nodes(n))
        return names

    def base(self, node: object) -> str:
        """The name at the bottom of `name[...].attribute`; "" when there is none."""
        while isinstance(node, (self.ast.Subscript, self.ast.Attribute)):
            node = node.value
        return node.id if isinstance(node, self.ast.Name) else ""

    # Doing it.

    def skip(self, node: object, why: str) -> None:
        """Leaves a statement out. What it would have given another value is as good as unbound."""
        reason = "line %d of the script, %s" % (node.lineno, why)
        text = hashlib.blake2b(self.ast.dump(node).encode("utf-8", "replace"), digest_size=8)
        self.left_out.append("%s %s, %s" % (type(node).__name__, text.hexdigest(), why))
        names = self.module.__dict__
        for name in self.bound_by(node):
            if name and name in names and not self.guarded:
                if not isinstance(names[name], (type, ModuleType, FunctionType)):
                    del names[name]
            if name and name not in names:
                self.missing.setdefault(name, reason)

    def run(self, body: list) -> None:
        ast = self.ast
        stack = list(reversed(body))
        while stack:
            node = stack.pop()
            if self.is_guard(node):
                for n in node.body:
                    self.skip(n, "which runs only when it is the program")
                stack.extend(reversed(node.orelse))
            elif isinstance(node, ast.ImportFrom) and node.module == "__future__":
                self.future(node)
            elif isinstance(node, self.imports):
                self.execute(node, must=True)
            elif isinstance(node, self.definitions):
                self.execute(node)
            elif isinstance(node, ast.If) and self.has_workflow(node):
                stack.extend(reversed(self.branch(node)))
            elif type(node).__name__ in ("Try", "TryStar") and self.has_workflow(node):
                stack.extend(reversed(node.body + node.orelse + node.finalbody))
            elif not self.guarded and self.calls_script(node):
                self.skip(node, "which runs the workflow")
            elif not self.guarded and self.reads_missing(node):
                self.skip(node, "which needs %r" % self.reads_missing(node))
            else:
                self.execute(node, watch=not self.guarded)

    def has_workflow(self, node: object) -> bool:
        """Whether a compound statement must be gone into rather than run."""
        return any(self.is_guard(n) for n in self.ast.walk(node)) or (
            not self.guarded and (self.calls_script(node) or bool(self.reads_missing(node))))

    def branch(self, node: object) -> list:
        """The statements of an `if` that its test chooses; none when the test cannot be run."""
        ast = self.ast
        if not self.calls_script(node.test) and not self.reads_missing(node.test):
            code = compile(ast.Expression(node.test), self.path, "eval", self.flags, True)
            try:
                return node.body if eval(code, self.module.__dict__) else node.orelse
            except Exception:
                pass
        self.skip(node, "whose condition only the program can tell")
        return []

    def future(self, node: object) -> None:
        import __future__

        for alias in node.names:
            feature = getattr(__future__, alias.name, None)
            if feature is not None:
                self.flags |= feature.compiler_flag
                self.module.__dict__[alias.asname or alias.name] = feature

    def execute(self, node: object, must: bool = False, watch: bool = False) -> None:
        tree = self.ast.Module([node], [])
        code = compile(tree, self.path, "exec", self.flags, True)
        if GUARD is not None:
            GUARD.active = not must
        try:
            if watch:
                self.watched(code)
            else:
                exec(code, self.module.__dict__)
        except KeyboardInterrupt:
            raise
        except _Workflow:
            self.skip(node, "which runs the workflow")
        except _Slow:
            self.skip(node, "which takes too long to run again")
        except BaseException as error:
            if must:
                raise LoadError("could not import %s: line %d: %s" % (
                    self.module.__name__, node.lineno, _one_line(error))) from None
            self.skip(node, "which ended with %s" % _one_line(error))
        finally:
            if GUARD is not None:
                GUARD.active = False

    def watched(self, code: object) -> None:
        """Runs a statement, but not into functions of the script's: constructors apart."""
        depth = 0

        def watch(frame, event, arg):
            nonlocal depth
            if event == "call":
                if depth or frame.f_code is code:
                    depth += bool(depth)
                elif frame.f_code.co_filename == self.path:
                    name = frame.f_code.co_name
                    if name in _CONSTRUCTING:
                        depth = 1
                    elif name[:1] != "<":  # <lambda>, <listcomp>, <module>
                        raise _Workflow
                elif frame.f_code.co_name == "<module>":
                    depth = 1  # an import: what it runs is its own affair
            elif event == "return" and depth:
                depth -= 1

        limit = min(STATEMENT_S, self.left)
        if limit <= 0:
            raise _Slow
        start = time.monotonic()
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            with time_limit(limit, _Slow):
                exec(code, self.module.__dict__)
        finally:
            sys.setprofile(before)
            self.left -= time.monotonic() - start


_CONSTRUCTING = {"__init__", "__new__", "__post_init__", "__init_subclass__", "__set_name__",
                 "__call__", "__getattr__", "__repr__", "__str__", "__hash__", "__eq__", "__lt__"}


# What calls the function that it is given in another thread or process, where no hook of ours is.
_ELSEWHERE = {"map", "starmap", "imap", "imap_unordered", "map_async", "starmap_async", "apply",
              "apply_async", "submit", "run_in_executor", "Thread", "Process", "Timer", "Pool"}
# Methods that change the object they belong to.
_FILLING = {"append", "extend", "insert", "appendleft", "extendleft", "add", "update", "setdefault",
            "pop", "popitem", "popleft", "remove", "discard", "clear", "sort", "reverse", "push", "put"}


class _Slow(BaseException):
    """A top-level statement took too long."""


class time_limit:
    """Raises `error` in this block after so many seconds; does nothing off the main thread."""

    def __init__(self, seconds: float, error: type) -> None:
        self.seconds = seconds
        self.error = error
        self.before = None

    def __enter__(self) -> None:
        if self.seconds > 0 and threading.current_thread() is threading.main_thread():
            def expired(signum, frame):
                raise self.error

            self.before = signal.signal(signal.SIGALRM, expired)
            # again and again: the code under test may catch the first
            signal.setitimer(signal.ITIMER_REAL, self.seconds, 0.1)

    def __exit__(self, *_: object) -> None:
        if self.before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)


# Functions. -------------------------------------------------------------------------------------


def _static(cls: type, name: str):
    """A class's attribute without its __get__ being asked; a private name in its mangled form."""
    names = [name]
    if name.startswith("__") and not name.endswith("__"):
        names.insert(0, "_%s%s" % (cls.__name__.lstrip("_"), name))
    for c in type.__getattribute__(cls, "__mro__"):
        for n in names:
            if n in c.__dict__:
                return c.__dict__[n]
    raise AttributeError(name)


def _unwrapped_class(v: object) -> object:
    """A class behind a decorator that kept it."""
    while not isinstance(v, type) and hasattr(v, "__wrapped__"):
        v = v.__wrapped__
    return v


class Target:
    """A function found: invoke(args, kwargs) calls it as the program did.

    A decorated function is called through its decorators, unless they cannot take the arguments
    that the function itself was recorded with: then it is called directly, and `through` says which
    decorators that left out, to be compared like the rest of an outcome.
    """

    __slots__ = ("module", "missing", "invoke", "of_class", "receiver", "name", "inner", "through",
                 "function")

    def __init__(self, module: ModuleType, missing: dict, name: str) -> None:
        self.module = module
        self.missing = missing
        self.name = name
        self.receiver = False  # args[0] is the instance
        self.invoke = None
        self.of_class = None  # a constructor's or class method's invoke for another class
        self.inner = None  # the function itself, where decorators are around it
        self.through = ""
        self.function = None  # as it is written, whatever is around it

    def of(self, cls: type = None):
        """invoke, for the class that the call was made through where it is another than the one
        that defines the method."""
        return self.invoke if cls is None or self.of_class is None else self.of_class(cls)

    def call(self, function: object) -> None:
        """Sets invoke for what is called with the recorded arguments as they are."""
        inner, chain = _behind(function, self.module, self.name)
        self.inner = inner
        self.function = inner or function
        if inner is None or not isinstance(function, FunctionType):
            self.invoke = lambda args, kwargs: function(*args, **kwargs)
            return

        def invoke(args, kwargs):
            if _accepts(function, args, kwargs) or not _accepts(inner, args, kwargs):
                return function(*args, **kwargs)
            self.through = chain
            return inner(*args, **kwargs)

        self.invoke = invoke

    def entered(self, error: BaseException) -> bool:
        """Whether the function itself, and not only its decorators, had to do with the error."""
        if self.inner is None:
            return True
        tb = error.__traceback__
        while tb is not None:
            if tb.tb_frame.f_code is self.inner.__code__:
                return True
            tb = tb.tb_next
        return False


def _behind(v: object, module: ModuleType, qualname: str) -> tuple:
    """The function of that name that a decorator's result is made around, with a text that tells
    one chain of decorators from another; (None, "") when there is no decorator or no telling."""
    name = qualname.rpartition(".")[2]
    chain = []
    queue = [v]
    seen = set()
    for x in queue:
        if id(x) in seen or len(seen) > 100:
            continue
        seen.add(id(x))
        if isinstance(x, FunctionType):
            code = x.__code__
            if (code.co_name == name and code.co_filename == module.__file__
                    and getattr(code, "co_qualname", qualname) == qualname):
                return (None, "") if x is v else (x, "; ".join(chain))
            chain.append("%s %s" % (code.co_name, encode._digest(code)))
            queue.extend(encode._cell(c) for c in x.__closure__ or ())
        elif isinstance(x, (staticmethod, classmethod)):
            queue.append(x.__func__)
        elif isinstance(x, property):
            queue.append(x.fget)
        else:
            chain.append(encode.type_name(type(x)))
        for attribute in ("__wrapped__", "func", "callback"):
            try:
                queue.append(object.__getattribute__(x, attribute))
            except Exception:
                pass
    return None, ""


def _accepts(function: FunctionType, args: tuple, kwargs: dict) -> bool:
    """Whether the arguments can be bound; True where only trying can tell."""
    code = function.__code__
    n = code.co_argcount
    if len(args) > n and not code.co_flags & 0x04:
        return False
    names = code.co_varnames
    required = n - len(function.__defaults__ or ())
    if any(name not in kwargs for name in names[len(args):required]):
        return False
    keywords = names[n:n + code.co_kwonlyargcount]
    optional = function.__kwdefaults__ or {}
    if any(name not in kwargs and name not in optional for name in keywords):
        return False
    return bool(code.co_flags & 0x08) or all(k in names[:n] or k in keywords for k in kwargs)


def find(module: ModuleType, qualname: str, kind: str = "", missing: dict = {}) -> Target:
    """The function of that qualified name. LoadError when there is none."""
    target = Target(module, missing, qualname)
    if "<" in qualname:
        raise LoadError("%s is not reachable by name" % qualname)
    *outer, name = qualname.split(".")
    owner: object = module
    for part in outer:
        try:
            owner = _unwrapped_class(
                owner.__dict__[part] if isinstance(owner, ModuleType) else _static(owner, part))
        except (AttributeError, KeyError):
            raise _not_found(module, qualname, part, missing) from None
        if not isinstance(owner, type):
            raise LoadError("%s: %s is no class" % (qualname, part))
    if isinstance(owner, ModuleType):
        if name not in owner.__dict__:
            raise _not_found(module, qualname, name, missing)
        target.call(_plain(target, owner.__dict__[name]))
    else:
        try:
            attribute = _static(owner, name)
        except AttributeError:
            raise _not_found(module, qualname, name, missing) from None
        _bind(target, owner, name, attribute)
    return target


def _not_found(module: ModuleType, qualname: str, part: str, missing: dict) -> LoadError:
    if part in missing:
        return LoadError("%s: %s" % (qualname, missing[part]))
    return LoadError("no %s in module %s" % (qualname, module.__name__))


def _plain(target: Target, v: object):
    """What to call for a module's attribute. A command object (click) parses a command line when
    it is called: it stands for its callback."""
    inner = getattr(v, "callback", None) if hasattr(type(v), "main") else None
    if not callable(v):
        inner = getattr(v, "__wrapped__", None) or getattr(v, "__func__", None)
        if not callable(inner):
            raise LoadError("%s is not callable: %s" % (target.name, encode.type_name(type(v))))
    if inner is None:
        return v
    target.through = encode.type_name(type(v))
    return inner


def _bind(target: Target, cls: type, name: str, attribute: object) -> None:
    """How to call a class's attribute with the arguments that its code was called with."""
    target.inner = _behind(attribute, target.module, target.name)[0]
    target.function = target.inner or attribute
    if name == "__init__":
        target.invoke = lambda args, kwargs: cls(*args, **kwargs)
        target.of_class = lambda c: _constructor(c, attribute)
    elif name == "__new__":
        new = attribute.__func__ if isinstance(attribute, staticmethod) else attribute

        def construct(args, kwargs):
            if args and isinstance(args[0], type):
                return new(*args, **kwargs)
            return cls(*args, **kwargs)

        target.invoke = construct
    elif isinstance(attribute, FunctionType):
        target.receiver = True
        target.call(attribute)
    elif isinstance(attribute, staticmethod):
        target.call(attribute.__get__(None, cls))
    elif isinstance(attribute, classmethod):
        def of_class(c):
            method = attribute.__get__(None, c)
            return lambda args, kwargs: method(*args, **kwargs)

        target.invoke = of_class(cls)
        target.of_class = of_class
    elif isinstance(attribute, property):
        target.receiver = True

        def access(args, kwargs):
            if len(args) == 2:
                return attribute.__set__(*args)
            return attribute.__get__(args[0], type(args[0]))

        target.invoke = access
    elif hasattr(type(attribute), "__get__"):
        target.receiver = True
        # cached_property and its like give the value; what else is bound is called
        calls = callable(attribute) or type(attribute).__name__.endswith("method")

        def bound(args, kwargs):
            got = attribute.__get__(args[0], type(args[0]))
            return got(*args[1:], **kwargs) if calls else got

        target.invoke = bound
    elif callable(attribute):
        target.call(attribute)
    else:
        raise LoadError("%s is not callable" % target.name)


def _constructor(cls: type, init: object):
    """Initialises a cls with an __init__ that may be one of its bases': called by super(), it gets
    other arguments than the class itself takes."""

    def construct(args, kwargs):
        if _static(cls, "__init__") is init:
            return cls(*args, **kwargs)
        made = cls.__new__(cls)
        init.__get__(made, cls)(*args, **kwargs)
        return made

    return construct


def open_request(request: dict, alias_main: bool = False) -> tuple:
    """open_module() for a worker's request, with the path it needs. With alias_main, the script that
    was the program also is sys.modules["__main__"], as code that pickles or spawns expects."""
    path = os.path.join(request["project_root"], request["file"])
    extend_path(search_path(request))
    main = bool(request.get("main"))
    argv = sys.argv
    sys.argv = [path]
    try:
        module, missing = open_module(path, request["module"], main)
    finally:
        if not alias_main:
            sys.argv = argv
    if main and alias_main:
        sys.modules["__main__"] = module
    return module, missing


def open_target(request: dict, alias_main: bool = False) -> Target:
    """The function of a worker's request."""
    module, missing = open_request(request, alias_main)
    return find(module, request["qualname"], request.get("kind") or "", missing)


def missing_name(error: BaseException, target: Target) -> str:
    """Why a NameError says nothing about the function: the script's top level was not all run."""
    if not target.missing or not isinstance(error, NameError):
        return ""
    name = getattr(error, "name", None)
    if not name:
        name = str(error).split("'")[1] if str(error).count("'") >= 2 else ""
    if name not in target.missing:
        return ""
    return "needs %r, which is bound by %s" % (name, target.missing[name])


# Lazy results. ----------------------------------------------------------------------------------


def realise(result: object) -> object:
    """A lazy result done: a coroutine is run, a generator or iterator drained (an encode.Drained,
    whose error, if any, the caller raises), what contextlib.contextmanager makes of a generator
    likewise. Anything else is given back."""
    t = type(result)
    if t is GeneratorType:
        return encode.drain(result, "generator")
    if t in _EAGER:
        return result
    name = t.__name__
    if name == "coroutine":
        import asyncio

        return realise(asyncio.run(result))
    if name == "async_generator":
        import asyncio

        return asyncio.run(_drain_async(result))
    if is_context(result):
        return encode.drain(result.gen, CONTEXT)  # type: ignore[attr-defined]
    step = getattr(t, "__next__", None)
    if step is not None and not isinstance(step, FunctionType):
        if t.__module__ != "_io":
            return encode.drain(result)
    return result


CONTEXT = "contextlib._GeneratorContextManager"


def is_context(v: object) -> bool:
    return encode.type_name(type(v)) == CONTEXT and type(getattr(v, "gen", None)) is GeneratorType


_EAGER = {int, float, str, bytes, bool, type(None), list, tuple, dict, set, frozenset}


async def _drain_async(result: object) -> encode.Drained:
    d = encode.Drained("async_generator")
    try:
        async for item in result:
            d.items.append(item)
            if len(d.items) >= encode.LAZY_MAX:
                d.truncated = True
                break
    except Exception as error:
        d.error = error
    return d
