"""A build: each task after those that it needs."""


class CycleError(Exception):
    pass


def order(needs):
    """The tasks in the order in which to do them; the first by name where there is a choice."""
    left = {task: list(deps) for task, deps in needs.items()}
    done = []
    while left:
        ready = [t for t in left if all(d in done for d in left[t])]
        if not ready:
            raise CycleError("cannot go on with " + ", ".join(sorted(left)))
        task = min(ready)
        done.append(task)
        del left[task]
    return done


def main():
    order({"app": ["lib", "gen"], "gen": [], "lib": ["base"], "base": [], "doc": ["gen", "gen"]})
    order({"b": [], "a": ["b"], "c": [], "d": ["c", "a"]})
    for broken in ({"a": ["b"], "b": ["a"], "c": [], "d": ["b"]}, {"x": ["gone"], "w": []}):
        try:
            order(broken)
        except CycleError:
            pass


#+ order | a heap of what is ready
import heapq


def order(needs):
    missing = {}
    users = {}
    ready = []
    for task, deps in needs.items():
        wanted = set(deps)
        missing[task] = len(wanted)
        for dep in wanted:
            users.setdefault(dep, []).append(task)
        if not wanted:
            ready.append(task)
    heapq.heapify(ready)
    done = []
    while ready:
        task = heapq.heappop(ready)
        done.append(task)
        for user in users.get(task, ()):
            missing[user] -= 1
            if not missing[user]:
                heapq.heappush(ready, user)
    if len(done) < len(needs):
        raise CycleError("cannot go on with " + ", ".join(sorted(needs.keys() - set(done))))
    return done


#+ order | a set of what is done
def order(needs):
    left = {task: set(deps) for task, deps in needs.items()}
    done, finished = [], set()
    while left:
        ready = [t for t, deps in left.items() if deps <= finished]
        if not ready:
            raise CycleError("cannot go on with " + ", ".join(sorted(left)))
        task = min(ready)
        done.append(task)
        finished.add(task)
        del left[task]
    return done


#- order | return | order among equals: whole levels, each sorted
def order(needs):
    left = {task: set(deps) for task, deps in needs.items()}
    done, finished = [], set()
    while left:
        ready = sorted(t for t, deps in left.items() if deps <= finished)
        if not ready:
            raise CycleError("cannot go on with " + ", ".join(sorted(left)))
        done += ready
        finished.update(ready)
        for task in ready:
            del left[task]
    return done


#- order | raise | error text: the tasks that are left are no longer sorted
def order(needs):
    left = {task: set(deps) for task, deps in reversed(needs.items())}
    done, finished = [], set()
    while left:
        task = min((t for t, deps in left.items() if deps <= finished), default=None)
        if task is None:
            raise CycleError("cannot go on with " + ", ".join(left))
        done.append(task)
        finished.add(task)
        del left[task]
    return done


#- order | kind | dangling reference: a need that is no task is taken for done
def order(needs):
    left = {task: {d for d in deps if d in needs} for task, deps in needs.items()}
    done, finished = [], set()
    while left:
        ready = [t for t, deps in left.items() if deps <= finished]
        if not ready:
            raise CycleError("cannot go on with " + ", ".join(sorted(left)))
        task = min(ready)
        done.append(task)
        finished.add(task)
        del left[task]
    return done
