"""A cache of pages, least recently used out first."""


class Cache:
    def __init__(self, size):
        self.size = size
        self.order = []
        self.pages = {}
        self.hits = 0

    def get(self, key):
        if key not in self.order:
            return None
        self.order.remove(key)
        self.order.append(key)
        self.hits += 1
        return self.pages[key]

    def put(self, key, page):
        if key in self.order:
            self.order.remove(key)
        elif len(self.order) == self.size:
            oldest = self.order.pop(0)
            del self.pages[oldest]
        self.order.append(key)
        self.pages[key] = page


def main():
    cache = Cache(3)
    for key in ["a", "b", "a", "c", "d", "a", "b", "e", "e", "a"]:
        if cache.get(key) is None:
            cache.put(key, len(key) * ord(key))
    counts = Cache(4)
    counts.put("empty", 0)
    counts.put("full", 9)
    counts.get("empty")
    counts.put("empty", 1)


#+ Cache.get | a dict answers what is there
    def get(self, key):
        if key not in self.pages:
            return None
        self.order.remove(key)
        self.order.append(key)
        self.hits += 1
        return self.pages[key]


#+ Cache.get | what is last already need not move
    def get(self, key):
        try:
            page = self.pages[key]
        except KeyError:
            return None
        order = self.order
        if order[-1] != key:
            order.remove(key)
            order.append(key)
        self.hits += 1
        return page


#+ Cache.put | a dict answers what is there
    def put(self, key, page):
        order, pages = self.order, self.pages
        if key in pages:
            order.remove(key)
        elif len(order) == self.size:
            del pages[order[0]]
            del order[0]
        order.append(key)
        pages[key] = page


#- Cache.get | return | falsy values: a page that is 0 counts as missing
    def get(self, key):
        page = self.pages.get(key)
        if not page:
            return None
        self.order.remove(key)
        self.order.append(key)
        self.hits += 1
        return page


#- Cache.get | self | state of the receiver: a hit no longer makes a page recent
    def get(self, key):
        if key not in self.pages:
            return None
        self.hits += 1
        return self.pages[key]


#- Cache.put | self | which is dropped: the newest instead of the oldest
    def put(self, key, page):
        if key in self.pages:
            self.order.remove(key)
        elif len(self.order) == self.size:
            del self.pages[self.order.pop()]
        self.order.append(key)
        self.pages[key] = page
