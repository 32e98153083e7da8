"""An amount in cents, divided without losing one."""


def split(cents, weights):
    """Shares by weight; what is left over goes, a cent each, to the largest remainders."""
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts = [cents * w // total for w in weights]
    rest = cents - sum(parts)
    taken = []
    while rest > 0:
        best = -1
        for i, w in enumerate(weights):
            if i not in taken and (best < 0 or cents * w % total > cents * weights[best] % total):
                best = i
        parts[best] += 1
        taken.append(best)
        rest -= 1
    return parts


def main():
    split(1000, [1, 1, 1])
    split(99999, [3, 7, 11, 13, 2, 2])
    split(-1001, [5, 3, 1])
    split(7, [0, 0, 5])
    split(101, [2, 1, 2, 1])
    try:
        split(5, [])
    except ValueError:
        pass


#+ split | sorted by remainder, first come first
def split(cents, weights):
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts = [cents * w // total for w in weights]
    rest = cents - sum(parts)
    if rest > 0:
        for i in sorted(range(len(weights)), key=lambda i: -(cents * weights[i] % total))[:rest]:
            parts[i] += 1
    return parts


#+ split | quotient and remainder in one division
def split(cents, weights):
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts, remainders = [], []
    for w in weights:
        q, r = divmod(cents * w, total)
        parts.append(q)
        remainders.append(r)
    rest = cents - sum(parts)
    if rest > 0:
        by_remainder = sorted(range(len(parts)), key=remainders.__getitem__, reverse=True)
        for i in by_remainder[:rest]:
            parts[i] += 1
    return parts


#- split | return | division of negatives: cut towards zero instead of down
def split(cents, weights):
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts = [int(cents * w / total) for w in weights]
    rest = cents - sum(parts)
    step = 1 if rest >= 0 else -1
    order = sorted(range(len(weights)), key=lambda i: -(cents * weights[i] % total))
    for i in order[:abs(rest)]:
        parts[i] += step
    return parts


#- split | return | stability: of equal remainders the last comes first
def split(cents, weights):
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts = [cents * w // total for w in weights]
    rest = cents - sum(parts)
    ranked = sorted((cents * w % total, i) for i, w in enumerate(weights))
    for _, i in reversed(ranked[len(ranked) - rest:]):
        parts[i] += 1
    return parts


#- split | derived | floats for integers: beyond 2**53 a quotient is rounded
import math


def split(cents, weights):
    if not weights:
        raise ValueError("nobody to share with")
    total = sum(weights)
    parts = [math.floor(cents * w / total) for w in weights]
    rest = cents - sum(parts)
    for i in sorted(range(len(weights)), key=lambda i: -(cents * weights[i] % total))[:max(rest, 0)]:
        parts[i] += 1
    return parts
