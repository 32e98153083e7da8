# SPDX-License-Identifier: Apache-2.0
"""value_cases.py, compared: equal values are equal, near misses are not, and the path says where.

It is encoded by the Pythons of $VALUES_PYTHONS, paths with colons between, or by our own and the oldest
and the newest that there are; a library that one of them lacks is skipped."""

import glob
import json
import os
import re
import shutil
import subprocess
import sys

import codeflash
import pytest
from codeflash import encode, values

HERE = os.path.dirname(os.path.abspath(__file__))
PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(codeflash.__file__)))
GROUPS = ["", "zoneinfo", "newer", "numpy", "pandas", "scipy", "polars", "pyarrow", "xarray", "torch",
          "jax", "tensorflow"]


def pythons():
    if os.environ.get("VALUES_PYTHONS"):
        return os.environ["VALUES_PYTHONS"].split(":")
    found = {re.search(r"/3\.(\d+)", path).group(1): path
             for path in glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python"))}
    return [sys.executable] + [found[v] for v in ("8", "13") if v in found]


@pytest.fixture(scope="session", params=pythons(), ids=lambda p: (
    re.search(r"3\.\d+|$", p).group() or "own"))
def encoded(request, tmp_path_factory):
    """(the folder, the index) as that Python writes them."""
    folder = tmp_path_factory.mktemp("values")
    env = {**os.environ, "PYTHONPATH": PLUGIN, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [request.param, "-B", "-W", "ignore", os.path.join(HERE, "value_cases.py"), str(folder)],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=300)
    assert done.returncode == 0, done.stdout
    return folder, json.loads((folder / "index.json").read_text())


@pytest.fixture(scope="session")
def tool():
    if shutil.which("cf-verify") is None:
        pytest.skip("cf-verify is not built, or not on PATH")


def compared(folder, a, b):
    return values.ask((folder / a).read_bytes(), (folder / b).read_bytes())


@pytest.mark.parametrize("group", GROUPS)
def test_equal_values_are_equal_and_near_misses_are_not(encoded, group, tool):
    folder, index = encoded
    if group in index["missing"]:
        pytest.skip("not here: %s" % index["missing"][group])
    wrong = []
    cases = [c for c in index["cases"] if c["group"] == group]
    assert cases
    for case in cases:
        if "failed" in case:
            wrong.append("%s: %s" % (case["name"], case["failed"]))
            continue
        for text, name in case["same"]:
            answer = compared(folder, case["value"], name)
            if answer["answer"] != "equal":
                wrong.append("%s: %s is not %s: %s" % (case["name"], case["text"], text, answer))
        for text, path, name in case["other"]:
            for a, b in ((case["value"], name), (name, case["value"])):
                answer = compared(folder, a, b)
                if answer["answer"] != "different" or path not in (None, answer["path"]):
                    wrong.append("%s: %s and %s: %s, not different at %s" % (
                        case["name"], case["text"], text, answer, path))
    assert not wrong, "\n".join(wrong)


def test_what_cannot_be_looked_into_is_never_equal(encoded, tool):
    folder, index = encoded
    assert index["opaque"]
    for text, name in index["opaque"]:
        answer = compared(folder, name, name)
        assert answer["answer"] == "unknown" and answer["path"] == "value" and answer["reason"], text


def test_values_in_memory_are_compared_the_same(tool):
    assert codeflash.compare([1, {"price": 1.0}], [1, {"price": 1.0}]) is None
    found = codeflash.compare([1, {"price": 1.0}], [1, {"price": 1.1}])
    assert (found.path, found.original, found.candidate, found.reason) == (
        "value[1]['price']", "1.0", "1.1", None)
    assert str(found) == "value[1]['price']: 1.0 != 1.1"
    assert codeflash.compare(1.0, 1.1, float_rel=0.2) is None
    assert codeflash.compare({"a": 1, "b": 2}, {"a": 3, "b": 2}, ignore=["value['a']"]) is None
    with open(os.pipe()[0], "rb") as pipe:
        found = codeflash.compare([1, pipe], [1, pipe])
    assert found and found.path == "value[1]" and "an open file" in str(found)


def test_values_in_files(tmp_path, tool):
    codeflash.dump({"a": [1]}, tmp_path / "a")
    with open(str(tmp_path / "b"), "wb") as f:
        codeflash.dump({"a": [2]}, f)
    answer = compared(tmp_path, "a", "b")
    assert (answer["answer"], answer["path"]) == ("different", "value['a'][0]")


def test_trouble_with_comparing_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(encode, "MAX_NODES", 10)
    monkeypatch.setattr(encode.Encoder.__init__, "__defaults__", (10, encode.MAX_BYTES))
    with pytest.raises(ValueError, match="more than 10 objects"):
        codeflash.compare([[] for _ in range(20)], 1)
    monkeypatch.setenv("CODEFLASH_BIN", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="cf-verify"):
        codeflash.compare(1, 1)
    program = tmp_path / "cf-verify"
    program.write_text("#!/bin/sh\necho cf-verify: it broke >&2\nexit 2\n")
    program.chmod(0o755)
    with pytest.raises(ValueError, match="it broke"):
        codeflash.compare(1, 1)
