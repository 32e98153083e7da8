# SPDX-License-Identifier: Apache-2.0
"""Instrumenting the project's modules as they are imported.

Every function gets one statement more, `-"<placeholder>"`, in front of its body; in the compiled
code the placeholder becomes a probe of the recorder's, which counts the call and captures its inputs
now and then. Locations stay, and a file that cannot be instrumented runs as it is.
"""

from __future__ import annotations

import _ast as ast  # the module ast is ten times this, and would come into every program
import _frozen_importlib_external as external
import marshal
import os
import sys
from _json import encode_basestring_ascii
from bisect import bisect_left

from . import byname, creation, fallback

CodeType = type((lambda: None).__code__)
PLACE = "\0codeflash:"
ARM = "\0codeflash arms:"
VERSION = 2  # of what is cached
SKIP = {"site-packages", "dist-packages", ".venv", "venv", "node_modules", ".codeflash", ".git",
        ".tox", ".nox", "__pypackages__"}
# what becomes of a function's first argument; enum first in recorder/probe.h
KEPT, INSTANCE_DROPPED, CLASS_DROPPED = range(3)

GENERATOR, COROUTINE, ASYNC_GENERATOR = 0x20, 0x80, 0x200  # co_flags
MAKES = GENERATOR | COROUTINE | ASYNC_GENERATOR


def importlib_frame(function):
    """The function, to tracebacks and tracers one of the import system's: they leave it out."""
    function.__code__ = function.__code__.replace(
        co_filename="<frozen importlib._bootstrap_external>")
    return function


# What the standard library has, without importing it into the program. ----------------------------


@importlib_frame
def quote(text: str) -> str:
    """JSON of a text."""
    # not a lone surrogate: readers refuse it
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return encode_basestring_ascii(text)


def _json(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, (bool, int)):
        return str(value).lower()
    if isinstance(value, dict):
        return "{%s}" % ",".join(['"%s":%s' % (k, _json(v)) for k, v in value.items()])
    assert isinstance(value, list)
    return "[%s]" % ",".join(map(_json, value))


def _sha256():
    # not hashlib, which loads OpenSSL
    for name in ("_sha2", "_sha256", "hashlib"):
        try:
            return __import__(name).sha256
        except ImportError:
            pass


sha256 = _sha256()


# The source. --------------------------------------------------------------------------------------


def _children(node):
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            yield value
        elif isinstance(value, list):
            for v in value:
                if isinstance(v, ast.AST):
                    yield v


def _walk(node):
    stack = [node]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(_children(node))


def _located(node, like):
    """The node, where the other one is."""
    node.lineno, node.col_offset = like.lineno, like.col_offset
    node.end_lineno, node.end_col_offset = like.end_lineno, like.end_col_offset
    return node


class _Scope:
    """What encloses a definition."""

    __slots__ = ("prefix", "owner", "nested", "guarded")

    def __init__(self, prefix: str, owner, nested: bool, guarded: bool) -> None:
        self.prefix = prefix
        self.owner = owner  # qualified name of the class directly around it
        self.nested = nested  # inside a function
        self.guarded = guarded  # under `if __name__ == "__main__":`


