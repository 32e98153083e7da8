"""A player of songs."""
import math


class Box:
    """Takes messages."""

    def __init__(self, name, answers=()):
        self.name = name
        self.got = []
        self.answers = list(answers)

    def deliver(self, message):
        self.got.append(message)
        return self.answers.pop(0) if self.answers else None


def drop(songs, song):
    """Takes this very song out of the list; another like it stays. Whether it was there."""
    for i in range(len(songs)):
        if songs[i] is song:
            songs[:] = songs[:i] + songs[i + 1:]
            return True
    return False


def tell(listeners, message):
    """To each in turn; how many answered with something true. A listener may be told twice."""
    n = 0
    told = []
    for listener in listeners:
        told = told + [listener]
        if listener(message):
            n = n + 1
    return n


def find(lines, word):
    """The first line with the word and its number, and no line is read after it."""
    number = 0
    for line in lines:
        number = number + 1
        if word in line.split():
            return number, line
    return None


def titles(node, depth=0):
    """The titles of a tree of albums, each as deep as it is."""
    out = []
    stack = [(node, depth)]
    while stack:
        here, deep = stack.pop()
        out = out + ["  " * deep + here["title"]]
        for below in reversed(here.get("parts", [])):
            stack.append((below, deep + 1))
    return out


def is_square(n):
    """Whether an album of n covers can be laid out as a square."""
    if n < 0:
        return False
    root = 0
    step = 1
    while step * step <= n:
        step *= 2
    while step:
        if (root + step) * (root + step) <= n:
            root += step
        step //= 2
    return root * root == n


def main():
    song, same, other = {"t": "a"}, {"t": "a"}, {"t": "b"}
    drop([other, same, song, other], song)
    drop([other, other], song)
    drop([song], song)
    ann, bob = Box("ann", [True, False]), Box("bob", [0, 1])
    tell([bob.deliver, ann.deliver, bob.deliver], "hello")
    tell([Box("cyd").deliver], "")
    tell([], "x")
    find(iter(["a song", "the other song", "one more", "song again"]), "other")
    find(iter(["another one", "none"]), "other")
    find(["x"], "x")
    tree = {"title": "All", "parts": [{"title": "A", "parts": [{"title": "A1"}, {"title": "A2"}]}, {"title": "B"}]}
    titles(tree)
    titles({"title": "Single"})
    titles(tree["parts"][0], 2)
    for n in (0, 1, 2, 9, 15, 16, 1000000, 999999):
        is_square(n)


#+ drop | del by place
def drop(songs, song):
    for i, other in enumerate(songs):
        if other is song:
            del songs[i]
            return True
    return False


#+ tell | no list of those told
def tell(listeners, message):
    return sum([1 for listener in listeners if listener(message)])


#+ find | enumerated
def find(lines, word):
    for number, line in enumerate(lines, 1):
        if word in line and word in line.split():
            return number, line
    return None


#+ titles | appended, by a function inside
def titles(node, depth=0):
    out = []
    add = out.append

    def walk(here, indent):
        add(indent + here["title"])
        for below in here.get("parts", ()):
            walk(below, indent + "  ")

    walk(node, "  " * depth)
    return out


#+ is_square | the integer root of C
def is_square(n):
    return n >= 0 and math.isqrt(n) ** 2 == n


#- drop | args | == for is: takes out the first song that looks the same
def drop(songs, song):
    if song in songs:
        songs.remove(song)
        return True
    return False


#- tell | return | early end: stops at the first that answers
def tell(listeners, message):
    for listener in listeners:
        if listener(message):
            return 1
    return 0


#- tell | return | calls made: each listener once
def tell(listeners, message):
    return sum([1 for listener in dict.fromkeys(listeners) if listener(message)])


#- find | args | iterator used up: reads all lines to look in a list
def find(lines, word):
    lines = list(lines)
    for number, line in enumerate(lines, 1):
        if word in line.split():
            return number, line
    return None


#- find | return | part of a word: looks for the text, not for the word
def find(lines, word):
    return next(((number, line) for number, line in enumerate(lines, 1) if word in line), None)


#- titles | again | mutable default: the list of a function inside the module is kept
def _walk(node, depth, out=[]):
    out.append("  " * depth + node["title"])
    for below in node.get("parts", ()):
        _walk(below, depth + 1)
    return out


def titles(node, depth=0):
    return list(_walk(node, depth))


#- titles | again | results in a list of the module: given out, and emptied by the next call
_out = []


def titles(node, depth=0):
    _out.clear()
    stack = [(node, depth)]
    while stack:
        here, deep = stack.pop()
        _out.append("  " * deep + here["title"])
        stack += [(below, deep + 1) for below in reversed(here.get("parts", ()))]
    return _out


#- is_square | derived | negative numbers: the root has none
def is_square(n):
    return math.isqrt(n) ** 2 == n


#+ Box.__init__ | unpacked
    def __init__(self, name, answers=()):
        self.answers = [*answers]
        self.name, self.got = name, []


#- Box.__init__ | args | what belongs to whom: the caller's list is kept, and later emptied
    def __init__(self, name, answers=()):
        self.name = name
        self.got = []
        self.answers = answers if isinstance(answers, list) else list(answers)
