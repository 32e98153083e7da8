# SPDX-License-Identifier: Apache-2.0
def _load():
    # The package goes by a name of its own: the program may have a codeflash too.
    import _frozen_importlib as bootstrap
    import _frozen_importlib_external as external
    import sys

    here = __file__.rpartition("/")[0]
    spec = external.spec_from_file_location(
        "_codeflash", here + "/__init__.py", submodule_search_locations=[here])
    safe = sys.flags.isolated or getattr(sys.flags, "safe_path", False)
    if not safe:
        del sys.path[0]  # this file's folder
    bootstrap._load(spec)
    from _codeflash import program

    return program.run, safe


_load = _load()
_load[0](_load[1])
