"""Options checked, with complaints where they belong."""
import logging
import os
import sys
import warnings

import numbering

log = logging.getLogger("audit")
log.addHandler(logging.NullHandler())


class Checker:
    checked = 0

    def check(self, options):
        """The options that are known, old names replaced."""
        Checker.checked += 1
        known = {}
        for name in list(options):
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = options[name]
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(options[name])
            elif options[name] is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = options[name]
        return known


def tally(name, n):
    """Keeps in the module of numbers how much of each is used; whether this was much."""
    tally.calls += 1
    numbering.USED[name] = numbering.USED.get(name, 0) + n
    return n > 3


tally.calls = 0


def main():
    tally("disk", 3)
    tally("disk", 4)
    warnings.simplefilter("ignore")
    for options in ({"width": 3, "old_height": 4}, {"_hidden": 1, "depth": 2}, {"LEVEL": 7},
                    {"empty": None, "full": 1}, {}):
        Checker().check(options)


#+ Checker.check | no list of the names
    def check(self, options):
        Checker.checked += 1
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = value
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(value)
            elif value is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#- Checker.check | any | warnings: no word about old names
    def check(self, options):
        Checker.checked += 1
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                known[name[4:]] = value
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(value)
            elif value is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#- Checker.check | any | logging: another level
    def check(self, options):
        Checker.checked += 1
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = value
            elif name.startswith("_"):
                log.info("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(value)
            elif value is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#- Checker.check | any | environment: a variable is not set
    def check(self, options):
        Checker.checked += 1
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = value
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                continue
            elif value is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#- Checker.check | any | standard error: other words
    def check(self, options):
        Checker.checked += 1
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = value
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(value)
            elif value is None:
                print("audit: no value for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#- Checker.check | any | class attribute: counted on the instance
    def check(self, options):
        type(self).checked = max(Checker.checked, 1)
        known = {}
        for name, value in options.items():
            if name.startswith("old_"):
                warnings.warn("%s: write %s" % (name, name[4:]), DeprecationWarning, stacklevel=2)
                known[name[4:]] = value
            elif name.startswith("_"):
                log.warning("%s: passed over", name)
            elif name.isupper():
                os.environ["AUDIT_" + name] = str(value)
            elif value is None:
                print("audit: nothing for", name, file=sys.stderr)
            else:
                known[name] = value
        return known


#+ tally | one lookup
def tally(name, n):
    tally.calls += 1
    used = numbering.USED
    used[name] = used.get(name, 0) + n
    return n > 3


#- tally | any | state of another module: nothing is kept
def tally(name, n):
    tally.calls += 1
    return n > 3


#- tally | any | attribute of a function: not counted
def tally(name, n):
    numbering.USED[name] = numbering.USED.get(name, 0) + n
    return n > 3
