"""Measurements off a line, in batches."""


class Line:
    """A source of text lines that must be closed."""

    def __init__(self, lines):
        self.lines = lines
        self.closed = False

    def close(self):
        self.closed = True


def batches(line, size):
    """Lists of numbers; returns how many lines were none. "STOP" is an error."""
    bad = 0
    batch = []
    try:
        for text in line.lines:
            if text == "STOP":
                raise RuntimeError("stopped after %d" % len(batch))
            try:
                value = float(text)
            except ValueError:
                bad = bad + 1
                continue
            batch = batch + [value]
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        line.close()
    return bad


def main():
    for lines in (["1", "2.5", "x", "3"], ["4", "5", "6", "7"], ["", "8", "9", "STOP", "10"], []):
        try:
            list(batches(Line(lines), 2))
        except RuntimeError:
            pass


#+ batches | appends
def batches(line, size):
    bad = 0
    batch = []
    try:
        for text in line.lines:
            if text == "STOP":
                raise RuntimeError("stopped after %d" % len(batch))
            try:
                batch.append(float(text))
            except ValueError:
                bad += 1
            else:
                if len(batch) == size:
                    yield batch
                    batch = []
        if batch:
            yield batch
    finally:
        line.close()
    return bad


#- batches | return | what a generator returns: the number of bad lines is forgotten
def batches(line, size):
    batch = []
    try:
        for text in line.lines:
            if text == "STOP":
                raise RuntimeError("stopped after %d" % len(batch))
            try:
                batch.append(float(text))
            except ValueError:
                continue
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        line.close()


#- batches | ended | closing: not done when an error ends it
def batches(line, size):
    bad = 0
    batch = []
    for text in line.lines:
        if text == "STOP":
            raise RuntimeError("stopped after %d" % len(batch))
        try:
            batch.append(float(text))
        except ValueError:
            bad += 1
            continue
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
    line.close()
    return bad


#- batches | return | empty end: a last batch of nothing
def batches(line, size):
    bad = 0
    batch = []
    try:
        for text in line.lines:
            if text == "STOP":
                raise RuntimeError("stopped after %d" % len(batch))
            try:
                batch.append(float(text))
            except ValueError:
                bad += 1
                continue
            if len(batch) == size:
                yield batch
                batch = []
        yield batch
    finally:
        line.close()
    return bad
