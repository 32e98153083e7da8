"""Outlines on a map."""
import math


def length(points):
    """Of the line through all points, in metres."""
    total = 0.0
    for i in range(len(points)):
        if i > 0:
            total = total + math.sqrt((points[i][0] - points[i - 1][0]) ** 2 + (points[i][1] - points[i - 1][1]) ** 2)
    return total


def twice_area(points):
    """Positive when the points go round to the left."""
    total = 0
    for i in range(len(points)):
        total += points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1]
    return total


def centre(points):
    """The middle of the corners, on the grid."""
    return (sum(p[0] for p in points) // len(points), sum(p[1] for p in points) // len(points))


def main():
    spiral = [(math.cos(i / 5) * i, math.sin(i / 5) * i) for i in range(200)]
    length(spiral)
    length([(0.0, 0.0), (3.0, 4.0)])
    length([])
    for points in ([(0, 0), (4, 0), (4, 3)], [(0, 0), (0, 2), (2, 2), (2, 0)], [(-5, -2), (-2, -3), (-4, 1)], [(1, 1)]):
        twice_area(points)
        centre(points)


#+ length | sums every other stretch apart
def length(points):
    stretches = [math.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) for a, b in zip(points, points[1:])]
    return math.fsum(stretches[::2]) + math.fsum(stretches[1::2]) if stretches else 0.0


#+ length | from the end
def length(points):
    total = 0.0
    for i in range(len(points) - 1, 0, -1):
        here, before = points[i], points[i - 1]
        total += math.sqrt((here[0] - before[0]) ** 2 + (here[1] - before[1]) ** 2)
    return total


#+ twice_area | the point before is kept
def twice_area(points):
    total = 0
    if points:
        x, y = points[-1]
        for a, b in points:
            total += x * b - a * y
            x, y = a, b
    return total


#- length | return | closed line: goes back to the first point
def length(points):
    return sum([math.dist(a, b) for a, b in zip(points, points[1:] + points[:1])]) + 0.0


#- length | return | int for float: no points have no length, as an integer
def length(points):
    return sum([math.sqrt((b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2) for a, b in zip(points, points[1:])])


#- length | return | single precision: keeps the points in an array of floats
from array import array


def length(points):
    x, y = array("f", [p[0] for p in points]), array("f", [p[1] for p in points])
    return sum([math.hypot(x[i] - x[i - 1], y[i] - y[i - 1]) for i in range(1, len(points))]) + 0.0


#- twice_area | return | sign: of an outline to the right too
def twice_area(points):
    return abs(sum(points[i - 1][0] * points[i][1] - points[i][0] * points[i - 1][1] for i in range(len(points))))


#- centre | return | division of negatives: int() goes towards zero
def centre(points):
    return (int(sum(p[0] for p in points) / len(points)), int(sum(p[1] for p in points) / len(points)))
