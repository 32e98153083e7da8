# SPDX-License-Identifier: Apache-2.0
"""The plugin's verb `scope` (cf-plugin.7): what a candidate changes beside the functions it is about.

Replaying a function's calls says nothing of the rest of its file. So of everything else a candidate may
only add, and only what nothing there can notice; a change to another function is reported, for its calls
to be replayed too; any other change, and a change to how a function is called, is refused. Nothing of
the user's is run: both texts are parsed.
"""

from __future__ import annotations

import ast
import builtins
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
# decorators that make something else of a function than a function
_REMAKING = {"property", "cached_property", "classmethod", "staticmethod", "contextmanager",
             "asynccontextmanager", "abstractmethod", "overload", "setter", "getter", "deleter",
             "singledispatch", "wraps", "coroutine"}


class Refused(Exception):
    """The candidate changes what no replayed call can show."""


def scope(request: Dict[str, Any]) -> Dict[str, Any]:
    """{"functions": [{"file", "qualname"}], "names": {file: [names it adds to the module or sets as
    attributes]}, "refused": reason or None}."""
    targets = {(t["file"], t["qualname"]) for t in request["targets"]}
    changed: List[Dict[str, str]] = []
    names: Dict[str, List[str]] = {}
    try:
        for file in request["files"]:
            path = file["path"]
            if not path.endswith((".py", ".pyw")):
                raise Refused("%s: not a Python source file" % path)
            if file["before"].startswith("# codeflash replay test"):
                raise Refused("%s: a replay test is not for the candidate to change" % path)
            diff = _File(path, file["before"], file["after"])
            names[path] = sorted(diff.added | diff.attributes)
            changed += [{"file": path, "qualname": name} for name in diff.changed
                        if (path, name) not in targets]
    except Refused as error:
        return {"functions": [], "names": {}, "refused": str(error)}
    return {"functions": changed, "names": names, "refused": None}


class _File:
    """Two versions of a module."""

    def __init__(self, path: str, before: str, after: str) -> None:
        self.path = path
        self.changed: List[str] = []  # qualified names of functions whose bodies differ
        trees = []
        for which, text in (("", before), (" with the candidate", after)):
            try:
                trees.append(ast.parse(text))
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                raise Refused("%s%s cannot be parsed: %s" % (path, which, error)) from None
        self.bound = set(_bound(trees[0].body))
        self.added = set(_bound(trees[1].body)) - self.bound
        known = {n.attr for n in ast.walk(trees[0]) if isinstance(n, ast.Attribute)}
        self.attributes = {  # that the original does not know: of a class, for instance
            n.attr for n in ast.walk(trees[1]) if isinstance(n, ast.Attribute)
            and isinstance(n.ctx, ast.Store)} - known - self.bound
        hidden = sorted(n for n in self.added if hasattr(builtins, n) or n in ("__all__",))
        if hidden:
            self.refuse(trees[1], "adds the name %s to the module, which already means something"
                        % hidden[0])
        self.compare(trees[0].body, trees[1].body, "", False)

    def refuse(self, node: Optional[ast.AST], what: str) -> None:
        line = getattr(node, "lineno", None)
        raise Refused("%s%s: the candidate %s" % (self.path, ":%d" % line if line else "", what))

    def compare(self, before: List[ast.stmt], after: List[ast.stmt], prefix: str,
                inherits: bool) -> None:
        """The bodies of the module or of a class; inherits: names may come from elsewhere."""
        old, new = _definitions(before), _definitions(after)
        for name, nodes in old.items():
            others = new.pop(name, [])
            if len(nodes) != len(others):
                self.refuse(others[0] if others else nodes[0], "%s %s%s" % (
                    "defines" if others else "removes", prefix, name))
            for a, b in zip(nodes, others):
                self.definition(a, b, prefix + name)
        for name, nodes in new.items():
            bound = self.bound if not prefix else set(_bound(before))
            if len(nodes) > 1 or name in bound:
                self.refuse(nodes[-1], "defines %s%s again" % (prefix, name))
            if prefix and (inherits or name.startswith("__") and name.endswith("__")):
                self.refuse(nodes[-1], "adds %s%s, which may take the place of an inherited name"
                            % (prefix, name))
        self.rest([s for s in before if not _is_definition(s)],
                  [s for s in after if not _is_definition(s)], prefix, set(_bound(before)))

    def definition(self, a: ast.stmt, b: ast.stmt, qualname: str) -> None:
        if type(a) is not type(b):
            self.refuse(b, "makes another kind of thing of %s" % qualname)
        if isinstance(a, ast.ClassDef):
            head = [[_dump(x) for x in n.bases + n.keywords + n.decorator_list] for n in (a, b)]
            if head[0] != head[1]:
                self.refuse(b, "changes the head of class %s" % qualname)
            self.compare(a.body, b.body, qualname + ".", bool(a.bases or a.keywords))
            return
        if _signature(a.args) != _signature(b.args):
            self.refuse(b, "changes the signature of %s" % qualname)
        if _yields(a) != _yields(b):
            self.refuse(b, "makes %s %sa generator" % (qualname, "no longer " if _yields(a) else ""))
        had, has = [_dump(d) for d in a.decorator_list], [_dump(d) for d in b.decorator_list]
        left = iter(had)
        wanted = next(left, None)
        for node, text in zip(b.decorator_list, has):
            if text == wanted:
                wanted = next(left, None)
            elif _last_name(node) in _REMAKING:
                self.refuse(b, "makes another kind of thing of %s" % qualname)
        if wanted is not None:
            self.refuse(b, "takes a decorator from %s" % qualname)
        if had != has or [_dump(s) for s in _without_doc(a.body)] != [
                _dump(s) for s in _without_doc(b.body)]:
            self.changed.append(qualname)

    def rest(self, before: List[ast.stmt], after: List[ast.stmt], prefix: str,
             bound: Set[str]) -> None:
        """Statements that are no definitions: those there must stay, in order; what is new may only
        bind new names."""
        imports = {_one_import(s, n) for s in after for n in _import_names(s)}
        kept = [s for s in after if not _import_names(s)]
        at = 0
        for s in before:
            if _import_names(s):
                for n in _import_names(s):
                    if _one_import(s, n) not in imports:
                        self.refuse(s, "removes the import of %s" % (n.asname or n.name))
                continue
            while at < len(kept) and _dump(kept[at]) != _dump(s):
                self.new(kept[at], s, prefix, bound)
                at += 1
            if at == len(kept):
                self.refuse(s, "changes what stands there, outside the function")
            at += 1
        for s in kept[at:]:
            self.new(s, None, prefix, bound)
        known = {_one_import(s, n) for s in before for n in _import_names(s)}
        for s in after:
            for n in _import_names(s):
                name = n.asname or n.name.split(".")[0]
                if _one_import(s, n) not in known and (name in bound or name == "*"):
                    self.refuse(s, "imports %s over what has that name" % name)

    def new(self, s: ast.stmt, instead_of: Optional[ast.stmt], prefix: str, bound: Set[str]) -> None:
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant):
            return
        if prefix:
            self.refuse(s, "adds a statement to class %s" % prefix[:-1])
        if not _only_binds(s):
            self.refuse(instead_of or s, "changes what stands there, outside the function"
                        if instead_of else "adds a statement outside the function")
        again = sorted(set(_bound([s])) & bound)
        if again:
            self.refuse(instead_of or s, "changes %s, outside the function" % again[0])


