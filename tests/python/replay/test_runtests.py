# SPDX-License-Identifier: Apache-2.0
"""The verbs `tests` and `runtests`: how a project's tests are found, and run by name."""

import os
import sys

import pytest
from codeflash import findtests

PYTEST = [sys.executable, "-m", "pytest", "tests"]
UNITTEST = [sys.executable, "-m", "unittest", "discover", "-s", "tests"]


def run(project, command, *names, modules=None):
    return project.runtests(command, names, modules or {})


def outcomes(answer):
    """By test; every one has begun before it ended."""
    begun, found = set(), {}
    assert {f.get("nonce") for f in answer.frames} == {"0123"}
    for frame in answer.frames[:-1]:
        if "outcome" in frame:
            assert frame["outcome"] == "not found" or frame["test"] in begun
            found[frame["test"]] = frame["outcome"]
        else:
            begun.add(frame["test"])
    assert answer.frames[-1].get("end") == len(found), answer.frames
    return found


SUITE = """
    import pytest


    @pytest.fixture
    def broken():
        raise RuntimeError("no")


    def test_passes():
        print("words")


    def test_fails():
        assert 1 == 2


    def test_errs(broken):
        pass


    def test_skips():
        pytest.skip("now")


    @pytest.mark.xfail
    def test_known():
        assert 0


    @pytest.mark.xfail
    def test_better():
        pass


    def test_not_asked_for():
        pass


    class TestIn:
        @pytest.mark.parametrize("text", ["a::b", "\\xe9"])
        def test_each(self, text):
            assert text
"""


def test_pytest_outcomes_by_name(project):
    project.write("tests/test_a.py", SUITE)
    names = ["test_passes", "test_fails", "test_errs", "test_skips", "test_known", "test_better",
             "test_gone", "TestIn::test_each[a::b]", "TestIn::test_each[\\xe9]"]
    answer = run(project, PYTEST, *["tests/test_a.py::" + n for n in names])
    assert list(outcomes(answer).values()) == ["not found", "passed", "failed", "error", "skipped",
                                               "xfailed", "xpassed", "passed", "passed"]
    whys = {f["test"].partition("::")[2]: f["why"] for f in answer.frames if "why" in f}
    assert whys == {"test_fails": "assert 1 == 2", "test_errs": "RuntimeError: no"}


def test_files_without_any_of_them_are_not_imported(project):
    project.write("tests/conftest.py", "import builtins\nbuiltins.FROM_CONFTEST = 1\n")
    project.write("tests/test_a.py", "def test_it():\n    assert FROM_CONFTEST\n")
    project.write("tests/test_b.py", "import os\nos._exit(9)\n")
    assert outcomes(run(project, PYTEST, "tests/test_a.py::test_it")) == {"tests/test_a.py::test_it": "passed"}


@pytest.mark.parametrize("options", ["-x", "--maxfail=1 -q", "-n 2 --dist loadfile", "--cov=. --cov-fail-under=99", "-p no:cacheprovider"])
def test_what_the_settings_say_of_where_and_how_long(project, options):
    for word, module in (("-n", "xdist"), ("--cov", "pytest_cov")):
        if word in options:
            pytest.importorskip(module)
    project.write("pytest.ini", "[pytest]\naddopts = %s\n" % options)
    project.write("tests/test_a.py", "import os\n\n\ndef test_a():\n    assert 0\n\n\ndef test_b():\n"
                  "    assert os.getppid() == %d\n" % os.getpid())
    names = ["tests/test_a.py::test_a", "tests/test_a.py::test_b"]
    assert outcomes(run(project, PYTEST, *names)) == dict(zip(names, ["failed", "passed"]))
    assert outcomes(run(project, PYTEST + ["-x"], *names)) == dict(zip(names, ["failed", "passed"]))
    assert not os.path.exists(os.path.join(project.root, ".coverage"))


def test_a_module_that_cannot_be_imported_leaves_the_others(project):
    project.write("tests/test_a.py", "import nowhere\n\n\ndef test_a():\n    pass\n")
    project.write("tests/test_b.py", "def test_b():\n    pass\n")
    names = ["tests/test_a.py::test_a", "tests/test_b.py::test_b"]
    assert outcomes(run(project, PYTEST, *names)) == dict(zip(names, ["not found", "passed"]))


def test_what_prevents_all_of_them_is_said(project):
    project.write("tests/conftest.py", "import nowhere\n")
    project.write("tests/test_a.py", "def test_a():\n    pass\n")
    assert "before it ran any" in run(project, PYTEST, "tests/test_a.py::test_a").error
    assert "something else than pytest" in run(project, [sys.executable, "suite.py"], "a").error
    assert "before it ran any" in run(project, UNITTEST[:-1] + ["nowhere"], "a").error


