# SPDX-License-Identifier: Apache-2.0
"""Programs with threads, children and other tools about them: they behave as they do alone, and every
call is counted, in whichever process it was."""

from __future__ import annotations

import collections
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import interpreters  # noqa: E402

HELPER = "import sys\ndef f(n): return n\nif __name__ == '__main__': print('helper', f(sys.argv[1:]), sys.flags)\n"

# By name: the program, with helper.py beside it, and how often each function of both is called.
SCRIPT = "from helper import f\ndef g(n): return f(n)\nclass A:\n    def m(self): return [g(i) for i in (1, 2)]\nprint(A().m(), __name__)\n"
RUN = {"f": 2, "g": 2, "A.m": 1}
PROGRAMS = {
    # Threads and tasks.
    "many threads": ("import threading\nfrom helper import f\ndef g():\n    for i in range(100): f(i)\n"
                     "ts = [threading.Thread(target=g) for _ in range(50)]\nfor t in ts: t.start()\nfor t in ts: t.join()\n", {"f": 5000, "g": 50}),
    "daemon threads": ("import threading, time\nfrom helper import f\ne = threading.Event()\ndef g():\n    for i in range(10): f(i)\n    e.set()\n    while True: time.sleep(.01)\n"
                       "threading.Thread(target=g, daemon=True).start()\ne.wait(); print('out')\n", {"f": 10, "g": 1}),
    "daemon threads that never rest": ("import threading, time\nfrom helper import f\ndef g():\n    while True: f(1)\n"
                                       "for i in range(4): threading.Thread(target=g, daemon=True).start()\ntime.sleep(.2); print('out')\n", {"g": 4}),
    "thread pool": ("import concurrent.futures as c\nfrom helper import f\nwith c.ThreadPoolExecutor(8) as e: print(sum(e.map(f, range(500))))\n", {"f": 500}),
    "thread-local, timers": ("import threading\nfrom helper import f\nl = threading.local()\ndef g(): l.x = f(1); print(l.x)\nt = threading.Timer(.01, g); t.start(); t.join(); print(hasattr(l, 'x'))\n", {"f": 1, "g": 1}),
    "asyncio": ("import asyncio\nfrom helper import f\nasync def co(n):\n    await asyncio.sleep(0)\n    return f(n)\nasync def main():\n    loop = asyncio.get_running_loop()\n"
                "    t = asyncio.ensure_future(co(1)); c = asyncio.ensure_future(co(2))\n    await asyncio.sleep(0); c.cancel()\n    print(await asyncio.gather(*[co(i) for i in range(100)]), await t)\n"
                "    print(await asyncio.gather(*[loop.run_in_executor(None, f, i) for i in range(50)]))\nasyncio.run(main())\n", {"f": 151, "co": 102, "main": 1}),
    # Its own stack.
    "looks at its stack": ("import inspect, sys, traceback, warnings\nfrom helper import f\ndef g():\n    traceback.print_stack()\n    print(len(inspect.stack()), sys._getframe(1).f_back)\n    warnings.warn('x', stacklevel=3)\n"
                           "g(); warnings.warn('y', stacklevel=2)\nprint(f(sys._getframe().f_back))\n", {"f": 1, "g": 1}),
    # Forks.
    "forks, where a warning is an error": ("import logging, os\nfrom helper import f\nos.register_at_fork(after_in_parent=lambda: [f(i) for i in range(100)])\nfor i in range(3):\n    if os.fork() == 0: os._exit(0)\n    os.wait()\n", {"f": 300}),
    "a double fork": ("import os, sys\nfrom helper import f\nf(1)\npid = os.fork()\nif pid == 0:\n    f(2)\n    if os.fork() == 0:\n        f(3)\n        os._exit(0)\n    os.wait(); f(4)\n    os._exit(3)\n"
                      "print(os.waitpid(pid, 0)[1] >> 8)\n", {"f": 4}),
    "a fork in a thread": ("import os, threading, warnings\nwarnings.simplefilter('ignore')\nfrom helper import f\ndef g():\n    if os.fork() == 0:\n        f(1); os._exit(0)\n    os.wait(); f(2)\nt = threading.Thread(target=g); t.start(); t.join(); f(3)\n", {"f": 3, "g": 1}),
    "a daemon": ("import os, sys, time\nfrom helper import f\nr, w = os.pipe()\nif os.fork() == 0:\n    os.setsid()\n    if os.fork(): os._exit(0)\n    os.chdir('/')\n    n = os.open(os.devnull, os.O_RDWR)\n    for i in range(3): os.dup2(n, i)\n    os.closerange(w + 1, 256)\n"
                 "    f(1); os.write(w, b'x'); os._exit(0)\nos.close(w)\nos.wait(); print(os.read(r, 1), os.read(r, 1)); f(2)\n", {"f": 2}),
    "many forked children": ("import os\nfrom helper import f\nfor i in range(%(forks)d):\n    if os.fork() == 0:\n        f(i); os._exit(i %% 7)\n    assert os.wait()[1] >> 8 == i %% 7\n", {"f": "forks"}),
    "many Python children": ("import subprocess, sys\nfrom helper import f\nfor i in range(%(children)d): subprocess.check_call([sys.executable, '-c', 'import helper; helper.f(1)'])\n", {"f": "children"}),
    "multiprocessing": ("import multiprocessing as mp, concurrent.futures as c, sys\nfrom helper import f\ndef work(q, n): q.put(f(n))\nif __name__ == '__main__':\n"
                        "    for how in ('fork', 'spawn', 'forkserver'):\n        m = mp.get_context(how)\n        q = m.Queue()\n        ps = [m.Process(target=work, args=(q, i)) for i in range(2)]\n        for p in ps: p.start()\n"
                        "        print(sorted(q.get() for p in ps))\n        for p in ps: p.join()\n        print([p.exitcode for p in ps])\n"
                        "        with c.ProcessPoolExecutor(2, mp_context=m) as e: print(list(e.map(f, range(6))))\n"
                        "    with mp.Manager() as m:\n        d = m.dict(); d['a'] = f(1); print(dict(d))\n", {"f": 3 * 8 + 1, "work": 6}),
    "a worker that dies": ("import multiprocessing as mp, os\nfrom helper import f\ndef die(n): f(n); os._exit(n)\ndef kill(n): f(n); os.kill(os.getpid(), 9)\nif __name__ == '__main__':\n"
                           "    ps = [mp.get_context('fork').Process(target=t, args=(5,)) for t in (die, kill)]\n    for p in ps: p.start()\n    for p in ps: p.join()\n    print([p.exitcode for p in ps])\n", {"f": 2}),
    # Pythons that it starts.
    "Pythons started in every way": ("import os, subprocess, sys\npy = sys.executable\nfor words in (['helper.py', 'a'], ['-m', 'helper'], ['-c', 'import helper; helper.f(1)'], ['-u', '-X', 'utf8', 'helper.py']):\n"
                                     "    print(subprocess.run([py] + words, stdout=subprocess.PIPE, close_fds=False).stdout)\n"
                                     "print(subprocess.check_output(py + ' helper.py b | cat', shell=True))\nsys.stdout.flush()\nos.system('exec ' + py + ' helper.py c')\n"
                                     "os.waitpid(os.posix_spawn(py, [py, 'helper.py', 'd'], {}), 0)\nos.waitpid(os.posix_spawn(py, [py, 'helper.py', 'e'], os.environ), 0)\nos.spawnv(os.P_WAIT, py, [py, 'helper.py', 'f'])\n"
                                     "print(subprocess.check_output([py, 'helper.py', 'g'], env={}))\n", {"f": 10}),
    "os.exec": ("import os, sys\nfrom helper import f\nf(1)\nif sys.argv[1:] != ['again']: os.execv(sys.executable, [sys.executable, 'script.py', 'again'])\nos.execl(sys.executable, 'python', '-m', 'helper')\n", {"f": 3}),
    "os.exec with an environment": ("import os, sys\nfrom helper import f\nf(1)\nos.execve(sys.executable, [sys.executable, 'helper.py'], {'A': 'b'})\n", {"f": 2}),
    "os.posix_spawnp, os.spawnve": ("import os, sys\npy = sys.executable\nos.waitpid(os.posix_spawnp(py, [py, 'helper.py'], {'A': 'b'}), 0)\nos.spawnve(os.P_WAIT, py, [py, 'helper.py'], {})\n", {"f": 2}),
    "Pythons that ignore the environment": ("import subprocess, sys\nfor flag in ('-I', '-E', '-S', '-sE', '-IS'):\n    print(subprocess.check_output([sys.executable, flag, 'helper.py']))\n"
                                            "print(subprocess.check_output([sys.executable, '-E', '-c', 'import helper; helper.f(1)']), subprocess.check_output([sys.executable, '-Em', 'helper']))\n", {"f": 7}),
    "a child that runs another": ("import subprocess, sys\nif len(sys.argv) < 4: subprocess.check_call([sys.executable, __file__] + sys.argv[1:] + ['x'])\nfrom helper import f\nprint(f(sys.argv))\n", {"f": 4}),
    # Surroundings changed under it.
    "every descriptor closed": ("import os\nfrom helper import f\nos.closerange(0, 256)\nfor i in range(100): f(i)\nos._exit(4)\n", {"f": 100}),
    "every descriptor closed, an orderly end": ("import os, sys\nfrom helper import f\nsys.stdout.flush()\nos.closerange(3, 65536)\nfor i in range(100): f(i)\nif os.fork() == 0: f(1); os._exit(0)\nos.wait()\n", {"f": 101}),
    "the working directory removed": ("import os, tempfile\nfrom helper import f\nd = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)\nf(1)\nif os.fork() == 0: f(2); os._exit(0)\nos.wait()\ntry: os.getcwd()\nexcept OSError: print('gone')\n", {"f": 2}),
    "streams, hooks and imports replaced": ("import builtins, io, sys, importlib\nimport helper\nbefore = builtins.__import__\ndef imp(name, *a, **k):\n    seen.append(name)\n    return before(name, *a, **k)\nseen = []\nbuiltins.__import__ = imp\n"
                                            "out = sys.stdout; sys.stdout = sys.stderr = io.StringIO()\nhelper.f(1); print('hidden'); import json.tool\nsys.stdout = out\n"
                                            "class Finder:\n    @staticmethod\n    def find_spec(name, path, target=None): seen.append('?' + name)\nsys.meta_path.insert(0, Finder)\nimport colorsys\nsys.meta_path[:] = [Finder] + sys.meta_path[-1:]\nhelper = importlib.reload(helper); helper.f(2)\n"
                                            "del sys.modules['helper']; import helper as again; again.f(3)\nprint(again is helper, [n for n in seen if n.strip('?_.') in ('codeflash', 'pickle', 'marshal', 'byname', 'fallback', 'typing')])\n"
                                            "sys.excepthook = lambda *a: out.write('hook %s\\n' % a[1])\n1 / 0\n", {"f": 3}),
    "modules taken away": ("import sys\nfrom helper import f\nfor name in list(sys.modules):\n    if name.split('.')[0] not in ('sys', 'builtins', '__main__', 'encodings', 'io', '_io'): del sys.modules[name]\nfor i in range(30): f([i])\nprint('still', 'json' in sys.modules)\n", {"f": 30}),
    "standard modules shadowed": ("import os, sys\nopen('pickle.py', 'w').write('x = 1\\n'); open('sqlite3.py', 'w').write('1/0\\n'); open('marshal.py', 'w'); open('time.py', 'w')\ntry:\n    from helper import f\n    for i in range(30): f([i])\nfinally:\n    for n in ('pickle', 'sqlite3', 'marshal', 'time'): os.remove(n + '.py')\n", {"f": 30}),
    "a small address space": ("import resource\nfrom helper import f\nresource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))\nfor i in range(3000): f('x' * i)\ntry: bytes(2 << 30)\nexcept MemoryError: print('no memory')\n", {"f": 3000}),
    "small files only": ("import resource, os\nfrom helper import f\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\nfor i in range(3000): f(os.urandom(3000))\ntry:\n    with open(os.devnull + 'x' if 0 else 'big', 'wb', 0) as b:\n        while b.write(bytes(4096)): pass\nexcept OSError as e: print(e)\nos.remove('big')\n", {"f": 3000}),
    "no thread more": ("import os, resource\nfrom helper import f\nif os.getuid() == 0: os.setgid(65534); os.setuid(65534)\nresource.setrlimit(resource.RLIMIT_NPROC, (1, 1))\nfor i in range(100): f(i)\ntry: os.fork()\nexcept OSError as e: print(e)\n", {"f": 100}),
    "privileges dropped": ("import os\nfrom helper import f\nif os.getuid() == 0: os.setgroups([]); os.setgid(65534); os.setuid(65534)\nos.environ['HOME'] = '/root'\nfor i in range(10): f(i)\nif os.fork() == 0:\n    f(1); os._exit(3)\nprint(os.wait()[1])\n", {}),
    "few descriptors": ("import resource, os\nfrom helper import f\nresource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))\nfor i in range(100): f(i)\ntry: open(__file__)\nexcept OSError as e: print(e)\nif os.fork() == 0: f(1); os._exit(0)\nos.wait()\n", {}),
    "timers and alarms": ("import signal, time\nfrom helper import f\nn = [0, 0, 0]\ndef on(i):\n    def h(*a): n[i] += 1\n    return h\nsignal.signal(signal.SIGALRM, on(0)); signal.signal(signal.SIGPROF, on(1)); signal.signal(signal.SIGVTALRM, on(2))\n"
                          "signal.setitimer(signal.ITIMER_REAL, .01, .01); signal.setitimer(signal.ITIMER_PROF, .01, .01); signal.setitimer(signal.ITIMER_VIRTUAL, .01, .01)\nend = time.monotonic() + 30\nwhile min(n) < 3 and time.monotonic() < end: pass\n"
                          "for i in range(1000): f(i)\nfor t in (signal.ITIMER_REAL, signal.ITIMER_PROF, signal.ITIMER_VIRTUAL): signal.setitimer(t, 0)\nprint([x >= 3 for x in n])\n", {"f": 1000}),
    "the collector off and frozen": ("import gc\nfrom helper import f\ngc.disable(); gc.freeze()\nclass A:\n    def __del__(self): n.append(1)\nn = []\ndef g(a): return f(a)\nfor i in range(200): g(A())\nprint(gc.isenabled(), gc.get_freeze_count() > 0, len(n), gc.collect() >= 0)\n", {"f": 200, "g": 200}),
    "deep recursion": ("import sys, threading\ndef f(n): return n and f(n - 1) + 1\nsys.setrecursionlimit(5000)\nprint(f(4000))\ndef forever(n): return forever(n + 1)\ntry: forever(0)\nexcept RecursionError: print('deep')\n"
                       "class A:\n    def __repr__(self): return repr(self)\ntry: repr(A())\nexcept RecursionError: print('deep again')\nthreading.stack_size(64 << 20); sys.setrecursionlimit(20000)\nt = threading.Thread(target=lambda: print(f(15000))); t.start(); t.join()\n", {"f": 19002}),
    "how deep it may go": ("import sys\ndef d(n): return n and d(n - 1)\ndef find(n):\n    while True:\n        try: d(n)\n        except RecursionError: return n\n        n += 1\nprint(find(900))\nsys.setrecursionlimit(500)\nprint(find(400))\n", {}),
    "inputs deeper than the stack": ("import sys, threading\nsys.setrecursionlimit(10**6)\ndef f(x): return 1\nclass A: pass\nn = []\nfor i in range(60000): n = [n]\nprint(f(n))\nwhile n: n = n[0]\nthreading.stack_size(64 * 1024)\no = A()\nfor i in range(150): p = A(); p.x = o; o = p\nt = threading.Thread(target=f, args=(o,)); t.start(); t.join()\nprint('done')\n", {"f": 2}),
    "os.abort": ("import os, resource, sys\nfrom helper import f\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nfor i in range(50): f(i)\nprint('a', flush=True); os.abort()\n", {"f": 50}),
    "a fatal fault": ("import ctypes, resource\nfrom helper import f\nresource.setrlimit(resource.RLIMIT_CORE, (0, 0))\nfor i in range(50): f(i)\nctypes.string_at(8)\n", {"f": 50}),
    "an exit within threads, finalizers and handlers": ("import atexit, sys, threading, weakref\nfrom helper import f\nclass A:\n    def __del__(self): f(1)\na = A(); keep = sys.modules; keep['a'] = a\natexit.register(f, 2)\nweakref.finalize(a, f, 3)\nt = threading.Thread(target=lambda: sys.exit(5)); t.start(); t.join(); sys.exit('last words')\n", {}),
    # Other tools about it.
    "cProfile": ("import cProfile, pstats\nfrom helper import f\ndef g(n):\n    for i in range(n): f(i)\n    return [f(i) for i in (1, 2)]\np = cProfile.Profile(); p.enable(); g(50); p.disable()\nprint(sorted((k[1:], v[:2]) for k, v in pstats.Stats(p).stats.items() if 'disable' not in k[2]))\n", {"f": 52, "g": 1}),
    "sys.setprofile": ("import sys\nfrom helper import f\ndef g(x):\n    '''doc'''\n    y = [f(i) for i in x]\n    len(y)\n    return (lambda: y)()\ndef gen():\n    yield 1\nseen = []\nsys.setprofile(lambda fr, ev, arg: seen.append((ev, fr.f_code.co_name, fr.f_lineno, getattr(arg, '__name__', 0))))\ng([1, 2]); list(gen())\nsys.setprofile(None)\nprint(seen)\n", {"f": 2, "g": 1}),
    "sys.settrace": ("import sys\nfrom helper import f\ndef g(n):\n    while n:\n        n -= f(1)\n        if n > 3: continue\n    else:\n        n = 5\n    for i in range(2): n += i\n    try:\n        raise ValueError\n    except ValueError: pass\n    return n\ndef h(x):\n    for i in x:\n        yield i\ndef one(x): return x\ndef doc():\n    'doc'\n"
                     "def w():\n    while True:\n        try:\n            if seen: break\n        finally:\n            pass\nclass A:\n    def m(self):\n        with open(__file__): return (lambda z: z)(1)\nseen = []\ndef t(fr, ev, arg):\n    seen.append((ev, fr.f_code.co_name, fr.f_lineno))\n    return t\n"
                     "sys.settrace(t)\ng(5); list(h([1, 2])); one(3); doc(); w(); A().m()\nsys.settrace(None)\nprint(*[s for s in seen if s[1] not in ('open', '__init__', 'decode')], sep='\\n')\n", {"f": 5, "g": 1}),
    "opcodes traced": ("import sys\nfrom helper import f\ndef t(fr, ev, arg):\n    fr.f_trace_opcodes = True\n    return t\nsys.settrace(t)\nfor i in range(20): f(i)\nsys.settrace(None)\nprint('done')\n", {"f": 20}),
    "sys.monitoring": ("import sys\nfrom helper import f\ndef g(n):\n    while n:\n        n -= f(1)\n    return [f(i) for i in (1, 2)]\ndef gen(): yield 1\nseen = []\nif sys.version_info >= (3, 12):\n    m = sys.monitoring; E = m.events\n    m.use_tool_id(2, 'mine')\n"
                       "    for e in (E.LINE, E.PY_START, E.PY_RETURN, E.JUMP, E.BRANCH, E.CALL, E.RAISE, E.PY_YIELD, E.PY_RESUME):\n        m.register_callback(2, e, lambda code, *a, e=e: seen.append((e, code.co_name, a[0] if e == E.LINE else 0)))\n"
                       "    m.set_events(2, E.LINE | E.PY_START | E.PY_RETURN | E.JUMP | E.BRANCH | E.CALL | E.RAISE | E.PY_YIELD | E.PY_RESUME)\ng(3); list(gen())\nif sys.version_info >= (3, 12): m.set_events(2, 0)\nprint(*seen, sep='\\n')\n", {"f": 5, "g": 1}),
    "tracemalloc": ("import tracemalloc\nfrom helper import f\ntracemalloc.start(5)\nx = [f(bytes(100000)) for _ in range(30)]\nprint(tracemalloc.get_object_traceback(x[3]), 3 << 20 > tracemalloc.get_traced_memory()[0] >= 2900000)\n", {"f": 30}),
    "faulthandler": ("import faulthandler, io, sys\nfrom helper import f\nfaulthandler.enable()\nf(1)\nfaulthandler.dump_traceback_later(100); faulthandler.cancel_dump_traceback_later()\nprint(faulthandler.is_enabled())\n", {"f": 1}),
    "breakpoint()": ("import os\nfrom helper import f\nos.environ['PYTHONBREAKPOINT'] = '0'; breakpoint()\nos.environ['PYTHONBREAKPOINT'] = 'helper.f'; print(breakpoint(4))\n", {"f": 1}),
    "a script run by cProfile": (SCRIPT, RUN),
    "a script run by a debugger": (SCRIPT, RUN),
    "files that it compiles": ("import os, runpy\nopen('other.py', 'w').write('def k(a): return a\\nprint(k(3), __name__)\\n')\ndef run(code): exec(code)\nwith open('other.py') as f: code = compile(f.read(), 'other.py', 'exec')\n"
                               "exec(code); exec(code, {'__name__': 'x'}, {}); run(code); print(sorted(runpy.run_path('other.py', run_name='y')))\nexec('def z(): pass\\nz()'); exec('q = 1', {}, {}); print(eval('1 + 1'), exec('1', None))\n"
                               "try: exec(3)\nexcept TypeError as e: print(e)\nos.remove('other.py')\n", {"k": 4}),
    "code written by marshal": ("import io, marshal, os, pickle, types\nfrom helper import f\ndef g(x):\n    def h(y): return f(y) + x\n    return h\ndef gen(n): yield f(n)\n"
                                "for k in (g, gen):\n    marshal.dump(k.__code__, io.BytesIO())\n    r = types.FunctionType(marshal.loads(marshal.dumps(k.__code__)), globals())(3)\n    print(r(4) if k is g else list(r))\n"
                                "try: marshal.dumps(object())\nexcept ValueError as e: print(e)\ntry: marshal.dumps()\nexcept TypeError as e: print(e)\n"
                                "print(marshal.dumps, exec, os.system, pickle.loads(pickle.dumps(exec)) is exec, exec.__self__.__name__)\n", {"f": 2}),
    "what a handler raises while files and codes are looked at": (
        "import marshal, signal\nfrom helper import f\nclass T(Exception): pass\ndef on(*a): raise T\nsignal.signal(signal.SIGALRM, on)\ncode = compile('a = 1', __file__, 'exec')\n"
        # A loop of its own: what is raised at the jump of a loop in the try itself, 3.11 does not always catch.
        "def forever(act):\n    while True: act()\n"
        "for act in (lambda: exec(code, {}), lambda: marshal.dumps([f.__code__, {1: f.__code__}])):\n    try:\n        signal.setitimer(signal.ITIMER_REAL, .05)\n        forever(act)\n    except T: print('told')\nprint(f(1))\n", {"f": 1}),
    "warnings, shown once": ("import os, runpy, warnings\nfrom helper import f\ndef w(): warnings.warn('once')\nopen('other.py', 'w').write('x = 1\\n')\nfor i in range(3):\n    w(); runpy.run_path('other.py'); f(i)\nos.remove('other.py')\n", {"f": 3}),
    "exec in exec": ("import inspect\nfrom helper import f\ncode = compile('nest(n + 1)\\n', __file__, 'exec')\ndef nest(n): exec(code, {'nest': nest, 'n': n})\ntry: nest(0)\nexcept RecursionError: print('deep')\n"
                     "print(exec.__doc__, inspect.signature(exec), f(1))\n", {"f": 1}),
    "a debugger at the terminal": ("def f(a):\n    b = a + 1\n    return b\nimport pdb\npdb.Pdb(nosigint=True, readrc=False).set_trace()\nprint(f(1))\nprint(f(2))\n", {"f": 2}),
}
STDIN = {"a debugger at the terminal": b"b f\nc\nargs\nn\np b\nr\nl\nu\nc\nargs\nclear 1\nc\n", "a script run by a debugger": b"b g\nc\nargs\nw\nclear 1\nc\nq\n"}
WORDS = {"forks, where a warning is an error": ("-W", "error"), "a worker that dies": ("-W", "error::ResourceWarning"), "asyncio": ("-X", "dev"), "cProfile": ("-W", "error"), "thread pool": ("-bb", "-W", "error"),
         "tracemalloc": ("-X", "tracemalloc=3"), "multiprocessing": ("-u",),
         "a script run by cProfile": ("-m", "cProfile", "-o", os.devnull), "a script run by a debugger": ("-m", "pdb")}
