"""The words of a text that come most often."""


def top(text, n):
    """(word, times), the most frequent first, equals as they first came."""
    counts = []
    for word in text.lower().split():
        for pair in counts:
            if pair[0] == word:
                pair[1] += 1
                break
        else:
            counts.append([word, 1])
    counts.sort(key=lambda pair: -pair[1])
    return [(word, times) for word, times in counts[:n]]


def commonest(words):
    """The word that comes most often, the first of equals; None for no words."""
    best = None
    for word in words:
        if best is None or words.count(word) > words.count(best):
            best = word
    return best


def tags(text):
    """All tags of a note, in no order, after the one that they all have."""
    return ["note"] + list(set(word for word in text.split() if word[:1] == "#"))


def main():
    tags("#red and #blue")
    tags("#a #b #c #a")
    tags("#one")
    tags("#x then #y")
    tags("")
    commonest(["club", "king", "club", "king", "ace"])
    commonest(["x"])
    commonest([])
    top("the cat and the hat and the bat sat by a mat for that cat", 6)
    top("zebra apple mango apple zebra kiwi lemon plum fig date", 8)
    top("one\u00a0two  two\tthree\n\nthree  three", 2)
    top("", 3)


#+ top | a dict counts
def top(text, n):
    counts = {}
    for word in text.lower().split():
        counts[word] = counts.get(word, 0) + 1
    return sorted(counts.items(), key=lambda pair: -pair[1])[:n]


#+ top | a Counter, sorted by its counts
from collections import Counter


def top(text, n):
    counts = Counter(text.lower().split())
    ranked = sorted(counts, key=counts.__getitem__, reverse=True)
    return [(word, counts[word]) for word in ranked[:n]]


#- top | return | hash order: equals come as a set has them
def top(text, n):
    words = text.lower().split()
    return sorted(((word, words.count(word)) for word in set(words)), key=lambda pair: -pair[1])[:n]


#- top | return | order of equals: by the alphabet
from collections import Counter


def top(text, n):
    return sorted(Counter(text.lower().split()).items(), key=lambda pair: (-pair[1], pair[0]))[:n]


#- top | return | white space: only spaces divide, and two of them make an empty word
from collections import Counter


def top(text, n):
    return sorted(Counter(text.lower().split(" ")).items(), key=lambda pair: -pair[1])[:n] if text else []


#- top | derived | negative numbers: all but the last ones becomes none
from collections import Counter


def top(text, n):
    return Counter(text.lower().split()).most_common(n)


#+ commonest | counted once
def commonest(words):
    counts = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return max(counts, key=counts.get, default=None)


#- commonest | return | a set's first: which of two equals is luck, and luck changes from run to run
def commonest(words):
    return max(set(words), key=words.count, default=None)


#- commonest | kind | nothing at all: max has no answer
def commonest(words):
    return max(dict.fromkeys(words), key=words.count)


#+ tags | in another order, which nobody has been promised
def tags(text):
    return ["note", *dict.fromkeys(word for word in text.split() if word.startswith("#"))]


#+ tags | the other way round
def tags(text):
    return ["note"] + sorted({word for word in text.split() if word.startswith("#")}, reverse=True)


#- tags | return | fixed place: what comes first comes last
def tags(text):
    return [*dict.fromkeys(word for word in text.split() if word[:1] == "#"), "note"]


#- tags | return | repetitions: a tag that is written twice is given twice
def tags(text):
    return ["note"] + [word for word in text.split() if word[:1] == "#"]
