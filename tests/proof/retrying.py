"""A download that is tried again."""


class GaveUp(Exception):
    pass


class Mirror:
    """A server that does as a script says."""

    def __init__(self, *script):
        self.script = list(script)
        self.asked = []

    def get(self, name):
        self.asked.append(name)
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        return f"{name}: {step}"


def fetch(mirror, name, attempts):
    last = None
    names = []
    for _ in range(attempts):
        try:
            return mirror.get(name)
        except (TimeoutError, ConnectionError) as error:
            last = error
            names = names + [type(error).__name__]
    raise GaveUp(f"{name}: {', '.join(names)}") from last


def main():
    for script in (["ok"], [TimeoutError("slow"), "ok"], [ConnectionResetError(104, "reset"), TimeoutError(), TimeoutError(9), "late"],
                   [TimeoutError(), ValueError("not a page"), "ok"]):
        try:
            fetch(Mirror(*script), "index", 3)
        except (GaveUp, ValueError):
            pass


#+ fetch | names only when they are wanted
def fetch(mirror, name, attempts):
    errors = []
    for _ in range(attempts):
        try:
            return mirror.get(name)
        except (TimeoutError, ConnectionError) as error:
            errors.append(error)
    cause = errors[-1] if errors else None
    raise GaveUp("%s: %s" % (name, ", ".join([type(e).__name__ for e in errors]))) from cause


#+ fetch | gives up where the last error is caught
def fetch(mirror, name, attempts):
    names = []
    get = mirror.get
    for left in range(attempts - 1, -1, -1):
        try:
            return get(name)
        except (TimeoutError, ConnectionError) as error:
            names.append(type(error).__name__)
            if not left:
                raise GaveUp(f"{name}: {', '.join(names)}") from error
    raise GaveUp(f"{name}: ")


#- fetch | raise | cause: the error no longer says what it came from
def fetch(mirror, name, attempts):
    names = []
    for _ in range(attempts):
        try:
            return mirror.get(name)
        except (TimeoutError, ConnectionError) as error:
            names.append(type(error).__name__)
    raise GaveUp(f"{name}: {', '.join(names)}")


#- fetch | args | calls made: asks once more after it has given up
def fetch(mirror, name, attempts):
    names = []
    last = None
    while True:
        try:
            page = mirror.get(name)
        except (TimeoutError, ConnectionError) as error:
            last = error
            names.append(type(error).__name__)
        else:
            if len(names) < attempts:
                return page
            break
    raise GaveUp(f"{name}: {', '.join(names[:attempts])}") from last


#- fetch | kind | caught too much: an error that is not of the network is tried again too
def fetch(mirror, name, attempts):
    last = None
    names = []
    for _ in range(attempts):
        try:
            return mirror.get(name)
        except Exception as error:
            last = error
            names.append(type(error).__name__)
    raise GaveUp(f"{name}: {', '.join(names)}") from last