class _Source:
    """One file's functions, found and marked."""

    def __init__(self, source: bytes, path: str, module: str, main: bool, arms: bool) -> None:
        self.arms = arms and (b"yield" in source or b"async" in source)
        self.path = os.path.realpath(path)
        self.module = module
        self.main = main
        self.tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        self.lines = source.split(b"\n")
        self.lambdas = [i for i, line in enumerate(self.lines, 1) if b"lambda" in line]
        self.text: list = []  # the lines again, as the columns count them
        self.functions: list = []
        self.source = source

    def mark(self) -> None:
        """Puts a placeholder into every function, and notes what each one is."""
        function = (ast.FunctionDef, ast.AsyncFunctionDef)
        self.add_module()
        stack = [(node, _Scope("", None, False, False)) for node in self.tree.body]
        while stack:
            node, scope = stack.pop()
            if isinstance(node, function):
                inner = _Scope(scope.prefix + node.name + ".<locals>.", None, True, scope.guarded)
                self.outside(stack, node, scope)
                stack.extend((n, inner) for n in node.body)
                self.add_function(node, scope)
            elif isinstance(node, ast.ClassDef):
                name = scope.prefix + node.name
                inner = _Scope(name + ".", name, scope.nested, scope.guarded)
                self.outside(stack, node, scope)
                stack.extend((n, inner) for n in node.body)
            elif isinstance(node, ast.Lambda):
                inner = _Scope(scope.prefix + "<lambda>.<locals>.", None, True, scope.guarded)
                stack.append((node.args, scope))
                stack.append((node.body, inner))
                self.add_lambda(node, scope)
            else:
                if self.main and not scope.prefix and self.is_guard(node):
                    scope = _Scope("", None, False, True)
                stack.extend((n, scope) for n in self.children(node))

    def is_guard(self, node) -> bool:
        """`if __name__ == "__main__":`."""
        return isinstance(node, ast.If) and any(
            isinstance(n, ast.Name) and n.id == "__name__" for n in _walk(node.test))

    def children(self, node):
        if self.has_lambda(node):
            return _children(node)
        # functions are statements, and no expression holds one
        found: list = []
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            part = getattr(node, name, None)
            if isinstance(part, list):
                found += part
        return found

    def has_lambda(self, node) -> bool:
        """Whether there may be one among its lines."""
        if not self.lambdas:
            return False
        line = getattr(node, "lineno", 0)
        at = bisect_left(self.lambdas, line)
        return at < len(self.lambdas) and (not line or self.lambdas[at] <= node.end_lineno)

    def outside(self, stack: list, node, scope: _Scope) -> None:
        """The parts of a definition that belong to what is around it."""
        if self.lambdas:
            body = {id(n) for n in node.body}
            stack.extend((n, scope) for n in _children(node)
                         if id(n) not in body and self.has_lambda(n))

    def place(self, at):
        """`-"<placeholder>"` for the function noted last, where `at` is."""
        constant = _located(ast.Constant("%s%d" % (PLACE, len(self.functions) - 1)), at)
        return _located(ast.UnaryOp(ast.USub(), constant), at)

    def insert(self, body: list, at: int, function=None) -> None:
        """A statement with the placeholder, before body[at], on the line where the body starts to
        run: tracers are to see no other."""
        where = self.start(body[at:])
        if where is None and function is not None and sys.version_info >= (3, 10):
            where = _located(ast.Pass(), function)  # it returns None where it begins
            where.lineno = where.end_lineno = min(
                [function.lineno] + [d.lineno for d in function.decorator_list])
            where.end_col_offset = where.col_offset
        where = where or body[-1]
        statement = ast.Expr(self.place(where))
        body.insert(at, _located(statement, where))

    def start(self, body: list):
        """The first statement that is compiled to anything."""
        for node in body:
            kind = type(node)
            if kind in (ast.Global, ast.Nonlocal):
                continue
            if kind is ast.AnnAssign and node.value is None and isinstance(node.target, ast.Name):
                continue
            if sys.version_info >= (3, 10):
                return getattr(node, "test", node)
            if kind is ast.Pass or kind is ast.Expr and isinstance(node.value, ast.Constant):
                continue
            if kind in (ast.If, ast.While) and isinstance(node.test, ast.Constant):
                inner = self.start(node.body if node.test.value else node.orelse)
                if inner is None:
                    continue
                return inner
            return getattr(node, "test", node)
        return None

    def note(self, node, name: str, scope: _Scope, kind: str, reason, first: int,
             signature) -> None:
        line = getattr(node, "lineno", 1)
        end = getattr(node, "end_lineno", line)
        text = b"\n".join(self.lines[line - 1:end]) + b"\n" * (end < len(self.lines))
        self.functions.append({
            "file": self.path, "module": self.module, "qualname": scope.prefix + name,
            "class": scope.owner, "kind": kind, "line": line, "end_line": end,
            "source_sha256": sha256(text).hexdigest(), "signature": signature, "main": self.main,
            "is_test": False, "replayable": reason is None, "reason": reason, "first": first,
        })

    def add_module(self) -> None:
        body = self.tree.body
        at = self.after_docstring(body)
        while at < len(body) and getattr(body[at], "module", None) == "__future__":
            at += 1
        top = _Scope("", None, False, False)
        self.note(self.tree, "<module>", top, "module", "module code", KEPT, None)
        last = len(self.lines) - (not self.lines[-1])
        self.functions[-1]["end_line"] = max(last, 1)
        self.functions[-1]["source_sha256"] = sha256(self.source).hexdigest()
        if body:
            self.insert(body, at)

    def after_docstring(self, body: list) -> int:
        first = body[0].value if body and isinstance(body[0], ast.Expr) else None
        return int(isinstance(first, ast.Constant) and isinstance(first.value, str))

    def add_function(self, node, scope: _Scope) -> None:
        kind, first, reason = "function", KEPT, None
        decorators = [self.dotted(d) for d in node.decorator_list]
        if scope.owner is not None:
            kind, first = self.method_kind(node.name, decorators)
            if any(d.endswith(".deleter") for d in decorators):
                reason = "deletes a property"
        if scope.nested:
            kind, reason = "nested", "defined inside a function"
        elif scope.guarded:
            reason = "defined only where the file is the program"
        elif "overload" in decorators or "typing.overload" in decorators:
            reason = "only declares a signature"
        self.note(node, node.name, scope, kind, reason, first, self.signature(node.args))
        self.insert(node.body, self.after_docstring(node.body), node)
        if self.arms and (isinstance(node, ast.AsyncFunctionDef) or self.yields(node)):
            arm = ast.Constant("%s%d" % (ARM, len(self.functions) - 1))
            node.decorator_list.append(_located(arm, node))

    def yields(self, node) -> bool:
        """Whether calling it makes a generator."""
        stack = list(node.body)
        while stack:
            n = stack.pop()
            if isinstance(n, (ast.Yield, ast.YieldFrom)):
                return True
            if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)):
                stack += n.decorator_list + n.args.defaults + [d for d in n.args.kw_defaults if d]
            elif not isinstance(n, ast.Lambda):
                stack.extend(_children(n))
        return False

    def method_kind(self, name: str, decorators: list) -> tuple:
        for d in decorators:
            last = d.rpartition(".")[2]
            if last in ("setter", "getter", "deleter") and "." in d or last.endswith("property"):
                return "property", KEPT
            if last.endswith("classmethod"):
                return "classmethod", CLASS_DROPPED
            if last.endswith("staticmethod"):
                return "staticmethod", KEPT
        if name in ("__init_subclass__", "__class_getitem__"):
            return "classmethod", CLASS_DROPPED
        if name == "__new__":
            return "staticmethod", KEPT
        if name == "__init__":
            return "constructor", INSTANCE_DROPPED
        return "method", KEPT

    def add_lambda(self, node, scope: _Scope) -> None:
        self.note(node, "<lambda>", scope, "lambda", "a lambda has no name to call it by", KEPT,
                  self.signature(node.args))
        # the probe is true
        node.body = _located(ast.BoolOp(ast.And(), [self.place(node.body), node.body]), node.body)

    def dotted(self, node) -> str:
        parts: list = []
        if isinstance(node, ast.Call):
            node = node.func
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            parts.append(node.id)
        return ".".join(reversed(parts))

    def signature(self, args) -> list:
        positional = getattr(args, "posonlyargs", []) + args.args
        defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
        found = []
        for i, (arg, default) in enumerate(zip(positional, defaults)):
            kind = "positional_only" if i < len(args.posonlyargs) else "positional_or_keyword"
            found.append((arg, kind, default))
        if args.vararg:
            found.append((args.vararg, "var_positional", None))
        found += [(a, "keyword_only", d) for a, d in zip(args.kwonlyargs, args.kw_defaults)]
        if args.kwarg:
            found.append((args.kwarg, "var_keyword", None))
        return [{"name": a.arg, "kind": kind, "default": d and self.segment(d)}
                for a, kind, d in found]

    def segment(self, node) -> str:
        """The source of an expression; columns count bytes of UTF-8."""
        if not self.text:
            self.text = [line.encode() for line in external.decode_source(self.source).split("\n")]
        lines = self.text[node.lineno - 1:node.end_lineno]
        lines[-1] = lines[-1][:node.end_col_offset]
        lines[0] = lines[0][node.col_offset:]
        return b"\n".join(lines).decode()


