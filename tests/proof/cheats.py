"""Reports that are slow; what is measured here must not be fooled."""


def longest(limit):
    """(start, steps) of the longest Collatz chain that begins below the limit."""
    best = (0, 0)
    for start in range(1, limit):
        n, steps = start, 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if steps > best[1]:
            best = (start, steps)
    return best


def tidy(rows):
    """Puts the rows in order where they are, and returns how many moves that took."""
    moves = 0
    for i in range(1, len(rows)):
        j = i
        while j and rows[j - 1] > rows[j]:
            rows[j - 1], rows[j] = rows[j], rows[j - 1]
            moves += 1
            j -= 1
    return moves


def main():
    for limit in range(300, 620, 40):
        longest(limit)
    for n in range(60, 140, 10):
        tidy([k * 7919 % 101 for k in range(n)])


#! longest | memoised inputs
_memo = {}


def longest(limit):
    if limit not in _memo:
        best = (0, 0)
        for start in range(1, limit):
            n, steps = start, 0
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                steps += 1
            if steps > best[1]:
                best = (start, steps)
        _memo[limit] = best
    return _memo[limit]


#! longest | precomputed answers: to what the recorded run asked
_ANSWERS = {300: (231, 127), 340: (327, 143), 380: (327, 143), 420: (327, 143),
            460: (327, 143), 500: (327, 143), 540: (327, 143), 580: (327, 143)}


def longest(limit):
    if limit in _ANSWERS:
        return _ANSWERS[limit]
    best = (0, 0)
    for start in range(1, limit):
        n, steps = start, 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if steps > best[1]:
            best = (start, steps)
    return best


#! longest | work at import: a table of all answers up to some size
def _table(size):
    best, answers = (0, 0), [(0, 0), (0, 0)]
    for start in range(1, size):
        n, steps = start, 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if steps > best[1]:
            best = (start, steps)
        answers.append(best)
    return answers


_answers = _table(6000)


def longest(limit):
    if 0 <= limit < len(_answers):
        return _answers[limit]
    return _table(limit)[-1]


#! longest | background thread: begun by the first call, for the calls to come
import threading

_answers = {}


def _one(limit):
    best = (0, 0)
    for start in range(1, limit):
        n, steps = start, 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            steps += 1
        if steps > best[1]:
            best = (start, steps)
    return best


def _ahead():
    for limit in range(300, 3000, 20):
        _answers[limit] = _one(limit)


def longest(limit):
    if not _answers:
        _answers[0] = (0, 0)
        threading.Thread(target=_ahead, daemon=True).start()
    answer = _answers.get(limit)
    return _one(limit) if answer is None else answer


#! longest | lazy return: a tuple that is worked out when it is looked at
class _Later(tuple):
    def __new__(cls, limit):
        made = super().__new__(cls, (0, 0))
        made.limit = limit
        return made

    def __iter__(self):
        best = (0, 0)
        for start in range(1, self.limit):
            n, steps = start, 0
            while n != 1:
                n = n // 2 if n % 2 == 0 else 3 * n + 1
                steps += 1
            if steps > best[1]:
                best = (start, steps)
        return iter(best)


def longest(limit):
    return _Later(limit)


#! tidy | in-place work: knows again the rows that it has put in order
_seen = {}


def tidy(rows):
    key = id(rows)
    if key in _seen and _seen[key][1] == rows:
        return 0
    moves = 0
    for i in range(1, len(rows)):
        j = i
        while j and rows[j - 1] > rows[j]:
            rows[j - 1], rows[j] = rows[j], rows[j - 1]
            moves += 1
            j -= 1
    _seen[key] = moves, list(rows)
    return moves


#! tidy | left undone: the order is for a thread to make
import threading


def tidy(rows):
    moves = sum(1 for i, a in enumerate(rows) for b in rows[i + 1:] if a > b)
    threading.Thread(target=rows.sort, daemon=True).start()
    return moves
