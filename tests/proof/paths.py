"""Paths as a web server has them."""
from pathlib import PurePosixPath


def resolve(path, base):
    """Absolute, without "." and ".." and doubled slashes."""
    full = path if path.startswith("/") else base + "/" + path
    parts = []
    for part in full.split("/"):
        if part == "" or part == ".":
            continue
        if part == "..":
            parts = parts[:-1]
        else:
            parts = parts + [part]
    return "/" + "/".join(parts)


def common(paths):
    """The deepest folder above all of them, a path like them; None for none."""
    best = None
    for path in paths:
        above = [path] + list(path.parents)
        if best is None:
            best = above
        else:
            best = [p for p in best if p in above]
    return best[0] if best else None


def main():
    for path in ("a/./b", "/x//y/", "../up", "../../../top", "//srv/share", ".", "/", "a/..b/...", "plain"):
        resolve(path, "/home/me")
    resolve("", "")
    path = PurePosixPath
    common([path("/usr/lib/python3/os.py"), path("/usr/lib/python3/re.py"), path("/usr/lib/x")])
    common([path("a/b"), path("c")])
    common([path("/one")])
    common([path("/a"), path("b")])
    common([])


#+ resolve | a stack
def resolve(path, base):
    full = path if path.startswith("/") else base + "/" + path
    parts = []
    for part in full.split("/"):
        if part == "..":
            if parts:
                parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


#+ resolve | most paths are resolved already
def resolve(path, base):
    full = path if path.startswith("/") else base + "/" + path
    if full[:1] == "/" and full[-1] != "/" and "." not in full and "//" not in full:
        return full
    parts = []
    for part in full.split("/"):
        if part == "..":
            del parts[-1:]
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


#+ common | sets of folders
def common(paths):
    best = None
    for path in paths:
        above = {path, *path.parents}
        best = [p for p in best if p in above] if best is not None else [path, *path.parents]
    return best[0] if best else None


#- resolve | return | two slashes: posixpath keeps them at the beginning
import posixpath


def resolve(path, base):
    return posixpath.normpath(path if path.startswith("/") else base + "/" + path)


#- resolve | kind | empty stack: more ".." than folders
def resolve(path, base):
    full = path if path.startswith("/") else base + "/" + path
    parts = []
    for part in full.split("/"):
        if part == "..":
            parts.pop()
        elif part and part != ".":
            parts.append(part)
    return "/" + "/".join(parts)


#- common | return | path or text: os.path gives text
import os


def common(paths):
    if not paths or len({path.is_absolute() for path in paths}) > 1:
        return None
    return os.path.commonpath(paths) or PurePosixPath(".")
