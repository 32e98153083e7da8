"""Price lists."""


def grid(first, step, rows):
    """Rows of ten prices; the caller goes on to fill them in."""
    out = []
    price = first
    for _ in range(rows):
        row = []
        for _ in range(10):
            row = row + [price]
            price += step
        out.append(row)
    return out


def discounts(orders):
    """The discount of each order in percent, by its size and by what the customer had before."""
    out = []
    for i, (customer, cents) in enumerate(orders):
        before = sum([c for other, c in orders[:i] if other == customer])
        out.append(5 * (cents >= 10000) + 3 * (before >= 20000))
    return out


def main():
    grid(100, 5, 2)
    grid(100, 25, 2)
    grid(100, 5, 2)
    grid(990, -10, 1)
    discounts([("ann", 12000), ("bob", 9000), ("ann", 9000), ("ann", 500), ("bob", 15000)])
    discounts([("ann", 21000), ("ann", 100), ("bob", 100), ("ann", 10000)])
    discounts([("zoe", 1), ("zoe", 2), ("ann", 30000), ("zoe", 3)])
    discounts([])


#+ grid | ranges
def grid(first, step, rows):
    if not step:
        return [[first] * 10 for _ in range(rows)]
    return [list(range(first + i * 10 * step, first + (i + 1) * 10 * step, step)) for i in range(rows)]


#+ grid | remembered as tuples, given out as new lists
from functools import lru_cache


@lru_cache(maxsize=None, typed=True)
def _rows(first, step, rows):
    return tuple(tuple(first + (10 * i + j) * step for j in range(10)) for i in range(rows))


def grid(first, step, rows):
    return [list(row) for row in _rows(first, step, rows)]


#+ discounts | sums kept along the way
def discounts(orders):
    before = {}
    out = []
    for customer, cents in orders:
        had = before.get(customer, 0)
        out.append(5 * (cents >= 10000) + 3 * (had >= 20000))
        before[customer] = had + cents
    return out


#- grid | again | shared result: what was given out before is given out again
from functools import lru_cache


@lru_cache(maxsize=None)
def grid(first, step, rows):
    return [[first + (10 * i + j) * step for j in range(10)] for i in range(rows)]


#- grid | return | cache key: does not have the step
_known = {}


def grid(first, step, rows):
    if (first, rows) not in _known:
        _known[first, rows] = [[first + (10 * i + j) * step for j in range(10)] for i in range(rows)]
    return [list(row) for row in _known[first, rows]]


#- discounts | again | cache across calls: what customers had in the last list still counts
_before = {}


def discounts(orders):
    out = []
    for customer, cents in orders:
        had = _before.get(customer, 0)
        out.append(5 * (cents >= 10000) + 3 * (had >= 20000))
        _before[customer] = had + cents
    return out


#- discounts | return | identity as a key: a list may be where another one was
_results = {}


def discounts(orders):
    if id(orders) not in _results:
        before = {}
        out = []
        for customer, cents in orders:
            had = before.get(customer, 0)
            out.append(5 * (cents >= 10000) + 3 * (had >= 20000))
            before[customer] = had + cents
        _results[id(orders)] = out
    return list(_results[id(orders)])


#- discounts | return | moment: an order counts towards its own discount
def discounts(orders):
    had = {}
    out = []
    for customer, cents in orders:
        had[customer] = had.get(customer, 0) + cents
        out.append(5 * (cents >= 10000) + 3 * (had[customer] >= 20000))
    return out