def test_tests_of_another_copy_of_the_modules_say_nothing(project):
    project.write("app.py", "X = 1\n")
    other = project.write("elsewhere/app.py", "X = 1\n")
    project.write("tests/test_a.py", "import sys\nsys.path.insert(0, %r)\nimport app\n\n\ndef test_a():\n    pass\n"
                  % os.path.dirname(other))
    name = "tests/test_a.py::test_a"
    answer = run(project, PYTEST, name, modules={"app": "app.py"})
    assert answer.frames[-1]["error"] == "in the tests app comes from %s" % other
    assert outcomes(run(project, PYTEST, name, modules={"app": "elsewhere/app.py"})) == {name: "passed"}


def test_unittest_outcomes_by_name(project):
    project.write("app.py", "X = 1\n")
    project.write("tests/test_a.py", """
        import unittest
        import app


        class A(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.ready = True

            def test_passes(self):
                self.assertTrue(self.ready and app.X)

            def test_fails(self):
                self.fail("so")

            def test_errs(self):
                raise KeyError("k")

            def test_parts(self):
                for n in range(3):
                    with self.subTest(n=n):
                        self.assertEqual(n, 1)

            @unittest.skip("now")
            def test_skips(self):
                pass

            @unittest.expectedFailure
            def test_known(self):
                self.fail()

            @unittest.expectedFailure
            def test_better(self):
                pass


        class B(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                raise RuntimeError("never")

            def test_b(self):
                pass
        """)
    names = ["test_passes", "test_fails", "test_errs", "test_parts", "test_skips", "test_known", "test_better"]
    answer = run(project, UNITTEST + ["-f"], *["test_a.A." + n for n in names], "test_a.B.test_b", "test_a.A.test_gone")
    found = outcomes(answer)
    assert {n: found["test_a.A." + n] for n in names} == dict(zip(names, [
        "passed", "failed", "error", "failed", "skipped", "xfailed", "xpassed"]))
    assert found["test_a.A.test_gone"] == "not found" and "test_a.B.test_b" not in found
    whys = {f["test"]: f["why"] for f in answer.frames if "why" in f}
    assert whys["test_a.A.test_errs"] == "KeyError: 'k'"


def test_a_process_that_ends_in_a_test_is_known_by_the_last_that_began(project):
    project.write("tests/test_a.py", "import os\n\n\ndef test_a():\n    pass\n\n\ndef test_b():\n    os._exit(0)\n")
    names = ["tests/test_a.py::test_a", "tests/test_a.py::test_b"]
    frames = run(project, PYTEST, *names).frames
    assert frames[1]["outcome"] == "passed" and frames[-1]["test"] == names[1] and "outcome" not in frames[-1]


# How they are found. --------------------------------------------------------------------------------


def find(project, tests_root="tests"):
    return findtests.answer({"project_root": project.root, "module_root": ".", "tests_root": tests_root,
                             "runtime": sys.executable})


def test_found_in_the_tests_root(project):
    project.write("app.py", "")
    project.write("tests/data/big.json", "{}")
    project.write("tests/test_a.py", "")
    project.write("tests/test_replay_test_0.py", "# codeflash replay test\n")
    project.write(".venv/lib/x.py", "")
    project.write("env/pyvenv.cfg", "")
    project.write("env/test_x.py", "")
    project.write("pyproject.toml", "")
    found = find(project)
    assert found["command"] == [sys.executable, "-m", "pytest", "--maxfail=0", "tests"]
    assert sorted(found["files"]) == ["app.py", "pyproject.toml", "tests/data/big.json", "tests/test_a.py"]


def test_found_elsewhere_and_not_at_all(project):
    project.write("app.py", "")
    project.write("tests/test_replay_test_0.py", "# codeflash replay test\n")
    assert (find(project)["command"], find(project)["why"]) == (None, "the project has none")
    project.write("app_test.py", "")
    assert find(project)["command"][2:] == ["pytest", "--maxfail=0"]


def test_by_unittest_where_no_name_is_of_pytests_or_there_is_no_pytest(project, monkeypatch):
    project.write("tests/testapp.py", "")
    assert find(project)["command"][1:] == ["-m", "unittest", "discover", "-s", "tests"]
    project.write("tests/__init__.py", "")
    assert find(project)["command"][-2:] == ["-t", "."]
    project.write("tests/test_b.py", "")
    assert find(project)["command"][2] == "pytest"
    monkeypatch.setattr(findtests, "_has_pytest", lambda *_: False)
    assert find(project)["command"][2] == "unittest"
    for name in ("testapp.py", "test_b.py"):
        os.remove(os.path.join(project.root, "tests", name))
    project.write("tests/app_test.py", "")
    assert "pytest, which the tests are for, is not installed" in find(project)["why"]