def unwarned(path: str):
    """While the file is compiled once more than it would have been."""
    return byname.quiet(SyntaxWarning, DeprecationWarning, place=path[:-3])


def stem(path: str) -> str:
    """The name a file has as a module."""
    return os.path.splitext(os.path.basename(path))[0]


def _codes(code: CodeType):
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack.extend(c for c in code.co_consts if type(c) is CodeType)


def _place_in(code: CodeType):
    """(the index of its placeholder among its constants, its function), or None."""
    for i, c in enumerate(code.co_consts):
        if type(c) is str and c.startswith(PLACE):
            return i, int(c[len(PLACE):])
    return None


def transform(source: bytes, path: str, module: str, main: bool, arms: bool) -> tuple:
    """(code with placeholders, [(JSON of a function, name, reason, first, owner)]). May raise.
    arms: functions that make generators have a decorator more, which is to become their probe."""
    marked = _Source(source, path, module, main, arms)
    marked.mark()
    code = compile(marked.tree, path, "exec", dont_inherit=True)
    functions = []
    flags = {}
    for c in _codes(code):
        place = _place_in(c)
        if place:
            flags[place[1]] = c.co_flags
    for i, f in enumerate(marked.functions):
        first = f.pop("first")
        owner = f["class"] and ("__main__" if main else module, f["class"])
        if f["kind"] in ("function", "method"):
            for flag, kind in ((GENERATOR, "generator"), (COROUTINE, "coroutine"),
                               (ASYNC_GENERATOR, "asyncgenerator")):
                if flags.get(i, 0) & flag:
                    f["kind"] = kind
        functions.append((_json(f)[1:].encode("ascii"), f["qualname"], f["reason"], first, owner))
    return code, functions


