# SPDX-License-Identifier: Apache-2.0
def _load():
    import sys

    safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not safe:
        del sys.path[0]  # this file's folder
    names = {"__file__": __file__.rpartition("/")[0] + "/package.py"}
    with open(names["__file__"], "rb") as f:
        exec(f.read(), names)
    return names["load"]("program").run, safe


_load = _load()
_load[0](_load[1])
