"""The tokens of a spreadsheet's formulas."""


class LexError(ValueError):
    pass


def tokens(text):
    """(kind, text, position) of each; LexError at what is none."""
    at = 0
    while at < len(text):
        c = text[at]
        end = at + 1
        if c in " \t":
            at = end
            continue
        if c in "0123456789":
            while end < len(text) and text[end] in "0123456789.":
                end += 1
            yield "number", text[at:end], at
        elif c.isalpha() or c == "_":
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            yield "name", text[at:end], at
        elif c in "+-*/()=<>,:":
            yield "operator", c, at
        else:
            raise LexError(f"unexpected {c!r} at {at}")
        at = end


def main():
    for text in ["=A1+B2*3.25", "SUM(prix_été, 4) / 2", "rate^2 + 1", "a + 3² - b", "  x\t<= y",
                 "IF(a>1, total(b:c), 0.5)", "3.4.5 + z", "price € 3"]:
        try:
            list(tokens(text))
        except LexError:
            pass


#+ tokens | regular expressions find the end of a run
import re

_DIGITS = re.compile("[0-9.]*")
_WORD = re.compile(r"\w*")


def tokens(text):
    at = 0
    size = len(text)
    while at < size:
        c = text[at]
        if c in " \t":
            at += 1
        elif c in "0123456789":
            end = _DIGITS.match(text, at).end()
            yield "number", text[at:end], at
            at = end
        elif c.isalpha() or c == "_":
            end = _WORD.match(text, at).end()
            yield "name", text[at:end], at
            at = end
        elif c in "+-*/()=<>,:":
            yield "operator", c, at
            at += 1
        else:
            raise LexError(f"unexpected {c!r} at {at}")


#+ tokens | the length and the sets of characters are looked up once
def tokens(text):
    size = len(text)
    digits = frozenset("0123456789")
    more_digits = digits | {"."}
    operators = frozenset("+-*/()=<>,:")
    at = 0
    while at < size:
        c = text[at]
        start = at
        at += 1
        if c == " " or c == "\t":
            continue
        if c in digits:
            while at < size and text[at] in more_digits:
                at += 1
            yield "number", text[start:at], start
        elif c == "_" or c.isalpha():
            while at < size and (text[at].isalnum() or text[at] == "_"):
                at += 1
            yield "name", text[start:at], start
        elif c in operators:
            yield "operator", c, start
        else:
            raise LexError("unexpected %r at %d" % (c, start))


#- tokens | yielded | error moment: raises before it has yielded what comes before the error
import re

_TOKEN = re.compile(r"[ \t]*(?:([0-9][0-9.]*)|([^\W0-9²]\w*)|([-+*/()=<>,:]))")


def tokens(text):
    found = []
    at = 0
    while text[at:].strip(" \t"):
        m = _TOKEN.match(text, at)
        if m is None:
            at = len(text) - len(text[at:].lstrip(" \t"))
            raise LexError(f"unexpected {text[at]!r} at {at}")
        kind = ("number", "name", "operator")[m.lastindex - 1]
        found.append((kind, m[m.lastindex], m.start(m.lastindex)))
        at = m.end()
    yield from found


#- tokens | kind | character classes: str.isdigit takes superscripts for digits
def tokens(text):
    at = 0
    while at < len(text):
        c = text[at]
        end = at + 1
        if c in " \t":
            at = end
            continue
        if c.isdigit():
            while end < len(text) and (text[end].isdigit() or text[end] == "."):
                end += 1
            yield "number", text[at:end], at
        elif c.isalpha() or c == "_":
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
            yield "name", text[at:end], at
        elif c in "+-*/()=<>,:":
            yield "operator", c, at
        else:
            raise LexError(f"unexpected {c!r} at {at}")
        at = end
