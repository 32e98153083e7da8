"""Numbers for invoices."""

USED = {}
_next = 1
_issued = {}


class Exhausted(Exception):
    pass


def issue(prefix, count):
    """So many new numbers; 20 of a kind at once are the most there are."""
    global _next
    numbers = []
    for _ in range(count):
        if len(numbers) == 20:
            raise Exhausted("no more for %s" % prefix)
        numbers = numbers + ["%s-%05d" % (prefix, _next)]
        _next += 1
        _issued[prefix] = _issued.get(prefix, 0) + 1
    return numbers


def main():
    issue("A", 3)
    issue("B", 2)
    try:
        issue("A", 25)
    except Exhausted:
        pass
    issue("C", 0)
    issue("B", 1)


#+ issue | a local counter, written back whatever happens
def issue(prefix, count):
    global _next
    numbers = []
    n = _next
    try:
        for _ in range(count):
            if len(numbers) == 20:
                raise Exhausted("no more for %s" % prefix)
            numbers.append("%s-%05d" % (prefix, n))
            n += 1
    finally:
        _next = n
        if numbers:
            _issued[prefix] = _issued.get(prefix, 0) + len(numbers)
    return numbers


#+ issue | in one go
def issue(prefix, count):
    global _next
    n = max(min(count, 20), 0)
    if n:
        first = _next
        _next += n
        _issued[prefix] = _issued.get(prefix, 0) + n
    if count > 20:
        raise Exhausted("no more for %s" % prefix)
    return ["%s-%05d" % (prefix, k) for k in range(first, first + n)] if n else []


#- issue | globals | state after an error: numbers that were given out are forgotten
def issue(prefix, count):
    global _next
    if count > 20:
        raise Exhausted("no more for %s" % prefix)
    first = _next
    _next += max(count, 0)
    if count > 0:
        _issued[prefix] = _issued.get(prefix, 0) + count
    return ["%s-%05d" % (prefix, n) for n in range(first, _next)]


#- issue | globals | state of the module: an entry of nothing
def issue(prefix, count):
    global _next
    numbers = []
    issued = _issued.setdefault(prefix, 0)
    for _ in range(count):
        if len(numbers) == 20:
            raise Exhausted("no more for %s" % prefix)
        numbers.append("%s-%05d" % (prefix, _next))
        _next += 1
        issued += 1
        _issued[prefix] = issued
    return numbers


#- issue | scope | default arguments: a counter in one of them
def issue(prefix, count, _state={"next": 1}):
    numbers = ["%s-%05d" % (prefix, _state["next"] + i) for i in range(min(count, 20))]
    _state["next"] += len(numbers)
    if count > 20:
        raise Exhausted("no more for %s" % prefix)
    return numbers
