"""Pages fetched one after another."""
import asyncio


class Missing(Exception):
    pass


class Site:
    def __init__(self, pages):
        self.pages = pages
        self.requests = []

    async def get(self, name):
        self.requests.append(name)
        delay, text = self.pages.get(name, (0, None))
        await asyncio.sleep(delay / 1000)
        if text is None:
            raise Missing(name)
        return text


async def fetch_all(site, names):
    """{name: text}; the first page that is missing ends it."""
    texts = {}
    for name in list(names):
        text = await site.get(name)
        texts.update({name: text})
    return texts


async def headlines(site, names):
    """The first line of each page that is there."""
    for name in names:
        try:
            text = await site.get(name)
        except Missing:
            continue
        yield text.split("\n")[0]


async def all_of(site, names):
    return [line async for line in headlines(site, names)]


def main():
    pages = {"a": (9, "A\nmore"), "b": (1, "B"), "c": (4, ""), "d": (0, "D\n")}
    for names in (["a", "b", "c"], ["d", "c", "d"], ["b", "zz", "a"], []):
        try:
            asyncio.run(fetch_all(Site(pages), names))
        except Missing:
            pass
        asyncio.run(all_of(Site(pages), names))


#+ fetch_all | a comprehension
async def fetch_all(site, names):
    get = site.get
    return {name: await get(name) for name in names}


#+ fetch_all | assigns without a second mapping
async def fetch_all(site, names):
    texts = {}
    for name in names:
        texts[name] = await site.get(name)
    return texts


#+ headlines | does not split what it drops
async def headlines(site, names):
    for name in names:
        try:
            text = await site.get(name)
        except Missing:
            continue
        yield text.partition("\n")[0]


#- fetch_all | return | order of completion: pages in the order in which they come
async def fetch_all(site, names):
    texts = {}

    async def one(name):
        texts[name] = await site.get(name)

    await asyncio.gather(*map(one, names))
    return texts


#- fetch_all | args | concurrency: asks for pages after the one that is missing
async def fetch_all(site, names):
    found = await asyncio.gather(*map(site.get, names))
    return dict(zip(names, found))


#- fetch_all | kind | errors as results: gather is told to return them
async def fetch_all(site, names):
    texts = {}
    for name in names:
        texts[name] = (await asyncio.gather(site.get(name), return_exceptions=True))[0]
    return texts


#- headlines | return | splitlines: a page of nothing has no first line
async def headlines(site, names):
    for name in names:
        try:
            text = await site.get(name)
        except Missing:
            continue
        for line in text.splitlines()[:1]:
            yield line


#- headlines | return | repetition: a page that is named twice is given once
async def headlines(site, names):
    for name in dict.fromkeys(names):
        try:
            text = await site.get(name)
        except Missing:
            continue
        yield text.split("\n")[0]