# Trees. -------------------------------------------------------------------------------------------


def _dump(node: ast.AST) -> str:
    return ast.dump(node)


def _is_definition(s: ast.stmt) -> bool:
    return isinstance(s, _FUNCTION + (ast.ClassDef,))


def _definitions(body: List[ast.stmt]) -> Dict[str, List[ast.stmt]]:
    """By name, in order: an overload or a property's setter has the name of what it adds to."""
    found: Dict[str, List[ast.stmt]] = {}
    for s in body:
        if _is_definition(s):
            found.setdefault(s.name, []).append(s)  # type: ignore[attr-defined]
    return found


def _signature(args: ast.arguments) -> Tuple:
    """Names, kinds and defaults; annotations apart."""
    def names(some: List[ast.arg]) -> List[str]:
        return [a.arg for a in some]

    return (names(args.posonlyargs), names(args.args), names(args.kwonlyargs),
            args.vararg and args.vararg.arg, args.kwarg and args.kwarg.arg,
            [_dump(d) for d in args.defaults], [d and _dump(d) for d in args.kw_defaults])


def _yields(function: ast.stmt) -> bool:
    queue: List[ast.AST] = list(function.body)  # type: ignore[attr-defined]
    for node in queue:
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            return True
        if not isinstance(node, _FUNCTION + (ast.ClassDef, ast.Lambda)):
            queue.extend(ast.iter_child_nodes(node))
    return False


def _without_doc(body: List[ast.stmt]) -> List[ast.stmt]:
    first = body[0] if body else None
    doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(
        first.value.value, str)
    return body[1:] if doc else body


def _last_name(node: ast.AST) -> str:
    while isinstance(node, ast.Call):
        node = node.func
    return getattr(node, "attr", getattr(node, "id", ""))


def _import_names(s: ast.stmt) -> List[ast.alias]:
    return s.names if isinstance(s, (ast.Import, ast.ImportFrom)) else []


def _one_import(s: ast.stmt, n: ast.alias) -> Tuple:
    return (getattr(s, "module", None), getattr(s, "level", None), n.name, n.asname)


def _only_binds(s: ast.stmt) -> bool:
    """Whether all a statement does is give values to names, or import."""
    if isinstance(s, (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(s, ast.Assign):
        return all(isinstance(n, (ast.Name, ast.Tuple, ast.List, ast.Starred, ast.Store))
                   for t in s.targets for n in ast.walk(t))
    if isinstance(s, ast.AnnAssign):
        return isinstance(s.target, ast.Name)
    if isinstance(s, ast.If):
        return all(map(_only_binds, s.body + s.orelse))
    if isinstance(s, ast.Try):
        handlers = [x for h in s.handlers for x in h.body]
        return all(map(_only_binds, s.body + handlers + s.orelse + s.finalbody))
    return _is_definition(s)


def _bound(body: List[ast.stmt]) -> Iterator[str]:
    """The names that a module's or a class's statements bind in it."""
    queue: List[ast.AST] = list(body)
    for node in queue:
        if _is_definition(node):  # type: ignore[arg-type]
            yield node.name  # type: ignore[attr-defined]
            if isinstance(node, _FUNCTION):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Global):
                        yield from inner.names
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.split(".")[0]
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name
        elif isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp,
                               ast.GeneratorExp)):
            continue
        queue.extend(ast.iter_child_nodes(node))
