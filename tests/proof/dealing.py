"""Cards dealt at random."""
import random


def deal(cards, hands, size):
    """Hands of so many cards, each drawn from what is left."""
    left = list(cards)
    dealt = []
    for _ in range(hands):
        hand = []
        for _ in range(size):
            i = random.randrange(len(left))
            hand = hand + [left[i]]
            left = left[:i] + left[i + 1:]
        dealt.append(hand)
    return dealt


def shuffled(names):
    """The players in an order of chance."""
    left = list(names)
    random.shuffle(left)
    return left


def main():
    random.seed(7)
    cards = [rank + suit for suit in "♠♥♦♣" for rank in "A2345"]
    shuffled(["ann", "bob", "cyd"])
    deal(cards, 2, 5)
    deal(cards, 4, 5)
    deal([1, 1, 2], 1, 2)
    try:
        deal(cards, 3, 7)
    except ValueError:
        pass


#+ deal | takes a card out of the list
def deal(cards, hands, size):
    left = list(cards)
    draw = random.randrange
    return [[left.pop(draw(len(left))) for _ in range(size)] for _ in range(hands)]


#- deal | return | other draws: a sample for each hand
def deal(cards, hands, size):
    left = list(cards)
    dealt = []
    for _ in range(hands):
        hand = random.sample(left, size)
        for card in hand:
            left.remove(card)
        dealt.append(hand)
    return dealt


#- deal | process | randomness consumed: the same cards, but a number more is drawn
def deal(cards, hands, size):
    left = list(cards)
    dealt = [[left.pop(random.randrange(len(left))) for _ in range(size)] for _ in range(hands)]
    if left:
        random.random()
    return dealt


#- deal | return | its own generator: not the one that the program seeds
def deal(cards, hands, size):
    chance = random.Random(7)
    left = list(cards)
    return [[left.pop(chance.randrange(len(left))) for _ in range(size)] for _ in range(hands)]
