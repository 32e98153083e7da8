# SPDX-License-Identifier: Apache-2.0
"""The recorder's C half: recorder/*.c."""

from types import CodeType
from typing import Any, Callable, List, NoReturn, Optional, Tuple, TypeVar

F = TypeVar("F")

class Probe:
    """In a function's constants; negating it counts a call. Made by add_file()."""

    @property
    def id(self) -> int: ...
    @property
    def count(self) -> int: ...
    def bind(
        self, code: CodeType, reason: Optional[str], first: int, owner: Optional[Tuple[str, str]],
        ahead: bool
    ) -> None:
        """reason: why calls are not kept. first: importer.KEPT, …. owner: (module, class). ahead:
        the probe is the code's first instruction."""
    def __call__(self, function: F) -> F:
        """Has the function tell its probe of the generators it makes; before 3.11."""
    def __neg__(self) -> Probe: ...

def start(
    spool: bytes, process: bytes, quota: int, value_bytes: int, root: bool,
    hasher: Callable[..., Any], fallback: Callable[[Any, Any], Optional[str]],
    signalled: Callable[[type, Any], bool],
    how: Callable[[type], Any], reduce: Callable[[Any, Any], Any],
    cell_type: type,
    hexversion: int,
) -> None:
    """Opens this process's spool. OSError when it cannot be made."""

def stop() -> None:
    """The recording is over; start() may follow. Functions that still have probes count for nobody."""

def check(code: CodeType, argument: object, caller: CodeType) -> bool:
    """Called by a known function: whether this interpreter's stacks can be read."""

def plain_state(instance: object) -> Optional[dict]:
    """The attributes of an instance that has them without a __dict__; None of any other."""

def instances(instance: object, items: list) -> bool:
    """Called with a known instance and the items of its __dict__: whether instances can be read."""

def creation(function: Callable, another: Callable) -> bool:
    """After check(): whether generators can be captured when they are made."""

def disarm(function: Callable) -> None:
    """Undoes Probe.__call__()."""

def sample(from_here: bool) -> None:
    """Starts the thread that measures where the time goes. from_here: what is to be recorded runs
    on top of the caller's frames."""

def alone(function: Callable[..., Any], arguments: tuple) -> Any:
    """Calls it as the first of the stack: what it runs sees no frame of ours."""

def add_file(functions: List[bytes]) -> List[Probe]:
    """Names a file's functions, each CF_REC_FUNCTION's JSON without its opening brace and id."""

def code(code: CodeType, function: int, inner: bool, first_line: int, table: bytes) -> None:
    """Whose a code object is, for the time that is spent in it."""

def counts() -> bytes: ...
def changed(before: bytes) -> List[int]:
    """The functions called since counts()."""

def test(record: bytes) -> None: ...
def loss(reason: str) -> None: ...
def pause() -> None:
    """This thread works for the recorder until resume()."""

def resume() -> None: ...
def report() -> None: ...
def stop_sampling() -> None: ...
def resume_sampling() -> None:
    """Goes on as soon as the interpreter is at its next instruction."""

def after_fork() -> None:
    """In the child: a spool of its own, everything counted anew."""

def prepared(
    function: Callable[..., Any], prepare: Callable[..., tuple], name: str, doc: str) -> Any:
    """The function, its positional arguments first changed to what prepare(*args, **kwargs) returns."""

def setenv(name: bytes, value: Optional[bytes]) -> None:
    """For children: os.environ does not show it."""

def _exit(status: int) -> NoReturn: ...
