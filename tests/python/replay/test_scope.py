# SPDX-License-Identifier: Apache-2.0
"""The verb `scope`: what a candidate changes beside its function."""

import textwrap

import pytest
from codeflash import scope

BEFORE = textwrap.dedent('''
    """Words."""
    import os
    from re import compile as make

    LIMIT = 100
    table = {}

    def uniq(items, most=LIMIT, *, strict=False):
        out = []
        for x in items:
            if x not in out:
                out.append(x)
        return out

    def price(x):
        return x * 2

    def numbers():
        yield 1

    class Box(dict):
        size = 3

        @property
        def area(self):
            return self.size

        def grow(self, by: int = 1):
            self.size += by

    class Plain:
        def f(self):
            return 1

    if __name__ == "__main__":
        print(uniq([1]))
''')


def changes(*pairs, targets=("uniq",), before=BEFORE, path="words.py"):
    after = before
    for old, new in pairs:
        assert old in after
        after = after.replace(old, new, 1)
    return scope.scope({
        "files": [{"path": path, "before": before, "after": after}],
        "targets": [{"file": path, "qualname": t} for t in targets]})



FAST = ("    return out\n", "    return list(dict.fromkeys(items))\n")


@pytest.mark.parametrize("pairs, names", [
    ([FAST], []),
    ([FAST, ("import os\n", "import os\nimport bisect\n")], ["bisect"]),
    ([FAST, ("import os\n", "import bisect, os\n")], ["bisect"]),
    ([FAST, ("LIMIT = 100\n", "LIMIT = 100\n_SEEN: dict = {}\n")], ["_SEEN"]),
    ([FAST, ("def price", "def _helper(x):\n    return x\n\ndef price")], ["_helper"]),
    ([FAST, ("class Box", "class _Node:\n    pass\n\nclass Box")], ["_Node"]),
    ([FAST, ("def uniq(items, most=LIMIT", "def uniq(items: list, most: int = LIMIT")], []),
    ([FAST, ("def uniq", "@functools.lru_cache(None)\ndef uniq"), ("import os", "import functools, os")],
     ["functools"]),
    ([FAST, ("table = {}", "table = {}\ntry:\n    import numpy as np\nexcept ImportError:\n    np = None")],
     ["np"]),
    ([FAST, ("    return x * 2", "    # a comment\n    return x * 2")], []),
    ([FAST, ("def uniq(items, most=LIMIT, *, strict=False):\n",
             "def uniq(items, most=LIMIT, *, strict=False):\n    'doc'\n")], []),
    ([FAST, ("    def f(self):", "    def _g(self):\n        return 2\n\n    def f(self):")], []),
    ([("    out = []", "    uniq._area = out = []")], ["_area"]),
])
def test_what_a_candidate_may_add(pairs, names):
    assert changes(*pairs) == {"functions": [], "names": {"words.py": names}, "refused": None}


@pytest.mark.parametrize("pair, qualname", [
    (("x * 2", "x * 3"), "price"),
    (("self.size += by", "self.size -= by"), "Box.grow"),
    (("def price", "@cache\ndef price"), "price"),
])
def test_other_functions_that_change_are_named(pair, qualname):
    answer = changes(FAST, pair)
    assert answer["refused"] is None
    assert answer["functions"] == [{"file": "words.py", "qualname": qualname}]


@pytest.mark.parametrize("pair", [
    ("LIMIT = 100", "LIMIT = 10"),
    ("LIMIT = 100\n", ""),
    ("table = {}", "table = {}\nLIMIT = 10"),
    ("table = {}", "table = {}\ntable['x'] = 1"),
    ("table = {}", "table = {}\nos.environ = {}"),
    ("table = {}", "table = {}\nprint('hello')"),
    ("table = {}", "table = {}\nlen = None"),
    ("table = {}", "table = {}\n__all__ = ['uniq']"),
    ("table = {}", "table = {}\nfor LIMIT in range(3):\n    pass"),
    ("import os\n", "import sys as os\n"),
    ("import os\n", ""),
    ("import os\n", "import os\nfrom evil import *\n"),
    ("most=LIMIT", "most=3"),
    ("strict=False", "strict=True"),
    ("*, strict", "strict"),
    ("items, most", "items, /, most"),
    ("items, most", "things, most"),
    ("items, most", "items, more=1, most"),
    ("def uniq", "async def uniq"),
    ("    return list(", "    yield list("),
    ("    yield 1", "    return [1]"),
    ("    @property\n", ""),
    ("    def grow", "    @staticmethod\n    def grow"),
    ("class Box(dict)", "class Box"),
    ("class Box(dict)", "@dataclass\nclass Box(dict)"),
    ("    size = 3", "    size = 4"),
    ("    size = 3", "    size = 3\n    more = 4"),
    ("    def grow", "    def get(self, k):\n        pass\n\n    def grow"),
    ("    def f(self)", "    def __eq__(self, o):\n        return True\n\n    def f(self)"),
    ("def price(x):\n    return x * 2\n", ""),
    ("class Plain", "def price(x):\n    return 1\n\nclass Plain"),
    ("class Plain", "def table():\n    return 1\n\nclass Plain"),
    ('print(uniq([1]))', 'print(uniq([2]))'),
    ("def price(x):", "def price(x:"),
])
def test_what_no_call_can_show_is_refused(pair):
    answer = changes(FAST, pair)
    assert answer["refused"], answer
    assert answer["refused"].startswith("words.py")


def test_only_source_files_of_the_language():
    answer = changes(("hello", "hi"), before="hello", path="README.md")
    assert "not a Python source file" in answer["refused"]
