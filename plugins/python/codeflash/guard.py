# SPDX-License-Identifier: Apache-2.0
"""What a replayed call must not do to the world: an audit hook that refuses it and remembers why.

In a sandboxed worker the sandbox contains what the call does, and the hook only explains why the
network is not there and notes which files are written. Under plain pytest nothing contains it, so
writes outside a scratch directory and new processes are refused too. A hook cannot see what a C
extension does by itself.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

from . import files

NETWORK = "reaches the network: allow with --allow-network"
WRITES = "writes outside a scratch directory"
PROCESS = "starts a process"
SIGNALS = "signals another process"


class Refused(BaseException):
    """The call tried what a replay must not do. Not an Exception: code that retries or carries on
    after an error would carry on from something that never happened."""


_LOOPBACK_NAMES = {"", "localhost", "localhost.localdomain", "ip6-localhost", "0.0.0.0", "::"}


def _text(v: object) -> str:
    if isinstance(v, (bytes, bytearray)):
        return bytes(v).decode("utf-8", "surrogateescape")
    return v if isinstance(v, str) else ""


def _loopback(host: object) -> bool:
    if host is None:
        return True
    name = _text(host).partition("%")[0].lower()
    return (name in _LOOPBACK_NAMES or name.startswith("127.") or name == "::1"
            or name.startswith("::ffff:127."))


class Guard:
    """One a process: an audit hook cannot be taken out again, so it sleeps between calls."""

    def __init__(self, network: bool = False, writes: bool = True, processes: bool = True) -> None:
        """What is allowed."""
        self.active = False
        self.reason = ""  # of the first refusal since enter()
        self.files: Optional[files.Files] = None  # where writes that are allowed are noted
        self.writes = writes
        self.processes = processes
        self.scratch = _scratch()
        self.protected: set = set()  # real paths that are not scratch even where they lie in it
        checks: dict = {"os.kill": self.kill, "os.killpg": self.killpg}
        if not network:
            checks.update({
                "socket.connect": self.connect,
                "socket.sendto": self.connect,
                "socket.sendmsg": self.sendmsg,
                "socket.getaddrinfo": self.resolve,
                "socket.gethostbyname": self.resolve,
                "socket.gethostbyaddr": self.resolve,
            })
        checks.update({
            "open": self.open,
            "os.mkdir": self.at, "os.rmdir": self.there, "os.remove": self.there,
            "os.chmod": self.there, "os.chown": self.there, "os.utime": self.there,
            "os.truncate": lambda path, size: self.there(path),
            "os.setxattr": self.path, "os.removexattr": self.path, "os.rename": self.paths,
            "os.link": self.second, "os.symlink": self.second, "sqlite3.connect": self.database,
        })
        checks.update(dict.fromkeys((
            "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
            "os.forkpty", "pty.spawn"), self.process))
        find = checks.get

        def hook(event: str, args: tuple) -> None:
            if self.active:
                check = find(event)
                if check is not None:
                    check(*args)

        sys.addaudithook(hook)

    def enter(self) -> None:
        self.reason = ""
        self.active = True

    def leave(self) -> str:
        """Why the call was refused something; "" when it was not."""
        self.active = False
        return self.reason

    def refuse(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason
        raise Refused(reason)

    # Checks: they get what the audit event carries.

    def connect(self, socket: object, address: object = None, *_: object) -> None:
        if address is None:
            return
        if isinstance(address, tuple):
            if not _loopback(address[0] if address else None):
                self.refuse(NETWORK)
        else:
            name = _text(address)
            if name and not name.startswith("\0") and not self.is_scratch(name):
                self.refuse(NETWORK)

    def sendmsg(self, socket: object, address: object = None, *_: object) -> None:
        self.connect(socket, address)

    def resolve(self, host: object, *_: object) -> None:
        if not _loopback(host) and _text(host) != os.uname().nodename:
            self.refuse(NETWORK)

    def kill(self, pid: int, *_: object) -> None:
        if pid != os.getpid() and not _is_child(pid):
            self.refuse(SIGNALS)

    def killpg(self, pgid: int, *_: object) -> None:
        if not _is_child(pgid):
            self.refuse(SIGNALS)

    def process(self, *_: object) -> None:
        if not self.processes:
            self.refuse(PROCESS)

    def open(self, path: object, mode: object = None, flags: int = 0, *_: object) -> None:
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC):
            self.path(path)

    def path(self, path: object, *_: object) -> None:
        if isinstance(path, int) or path is None or (self.writes and self.files is None):
            return
        try:
            name = _text(os.fspath(path))
        except TypeError:
            return
        if self.is_scratch(name):
            return
        if not self.writes:
            self.refuse(WRITES)
        if self.files is not None:
            self.active = False  # looking at what is there is not the call's doing
            try:
                self.files.note(os.path.realpath(name))
            finally:
                self.active = True

    def is_scratch(self, name: str) -> bool:
        """Whether of all directories known the nearest above it may be written."""
        path = os.path.realpath(name)
        while True:
            if path in self.scratch:
                return True
            if path in self.protected or path in ("/", ""):
                return False
            path = os.path.dirname(path)

    def at(self, path: object, *more: object) -> None:
        """The last argument is the directory that a relative path starts from, -1 for the current."""
        self.path(_from(path, more[-1] if more else -1))

    def there(self, path: object, *more: object) -> None:
        """What must be there for anything to happen: code that tries, and minds the error, writes as
        little as code that looks first."""
        path = _from(path, more[-1] if more else -1)
        if not _missing(path):
            self.path(path)

    def paths(self, a: object, b: object, a_fd: int = -1, b_fd: int = -1) -> None:
        if _missing(_from(a, a_fd)):
            return
        self.at(a, a_fd)
        self.at(b, b_fd)

    def second(self, a: object, b: object, *fds: int) -> None:
        self.at(b, *fds)

    def database(self, name: object = "", *_: object) -> None:
        text = _text(name) if not hasattr(name, "__fspath__") else _text(os.fspath(name))
        if text in ("", ":memory:") or text.startswith("file:") and "mode=ro" in text:
            return
        self.path(text)


def _from(path: object, fd: object) -> object:
    """A path that may be relative to an open directory."""
    if isinstance(fd, int) and fd >= 0 and not isinstance(path, int) and path is not None:
        try:
            return os.path.join(os.readlink("/proc/self/fd/%d" % fd), _text(os.fspath(path)))
        except (OSError, TypeError):
            pass
    return path


def _missing(path: object) -> bool:
    try:
        return not isinstance(path, int) and path is not None and not os.path.lexists(
            os.fspath(path))  # type: ignore[call-overload]
    except (OSError, TypeError, ValueError):
        return False


def _scratch() -> set:
    """Directories in which anything may be written."""
    names = [os.environ.get(k) for k in ("TMPDIR", "TEMP", "TMP", "PYTEST_DEBUG_TEMPROOT")]
    names += ["/tmp", "/var/tmp", "/dev/shm", "/dev/null", "/dev/tty"]
    return {os.path.realpath(n) for n in names if n} - {"/"}


def _is_child(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 0:
        return False
    try:
        with open("/proc/%d/stat" % pid, "rb") as f:
            return int(f.read().rpartition(b")")[2].split()[1]) == os.getpid()
    except (OSError, ValueError, IndexError):
        return False