# Under the oldest and the newest Python too: what hangs on the interpreter.
EVERYWHERE = ["many threads", "asyncio", "a double fork", "multiprocessing", "Pythons started in every way", "os.exec", "looks at its stack", "forks, where a warning is an error", "Pythons that ignore the environment",
              "every descriptor closed", "streams, hooks and imports replaced", "deep recursion", "how deep it may go", "inputs deeper than the stack", "sys.setprofile", "sys.settrace", "cProfile", "a script run by cProfile", "a script run by a debugger", "files that it compiles", "what a handler raises while files and codes are looked at", "exec in exec", "opcodes traced", "sys.monitoring"]
MANY = {"forks": 200, "children": 15}


def left_in(folder: str) -> list:
    return sorted(os.path.join(d, n) for d, _, names in os.walk(folder) for n in names)


def counted(spools: list) -> collections.Counter:
    total: collections.Counter = collections.Counter()
    for s in spools:
        for i, f in s.functions.items():
            total[f["qualname"]] += s.counts[i]
    return total


@pytest.mark.parametrize("python, case", [(p, c) for p in interpreters.pythons() for c in PROGRAMS]
                         + [(p, c) for p in interpreters.ends() for c in EVERYWHERE],
                         ids=lambda v: v if v in PROGRAMS else interpreters.name(v))
def test_a_program_behaves_as_it_does_alone_and_every_call_is_counted(project, case):
    text, counts = PROGRAMS[case]
    project.write("helper.py", HELPER)
    project.write("script.py", text % MANY if "%(" in text else text)
    words = WORDS.get(case, ()) + ("script.py",)
    plain = project.plain(*words, input=STDIN.get(case, b""))
    before = left_in(project.folder)
    traced = project.record(*words, input=STDIN.get(case, b""))
    assert (traced.stdout, traced.stderr, traced.status) == (plain.stdout, plain.stderr, plain.status)
    assert left_in(project.folder) == before
    got = counted(traced.spools)
    assert {name: got[name] for name in counts} == {name: MANY.get(n, n) for name, n in counts.items()}
