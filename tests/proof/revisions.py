"""How far each revision of a history is from its first."""


def generations(parent_of):
    """{revision: number of ancestors}, in the order of the mapping."""
    result = {}
    for revision in parent_of:
        n = 0
        above = parent_of[revision]
        while above is not None:
            n += 1
            above = parent_of[above]
        result[revision] = n
    return result


def main():
    generations({"c": "b", "b": "a", "a": None, "x": "b", "root2": None})
    history = {f"r{n}": f"r{n - 1}" for n in range(1500, 0, -1)}  # newest first, as a log prints it
    history["r0"] = None
    generations(history)
    try:
        generations({"tip": "gone"})
    except KeyError:
        pass


#+ generations | each ancestor is counted once, without recursion
def generations(parent_of):
    known = {None: -1}
    for revision in parent_of:
        path = []
        while revision not in known:
            path.append(revision)
            revision = parent_of[revision]
        n = known[revision]
        for revision in reversed(path):
            n += 1
            known[revision] = n
    return {revision: known[revision] for revision in parent_of}


#+ generations | stops at an ancestor whose answer is there already
def generations(parent_of):
    result = {}
    for revision, above in parent_of.items():
        n = 0
        while above is not None:
            n += 1
            if above in result:
                n += result[above]
                break
            above = parent_of[above]
        result[revision] = n
    return result


#- generations | kind | recursion limit: a history is deeper than the stack
def generations(parent_of):
    known = {}

    def depth(revision):
        if revision not in known:
            above = parent_of[revision]
            known[revision] = 0 if above is None else depth(above) + 1
        return known[revision]

    return {revision: depth(revision) for revision in parent_of}


#- generations | return | dict order: ancestors before those that were asked for
def generations(parent_of):
    result = {}
    for revision in parent_of:
        path = []
        while revision is not None and revision not in result:
            path.append(revision)
            revision = parent_of[revision]
        n = -1 if revision is None else result[revision]
        for revision in reversed(path):
            n += 1
            result[revision] = n
    return result


#- generations | process | limit left raised: the recursion limit, for all that comes after
import sys


def generations(parent_of):
    sys.setrecursionlimit(10000)
    known = {}

    def depth(revision):
        if revision not in known:
            above = parent_of[revision]
            known[revision] = 0 if above is None else depth(above) + 1
        return known[revision]

    return {revision: depth(revision) for revision in parent_of}
