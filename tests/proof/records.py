"""Orders of a shop, with types of its own."""
import collections
import dataclasses
import enum
import functools


class Status(enum.IntEnum):
    NEW = 1
    PAID = 2
    SENT = 3


class Code(str):
    """The number of an article: in print with a dash."""

    def __str__(self):
        return self[:2] + "-" + self[2:]


Line = collections.namedtuple("Line", "code count")


@dataclasses.dataclass(frozen=True)
class Order:
    number: int
    status: Status
    lines: tuple


def advance(order, steps):
    """The order so many steps further."""
    status = order.status
    for _ in range(steps):
        for following in Status:
            if following == status + 1:
                status = following
                break
    return dataclasses.replace(order, status=status)


def combined(lines):
    """One line for each article, as many in all, in the order in which they first came."""
    out = []
    for line in lines:
        for i in range(len(out)):
            if out[i].code == line.code:
                out[i] = out[i]._replace(count=out[i].count + line.count)
                break
        else:
            out.append(line)
    return out


def by_status(orders):
    """Numbers of orders by status; a status that nobody has is made when it is asked for."""
    table = collections.defaultdict(list)
    for order in orders:
        numbers = table[order.status]
        if order.number not in numbers:
            numbers.append(order.number)
    return table


@functools.total_ordering
class Priority:
    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return self.value == other.value

    def __lt__(self, other):
        return self.value < other.value


def urgent(priorities, n):
    """The n highest, as they stand in the list."""
    ranked = []
    for priority in priorities:
        at = 0
        while at < len(ranked) and not ranked[at] < priority:
            at += 1
        ranked.insert(at, priority)
    ranked = ranked[:max(n, 0)]
    return [p for p in priorities if any(p is other for other in ranked)]


def main():
    lines = [Line(Code("tea01"), 2), Line(Code("mug07"), 1), Line(Code("tea01"), 5)]
    orders = [Order(n, Status(1 + n % 3), tuple(lines[:n])) for n in (1, 2, 3, 2)]
    for order in orders:
        advance(order, 1)
    advance(orders[0], 5)
    combined(lines)
    combined(lines[:1])
    combined([])
    by_status(orders)
    by_status([])
    urgent([Priority(v) for v in (3, 1, 4, 1, 5, 4)], 3)
    urgent([Priority(2), Priority(2)], 1)
    urgent([], 2)


#+ advance | counted, not searched
def advance(order, steps):
    status = Status(min(order.status + max(steps, 0), Status.SENT))
    return dataclasses.replace(order, status=status)


#+ combined | counts by code, lines made once
def combined(lines):
    first = {}
    for line in lines:
        known = first.get(line.code)
        first[line.code] = line if known is None else Line(known.code, known.count + line.count)
    return list(first.values())


#+ by_status | sets of the numbers there are
def by_status(orders):
    table = collections.defaultdict(list)
    seen = set()
    for order in orders:
        key = order.status, order.number
        if key not in seen:
            seen.add(key)
            table[order.status].append(order.number)
    return table


#+ urgent | a stable sort of places
def urgent(priorities, n):
    places = sorted(range(len(priorities)), key=priorities.__getitem__, reverse=True)[:max(n, 0)]
    chosen = {id(priorities[i]) for i in places}
    return [p for p in priorities if id(p) in chosen]


#- advance | return | enumeration lost: its number, which is equal
def advance(order, steps):
    status = min(order.status + max(steps, 0), 3)
    return dataclasses.replace(order, status=status)


#- combined | return | named tuple lost: a plain one, which is equal
def combined(lines):
    counts = {}
    for line in lines:
        counts[line.code] = counts.get(line.code, 0) + line.count
    return list(counts.items())


#- combined | return | text of a class lost: a plain one, which is equal
def combined(lines):
    counts = {}
    for code, count in lines:
        code = code[:]
        counts[code] = counts.get(code, 0) + count
    return [Line(code, count) for code, count in counts.items()]


#- by_status | return | default lost: a dict that makes nothing
def by_status(orders):
    table = {}
    for order in orders:
        numbers = table.setdefault(order.status, [])
        if order.number not in numbers:
            numbers.append(order.number)
    return table


#- by_status | return | entries made by looking: each status is asked for, and so is there
def by_status(orders):
    table = collections.defaultdict(list)
    for status in Status:
        for order in orders:
            if order.number not in table[status] and order.status == status:
                table[status].append(order.number)
    return table


#- urgent | return | equality for identity: all that are as urgent as the last
def urgent(priorities, n):
    ranked = sorted(priorities, reverse=True)[:max(n, 0)]
    return [p for p in priorities if any(p == other for other in ranked)]
