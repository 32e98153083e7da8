"""Small matrices, lists of rows."""


def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    result = []
    for i in range(len(a)):
        row = []
        for j in range(width):
            total = 0
            for k in range(len(b)):
                total += a[i][k] * b[k][j]
            row.append(total)
        result.append(row)
    return result


def main():
    multiply([[1, 2], [3, 4]], [[0, 1], [1, 0]])
    multiply([[0.5, -1.5, 2.0], [1.0, 0.25, -3.0]], [[1.0, 2.0], [0.0, -1.0], [4.0, 0.5]])
    multiply([[0.0, 0.0], [1.0, 2.0]], [[-1.0, -2.0], [-3.0, -4.0]])
    multiply([[1, 1], [2, 5], [1, 1]], [[2, 3], [4, 5]])
    try:
        multiply([[1, 2, 3]], [[1], [2]])
    except ValueError:
        pass


#+ multiply | columns made once
def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    columns = list(zip(*b))
    return [[sum(map(_times, row, column)) for column in columns] for row in a]


def _times(x, y):
    return x * y


#+ multiply | row by row, in another order of loops
def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    result = []
    for row in a:
        totals = [0] * width
        for x, other in zip(row, b):
            for j, y in enumerate(other):
                totals[j] += x * y
        result.append(totals)
    return result


#- multiply | return | negative zero: sums that do not begin at 0
from functools import reduce
from operator import add, mul


def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    columns = list(zip(*b))
    return [[reduce(add, map(mul, row, column)) for column in columns] for row in a]


#- multiply | return | float for int: sums that begin at 0.0
def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    result = []
    for row in a:
        totals = [0.0] * width
        for x, other in zip(row, b):
            for j, y in enumerate(other):
                totals[j] += x * y
        result.append(totals)
    return result


#- multiply | return | shared rows: equal rows are one list
def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    columns = list(zip(*b))
    made = {}
    for row in map(tuple, a):
        if row not in made:
            made[row] = [sum(x * y for x, y in zip(row, column)) for column in columns]
    return [made[tuple(row)] for row in a]


#- multiply | error | dependency: a library that the project does not have
import fastmatrix


def multiply(a, b):
    width = len(b[0])
    if any(len(row) != len(b) for row in a) or any(len(row) != width for row in b):
        raise ValueError("shapes do not fit")
    return fastmatrix.product(a, b)
