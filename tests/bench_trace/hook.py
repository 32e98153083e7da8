# SPDX-License-Identifier: Apache-2.0
"""Runs a program below the current folder with a profile function that does nothing.

usage: hook.py SCRIPT [argument ...] | hook.py -m MODULE [argument ...]
"""
import os
import runpy
import sys
import threading


def nothing(frame, event, arg):
    pass


def main():
    del sys.argv[0]
    sys.path[0] = os.getcwd()
    run = runpy.run_path
    if sys.argv[0] == "-m":
        del sys.argv[0]
        run = runpy.run_module
    threading.setprofile(nothing)
    sys.setprofile(nothing)
    if run is runpy.run_module:
        run(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        run(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
