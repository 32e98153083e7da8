# SPDX-License-Identifier: Apache-2.0
"""A recorded program behaves as it does alone: output, errors, status, signals, what it can see."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

SAME = {
    "prints": "print('hello')",
    "stdin": "import sys; print(sys.stdin.read().upper())",
    "names": """
import sys
print(sorted(globals()), __name__, __spec__, __file__, __doc__, __package__, __loader__.__class__)
print(sys.argv, sys.path[0], [p for p in sys.path if 'codeflash' in p])
print(getattr(sys, 'orig_argv', [0, 0])[1:], sys.flags, sys.excepthook is sys.__excepthook__)
print(sys.modules['__main__'].__dict__ is globals())
""",
    "environment": "import os; print(sorted(os.environ.items()))",
    "docstring": '"""The text."""\nprint(__doc__)\ndef f():\n    "f\'s"\nprint(f.__doc__, f())',
    "exit 7": "import sys\nsys.exit(7)",
    "exit with words": "import sys\nsys.exit('no good')",
    "exit in a function": "def f():\n    raise SystemExit(3)\nf()",
    "os._exit": "import os, sys\nprint('a', flush=True)\nos._exit(9)",
    "raises": "def f(x):\n    return 1 / x\n\n\ndef g():\n    f(0)\n\n\ng()",
    "raises from": "def f():\n    try:\n        {}['k']\n    except KeyError as e:\n        raise ValueError('v') from e\nf()",
    "raises while handling": "def f():\n    try:\n        {}['k']\n    except KeyError:\n        1/0\nf()",
    "syntax error": "def f(:\n    pass\n",
    "bad encoding": None,
    "syntax error in a module": "import broken",
    "import error": "import nothing_of_that_name",
    "error while importing": "import fails",
    "excepthook": "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t, v, tb.tb_lineno, tb.tb_frame.f_code.co_name)\n1/0",
    "interrupt": "import os, signal\ndef f():\n    os.kill(os.getpid(), signal.SIGINT)\n    for i in range(10**9): pass\nf()",
    "warning": "import re\ndef f():\n    return '\\d' is 1\nf()",
    "generators": """
import asyncio
def gen(n):
    got = yield n
    yield got
g = gen(3); print(next(g), g.send('x'))
async def co(): await asyncio.sleep(0); return 4
async def agen():
    for i in range(3): yield i
async def main(): print(await co(), [x async for x in agen()])
asyncio.run(main())
""",
    "introspection": """
import inspect, functools
def f(a, b=2, *c, d, **e):
    '''doc'''
    global z
    z = 1
    return sorted(locals())
print(inspect.signature(f), inspect.getsource(f), f(1, d=3), f.__code__.co_firstlineno, f.__code__.co_varnames)
print(f.__code__.co_argcount, f.__defaults__, f.__kwdefaults__, f.__doc__, f.__qualname__)
h = lambda x, y=1: (yield x)
print(list(h(3)), (lambda: 0)(), (lambda *a, **k: (a, k))(1, b=2))
class C:
    x = [i for i in range(3)]
    y = lambda self: [self.x for _ in range(2)]
print(C().y())
def empty(): pass
def only_doc(): 'text'
print(empty(), only_doc(), only_doc.__doc__)
""",
    "cells": """
def outer(a, *args, k, **kw):
    def inner(): return a, args, k, kw
    a += 1
    return inner
print(outer(1, 2, k=3, z=4)())
class A:
    def __init__(self): self.v = 1
    def m(self, x):
        f = lambda: (self.v, x, __class__)
        return f()
class B(A):
    def __init__(self): super().__init__(); self.w = [super(B, self).m(i) for i in range(2)]
