"""Paragraphs for a terminal."""


def wrap(text, width):
    """Lines of so many columns where words allow it; lines of the text are paragraphs."""
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = line + " " + word if line else word
        lines.append(line)
    return lines


def main():
    wrap("The quick brown fox jumps over the lazy dog and goes on for a while.", 20)
    wrap("first paragraph\n\nsecond one, a little longer than the first\n", 18)
    wrap("incomprehensibilities and self-contradictory half-truths", 10)
    wrap("form\x0cfeed and line\u2028separator\r\nare white space", 30)
    wrap("", 10)


#+ wrap | parts joined once a line
def wrap(text, width):
    lines = []
    for paragraph in text.split("\n"):
        parts = []
        size = 0
        for word in paragraph.split():
            if parts and size + 1 + len(word) > width:
                lines.append(" ".join(parts))
                parts = [word]
                size = len(word)
            else:
                size += len(word) + (1 if parts else 0)
                parts.append(word)
        lines.append(" ".join(parts))
    return lines


#+ wrap | a paragraph that fits is one line
def wrap(text, width):
    lines = []
    for paragraph in text.split("\n"):
        words = paragraph.split()
        line = " ".join(words)
        if len(line) > width:
            line = ""
            for word in words:
                if line and len(line) + 1 + len(word) > width:
                    lines.append(line)
                    line = word
                else:
                    line = f"{line} {word}" if line else word
        lines.append(line)
    return lines


#- wrap | return | ends of lines: splitlines knows more of them, and no empty last line
def wrap(text, width):
    lines = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            if line and len(line) + 1 + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = line + " " + word if line else word
        lines.append(line)
    return lines


#- wrap | return | library with rules of its own: textwrap breaks long words and at hyphens
import textwrap


def wrap(text, width):
    lines = []
    for paragraph in text.split("\n"):
        lines += textwrap.wrap(" ".join(paragraph.split()), width) or [""]
    return lines


#- wrap | return | off by one: the blank is not counted
def wrap(text, width):
    lines = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split():
            if line and len(line) + len(word) > width:
                lines.append(line)
                line = word
            else:
                line = line + " " + word if line else word
        lines.append(line)
    return lines
