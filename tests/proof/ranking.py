"""A league's table."""


def ranked(players):
    """By score, best first, equals as they came: the players themselves."""
    result = []
    for player in players:
        at = 0
        while at < len(result) and result[at]["score"] >= player["score"]:
            at += 1
        result.insert(at, player)
    return result


def main():
    ranked([{"name": n, "score": s} for n, s in (("ann", 3), ("bob", 7), ("cyd", 3), ("dan", 9), ("eve", 7), ("fay", 3))])
    ranked([{"name": "one", "score": 0}])
    ranked([{"name": n, "score": 5} for n in "xyz"])
    ranked([])


#+ ranked | a stable sort
def ranked(players):
    return sorted(players, key=lambda player: player["score"], reverse=True)


#+ ranked | searched by halves
from bisect import bisect_right


def ranked(players):
    result = []
    keys = []
    for player in players:
        key = -player["score"]
        at = bisect_right(keys, key)
        keys.insert(at, key)
        result.insert(at, player)
    return result


#- ranked | return | stability: sorted and turned round, equals with it
def ranked(players):
    return sorted(players, key=lambda player: player["score"])[::-1]


#- ranked | args | identity: copies of the players
def ranked(players):
    return [dict(player) for player in sorted(players, key=lambda player: -player["score"])]


#- ranked | args | in-place sort: of the caller's list
def ranked(players):
    players.sort(key=lambda player: -player["score"])
    return players[:]


#- ranked | return | laziness: an iterator for a list
def ranked(players):
    return iter(sorted(players, key=lambda player: -player["score"]))