class Cache:
    """Transformed modules, kept in the user's cache directory from run to run."""

    def __init__(self, hasher) -> None:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
        self.folder = os.path.join(base, "codeflash", "python-%x-%d" % (
            sys.hexversion >> 16, sys.flags.optimize))
        self.hasher = hasher
        self.usable = os.path.isabs(base)

    def key(self, source: bytes, path: str, module: str, arms: bool) -> tuple:
        """(name of the file, what must match in it)."""
        where = self.hasher(os.fsencode(path), digest_size=16).hexdigest()
        return where, (VERSION, path, module, arms, self.hasher(source, digest_size=16).digest())

    def get(self, key: tuple):
        try:
            with open(os.path.join(self.folder, key[0]), "rb") as f:
                what, code, functions = marshal.load(f)
        except (OSError, ValueError, EOFError, TypeError):
            return None
        return (code, functions) if what == key[1] else None

    def put(self, key: tuple, made: tuple) -> None:
        path = os.path.join(self.folder, key[0])
        part = "%s.%d" % (path, os.getpid())
        try:
            if self.usable:
                os.makedirs(self.folder, 0o700, exist_ok=True)
                with open(part, "wb") as f:
                    f.write(marshal.dumps((key[1],) + made))
                os.replace(part, path)
        except (OSError, ValueError):
            self.usable = False  # it is only a convenience


# Modules. -----------------------------------------------------------------------------------------


