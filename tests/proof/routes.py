"""Distances by road."""


def distances(roads, start):
    """Of every town that can be reached, in the order in which they were come upon."""
    best = {start: 0}
    done = set()
    while True:
        town = None
        for t in best:
            if t not in done and (town is None or best[t] < best[town]):
                town = t
        if town is None:
            return best
        done.add(town)
        for other, km in roads.get(town, []):
            if other not in best or best[town] + km < best[other]:
                best[other] = best[town] + km


def main():
    roads = {
        "Graz": [("Zell", 200), ("Linz", 220), ("Ort", 60)], "Zell": [("Brno", 130), ("Linz", 90)],
        "Ort": [("Alm", 140), ("Linz", 150)], "Alm": [("Inn", 80)], "Linz": [("Passau", 95), ("Aigen", 60)],
        "Passau": [("Hof", 300)], "Brno": [("Zlin", 100)], "Murau": [("Graz", 120)],
    }
    for town in ("Graz", "Zell", "Linz", "Murau", "Hof"):
        distances(roads, town)


#+ distances | a heap; ties go to what was come upon first
import heapq


def distances(roads, start):
    best = {start: 0}
    place = {start: 0}
    done = set()
    heap = [(0, 0, start)]
    while heap:
        town = heapq.heappop(heap)[2]
        if town in done:
            continue
        done.add(town)
        for other, km in roads.get(town, ()):
            far = best[town] + km
            if other not in best or far < best[other]:
                best[other] = far
                heapq.heappush(heap, (far, place.setdefault(other, len(place)), other))
    return best


#+ distances | what is not done is kept apart
def distances(roads, start):
    best = {start: 0}
    left = {start: None}
    while left:
        town = min(left, key=best.__getitem__)
        del left[town]
        for other, km in roads.get(town, ()):
            if other not in best:
                best[other] = best[town] + km
                left[other] = None
            elif best[town] + km < best[other]:
                best[other] = best[town] + km
    return best


#- distances | return | ties: towns equally far are taken by name
import heapq


def distances(roads, start):
    best = {start: 0}
    done = set()
    heap = [(0, start)]
    while heap:
        town = heapq.heappop(heap)[1]
        if town in done:
            continue
        done.add(town)
        for other, km in roads.get(town, ()):
            far = best[town] + km
            if other not in best or far < best[other]:
                best[other] = far
                heapq.heappush(heap, (far, other))
    return best


#- distances | return | additional keys: towns that cannot be reached are infinitely far
import heapq


def distances(roads, start):
    best = {town: float("inf") for town in roads}
    best[start] = 0
    heap = [(0, start)]
    while heap:
        far, town = heapq.heappop(heap)
        if far > best[town]:
            continue
        for other, km in roads.get(town, ()):
            if far + km < best.get(other, float("inf")):
                best[other] = far + km
                heapq.heappush(heap, (far + km, other))
    return best
