"""Completion of what was typed."""

_NOTHING = []


class Trie:
    def __init__(self, words=()):
        self.root = {}
        for word in words:
            node = self.root
            for c in word:
                node = node.setdefault(c, {})
            node[""] = word

    def complete(self, prefix):
        """The words that begin so, in the order of the tree."""
        found = list(_NOTHING)

        def walk(node):
            for key, below in node.items():
                if key == "":
                    if below.startswith(prefix):
                        found.append(below)
                else:
                    walk(below)

        walk(self.root)
        return found


def main():
    trie = Trie(["git", "grep", "go", "get", "make", "mak", "man", "m4", "make", "gets", "a", "grepper"])
    for typed in ["g", "ge", "mak", "zz", "man", "go", "x", "grepp"]:
        trie.complete(typed)


#+ Trie.complete | goes down to the prefix first
    def complete(self, prefix):
        node = self.root
        for c in prefix:
            if c not in node:
                return []
            node = node[c]
        found = []

        def walk(node):
            for key, below in node.items():
                if key == "":
                    found.append(below)
                else:
                    walk(below)

        walk(node)
        return found


#+ Trie.complete | a generator below the prefix
    def complete(self, prefix):
        def words(node):
            for key, below in node.items():
                if key:
                    yield from words(below)
                else:
                    yield below

        node = self.root
        for c in prefix:
            node = node.get(c)
            if node is None:
                return []
        return list(words(node))


#- Trie.complete | return | order of the walk: level by level
    def complete(self, prefix):
        node = self.root
        for c in prefix:
            if c not in node:
                return []
            node = node[c]
        found = []
        level = [node]
        while level:
            found += [n[""] for n in level if "" in n]
            level = [below for n in level for key, below in n.items() if key]
        return found


#- Trie.complete | self | lookup that inserts: nodes for what was only asked for
    def complete(self, prefix):
        node = self.root
        for c in prefix:
            node = node.setdefault(c, {})
        found = []

        def walk(node):
            for key, below in node.items():
                if key:
                    walk(below)
                else:
                    found.append(below)

        walk(node)
        return found


#- Trie.complete | again | shared result: one list for all that find nothing
    def complete(self, prefix):
        node = self.root
        for c in prefix:
            if c not in node:
                return _NOTHING
            node = node[c]
        found = []

        def walk(node):
            for key, below in node.items():
                if key:
                    walk(below)
                else:
                    found.append(below)

        walk(node)
        return found