print(B().w)
""",
    "recursion error": "def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError as e:\n    print('deep', str(e)[:30])",
    "atexit": "import atexit, sys\natexit.register(print, 'last')\nprint('first')\nsys.exit(2)",
    "threads at exit": "import threading, time\ndef f():\n    time.sleep(.1); print('thread')\nthreading.Thread(target=f).start()\nprint('main')",
    "marshal and copy": "import copy, pickle\ndef f(): return 1\nprint(copy.deepcopy(f)(), pickle.loads(pickle.dumps(f))())",
    "finalizer": "import sys\nclass R:\n    def __del__(self): print('gone', self.n)\ndef f(r, n):\n    r.n = n\n    del r\n    print('after')\nfor i in range(30): f(R(), i)",
}


@pytest.fixture
def scripted(project):
    project.write("broken.py", "x = (1,\ndef f(:\n")
    project.write("fails.py", "def f():\n    raise OSError('no')\n\n\nf()\n")
    return project


@pytest.mark.parametrize("case", SAME)
def test_a_script_behaves_as_it_does_alone(scripted, case):
    if SAME[case] is None:
        path = os.path.join(scripted.folder, "script.py")
        with open(path, "wb") as f:
            f.write(b"x = 1\ny = '\xe9'\n")
    else:
        scripted.write("script.py", SAME[case])
    words = ("script.py", "--flag", "a b", "-m", "--help")
    plain = scripted.plain(*words, input=b"text")
    traced = scripted.record(*words, input=b"text")
    assert (traced.stdout, traced.stderr, traced.status) == (plain.stdout, plain.stderr, plain.status)
    assert traced.spools


SHAPES = {
    "module": ("-m", "pkg.tool", "x", "--help"),
    "package": ("-m", "pkg", "-c", "y"),
    "module that is not there": ("-m", "pkg.nothing"),
    "module of the library": ("-m", "json.tool"),
    "command": ("-c", "import sys, helper; print(sys.argv, sys.path[0] == '', __name__, sorted(globals())); helper.f(1)", "-x"),
    "command that raises": ("-c", "def f():\n    1/0\nf()"),
    "command that is wrong": ("-c", "1 +"),
    "folder": ("folder", "a"),
    "dotted path": ("./folder/../run.py", "1"),
    "flags": ("-u", "-W", "error", "-X", "utf8", "-Bs", "run.py"),
    "isolated": ("-I", "run.py"),
    "isolated module": ("-I", "-m", "json.tool"),
    "optimised": ("-OO", "run.py"),
    "no site": ("-S", "run.py"),
    "raising module": ("-m", "pkg.bad"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_command_line(project, shape):
    see = ("import sys\nif __name__ == '__main__':\n    print(sys.argv, sys.path[:2], __name__, "
           "__spec__ and __spec__.name, __package__, __file__, getattr(sys, 'orig_argv', [1])[1:], sys.flags, "
           "sorted(globals()))\n    assert 1, 'x'\n")
    project.write("pkg/__init__.py", "from . import other\n")
    project.write("pkg/__main__.py", see)
    project.write("pkg/tool.py", see)
    project.write("pkg/other.py", "def f(): return 1\n")
    project.write("pkg/bad.py", "def f():\n    raise ValueError(1)\n\n\nf()\n")
    project.write("folder/__main__.py", "import near\n" + see)
    project.write("folder/near.py", "def f(): return 1\n")
    project.write("helper.py", "def f(x): return x\n")
    project.write("run.py", see)
    words = SHAPES[shape]
    plain = project.plain(*words, input=b"{}")
    traced = project.record(*words, input=b"{}")
    assert (traced.stdout, traced.stderr, traced.status) == (plain.stdout, plain.stderr, plain.status)
    assert traced.spools


def test_no_bytecode_is_written_into_the_project(project):
    project.env.pop("PYTHONDONTWRITEBYTECODE")
    project.write("helper.py", "def f(x): return x\n")
    project.write("script.py", "import helper\nhelper.f(1)\n")
    before = sorted(os.listdir(project.folder))
    assert project.record("script.py").status == 0
    assert sorted(os.listdir(project.folder)) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_signal_kills_it_and_what_was_recorded_stays(project, number):
    project.write("script.py", "import time\ndef work(n):\n    return n * 2\nfor i in range(5000):\n    work(i)\n"
                  "print('ready', flush=True)\nfor i in range(300):\n    time.sleep(.1)\n")
    argv, env, folder = project.start(["script.py"])
    child = subprocess.Popen(argv, cwd=project.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout.readline() == b"ready\n"
    time.sleep(.4)
    child.send_signal(number)
    child.communicate(timeout=20)
    assert child.returncode == -number
    from spool import read

    s, = read(folder)
    assert s.count("work") == 5000 and s.captured("work")
    assert s.total[s.name("<module>")] > 0
    assert s.state == (1 if number == signal.SIGINT else 0)