class Importer:
    """Decides which files are the project's, and loads them with probes."""

    def __init__(self, recorder, module_root: str, tests_root: str, only: list, cache,
                 at_creation: bool = False) -> None:
        self.at_creation = at_creation  # generators are captured when they are made
        self.arms = at_creation and not creation.AHEAD
        self.recorder = recorder
        self.root = os.path.join(os.path.realpath(module_root), "")
        self.tests = os.path.join(os.path.realpath(tests_root), "") if tests_root else ""
        if self.root.startswith(self.tests):
            self.tests = ""  # the tests are all there is
        self.only = only
        self.cache = cache
        self.folders: dict = {}
        self.main_modules: set = set()  # the modules that are the program
        self.ran: dict = {}  # by path and code: see executed()

    @importlib_frame
    def wants(self, path: str) -> bool:
        """Whether the file is the project's own source."""
        path = os.path.realpath(path)
        if not path.startswith(self.root) or self.tests and path.startswith(self.tests):
            return False
        folder, name = os.path.split(path)
        if name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py"):
            return False
        return self.owns(folder)

    @importlib_frame
    def inside(self, path: str) -> bool:
        """Whether the file is the project's, tests and all."""
        path = os.path.realpath(path)
        return path.startswith(self.root) and self.owns(os.path.dirname(path))

    @importlib_frame
    def owns(self, folder: str) -> bool:
        known = self.folders.get(folder)
        if known is None:
            parent = os.path.dirname(folder)
            inside = parent != folder and len(folder) >= len(self.root)
            known = self.folders[folder] = not inside or (
                os.path.basename(folder) not in SKIP
                and not os.path.exists(os.path.join(folder, "pyvenv.cfg"))
                and self.owns(parent))
        return known

    @importlib_frame
    def instrument(self, source: bytes, path: str, module: str, main: bool = False):
        """The file's code with probes, or None (said in the ledger) when that cannot be made."""
        self.recorder.pause()
        try:
            if main:
                return self.link(*transform(source, path, module, main, self.arms))
            return self.link(*self.compiled(source, path, module))
        except Exception as error:
            if fallback.signalled(type(error), error.__traceback__):
                raise
            reason = type(error).__name__
            if isinstance(error, SyntaxError):
                reason = "syntax error in line %s" % error.lineno
            self.recorder.loss("%s runs without probes: %s" % (os.path.basename(path), reason))
            return None
        finally:
            self.recorder.resume()

    def executed(self, code: object, names: dict):
        """For a file that was compiled by a profiler, a debugger or runpy, which are to run it among
        those names: its code with probes. None where it is anything else."""
        if type(code) is not CodeType or code.co_name != "<module>":
            return None
        if getattr(names.get("__spec__"), "_initializing", False):
            return None  # imported: get_code() has seen it
        path = code.co_filename
        if not path.endswith(".py") or not self.wants(path) or any(map(byname.is_probe, code.co_consts)):
            return None
        if (path, code) not in self.ran:
            with open(path, "rb") as f:
                source = f.read()
            with unwarned(path):
                as_it_is = compile(source, path, "exec", dont_inherit=True) == code
                again = self.instrument(source, path, stem(path), True) if as_it_is else None
            if not as_it_is:
                self.recorder.loss(
                    "%s runs without probes: compiled in another way" % os.path.basename(path))
            self.ran[path, code] = again
        return self.ran[path, code]

    def compiled(self, source: bytes, path: str, module: str) -> tuple:
        """transform(), or what it was the last time, quietly, as the import system does it."""
        key = self.cache.key(source, path, module, self.arms)
        made = self.cache.get(key)
        if made is None:
            with unwarned(path):
                made = transform(source, path, module, False, self.arms)
            self.cache.put(key, made)
        return made

    def link(self, code: CodeType, functions: list) -> CodeType:
        """The code with the placeholders replaced by probes."""
        probes = self.recorder.add_file([f[0] for f in functions])
        return self.replace(code, 0, functions, probes)

    def replace(self, code: CodeType, function: int, functions: list, probes: list) -> CodeType:
        place = _place_in(code)
        constants = list(code.co_consts)
        moved = None
        if place:
            function = place[1]
            if self.at_creation and code.co_flags & MAKES and code.co_name != "<lambda>":
                moved = creation.move(code, place[0])
                if self.arms and moved is None:
                    raise RuntimeError("a generator of an unknown form")
            constants[place[0]] = probes[function]
        for i, c in enumerate(constants):
            if type(c) is CodeType:
                constants[i] = self.replace(c, function, functions, probes)
            elif type(c) is str and c.startswith(ARM):
                constants[i] = probes[int(c[len(ARM):])]
        code = (moved or code).replace(co_consts=tuple(constants))
        table = code.co_linetable if sys.version_info >= (3, 10) else code.co_lnotab
        self.recorder.code(code, probes[function].id, not place, code.co_firstlineno, table)
        if place:
            _json_text, name, reason, first, owner = functions[function]
            probes[function].bind(code, reason or self.not_selected(name), first, owner,
                                  creation.AHEAD and moved is not None)
        return code

    def not_selected(self, name: str):
        """The reason when only some functions are wanted and this is not one of them."""
        if not self.only:
            return None
        last = name.rpartition(".")[2]
        return None if name in self.only or last in self.only else "not selected"


def install(importer: Importer):
    """Has the import system load the project's modules through the importer, until what is returned
    is called."""
    loader = external.SourceLoader
    original = loader.get_code
    to_code = loader.source_to_code

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        # a loader that compiles in its own way goes on doing so
        if type(self).source_to_code is to_code and importer.wants(path):
            try:
                source = self.get_data(path)
            except OSError:
                return original(self, fullname)
            code = importer.instrument(source, path, fullname, fullname in importer.main_modules)
            if code is not None:
                return code
        return original(self, fullname)

    loader.get_code = importlib_frame(get_code)

    def uninstall() -> None:
        # not when another hook has been put over it
        if loader.__dict__["get_code"] is get_code:
            loader.get_code = original

    return uninstall
