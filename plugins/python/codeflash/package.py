# SPDX-License-Identifier: Apache-2.0
"""Loading this package into the user's program, by a name of its own: it may have a codeflash."""


def load(name):
    """The module of that name of this package."""
    import _frozen_importlib as bootstrap
    import _frozen_importlib_external as external
    import os
    import sys

    folder = os.path.dirname(os.path.abspath(__file__))
    before = sys.dont_write_bytecode, sys.pycache_prefix
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if os.path.isabs(cache):
        # our bytecode, wherever we are installed and whatever the program's own may do
        sys.dont_write_bytecode = False
        sys.pycache_prefix = os.path.join(cache, "codeflash", "bytecode")
    try:
        if "_codeflash" not in sys.modules:
            bootstrap._load(external.spec_from_file_location(
                "_codeflash", os.path.join(folder, "__init__.py"),
                submodule_search_locations=[folder]))
        __import__("_codeflash." + name)
    finally:
        sys.dont_write_bytecode, sys.pycache_prefix = before
    return sys.modules["_codeflash." + name]
