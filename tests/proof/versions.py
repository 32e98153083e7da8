"""Versions of packages: 1.0 is 1.0.0."""


class Version:
    def __init__(self, text):
        self.text = text
        self.parts = tuple(map(int, text.split(".")))

    def key(self):
        parts = self.parts
        while parts and parts[-1] == 0:
            parts = parts[:-1]
        return parts

    def __eq__(self, other):
        return isinstance(other, Version) and self.key() == other.key()

    def __hash__(self):
        return hash(self.text)


def distinct(versions):
    """Without repetitions, the first of equals."""
    found = []
    for version in versions:
        if version not in found:
            found.append(version)
    return found


def newest(versions):
    """The highest; of equals the last."""
    best = None
    for version in versions:
        if best is None or version.key() >= best.key():
            best = version
    return best


def main():
    for texts in (["1.0", "1.2", "1.0.0", "1.2"], ["2", "2.0", "0.9.1", "2.0.1"], ["0", "0.0"], []):
        versions = [Version(text) for text in texts]
        distinct(versions)
        newest(versions)


#+ distinct | by what equality goes by
def distinct(versions):
    found = {}
    for version in versions:
        found.setdefault(version.key(), version)
    return list(found.values())


#+ newest | the key of the best is kept
def newest(versions):
    best = key = None
    for version in versions:
        other = version.key()
        if best is None or other >= key:
            best, key = version, other
    return best


#+ newest | max from the end
def newest(versions):
    return max(reversed(versions), key=Version.key, default=None)


#- distinct | return | __hash__ and __eq__: they do not agree, and a dict needs both
def distinct(versions):
    return list(dict.fromkeys(versions))


#- distinct | return | which of equals: the last instead of the first
def distinct(versions):
    return list({version.key(): version for version in versions}.values())


#- distinct | args | identity: equal copies instead of the versions themselves
def distinct(versions):
    found = {}
    for version in versions:
        found.setdefault(version.key(), Version(version.text))
    return list(found.values())


#- newest | args | which of equals: max takes the first
def newest(versions):
    return max(versions, key=Version.key, default=None)
