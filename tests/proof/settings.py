"""Settings from several files, the later ones over the earlier."""


def merged(base, override):
    """A new mapping that shares no mapping and no list with either."""
    result = {}
    for source in (base, override):
        for key, value in source.items():
            if isinstance(value, dict):
                known = result.get(key)
                result[key] = merged(known if isinstance(known, dict) else {}, value)
            elif isinstance(value, list):
                result[key] = list(value)
            else:
                result[key] = value
    return result


def main():
    base = {"debug": True, "db": {"host": "localhost", "port": 5432, "options": {"ssl": False}},
            "paths": ["/etc", "/usr/etc"], "retries": 3, "theme": {"colour": "blue"}}
    merged(base, {"db": {"host": "db1", "options": {"timeout": 30}}, "retries": 0, "debug": False})
    merged(base, {"paths": [], "theme": None, "log": {"level": "info"}})
    merged({}, base)
    merged({"a": 1, "b": {"c": 2}}, {"b": 3, "a": {"d": {}}})


#+ merged | fills the new mapping in place
def merged(base, override):
    result = {}
    _fill(result, base)
    _fill(result, override)
    return result


def _fill(result, source):
    for key, value in source.items():
        if isinstance(value, dict):
            known = result.get(key)
            if not isinstance(known, dict):
                known = result[key] = {}
            _fill(known, value)
        elif isinstance(value, list):
            result[key] = value[:] if type(value) is list else list(value)
        else:
            result[key] = value


#+ merged | without recursion
def merged(base, override):
    result = {}
    queue = [(result, base), (result, override)]
    for into, source in queue:
        for key, value in source.items():
            if isinstance(value, dict):
                known = into.get(key)
                if not isinstance(known, dict):
                    known = into[key] = {}
                queue.append((known, value))
            elif isinstance(value, list):
                into[key] = list(value)
            else:
                into[key] = value
    return result


#- merged | args | shallow copy: what is not overridden is shared with the base
def merged(base, override):
    result = dict(base)
    for key, value in override.items():
        if isinstance(value, dict):
            known = result.get(key)
            result[key] = merged(known if isinstance(known, dict) else {}, value)
        else:
            result[key] = list(value) if isinstance(value, list) else value
    return result


#- merged | return | falsy values: 0, False and nothing do not override
def merged(base, override):
    result = {}
    for source in (base, override):
        for key, value in source.items():
            if isinstance(value, dict):
                known = result.get(key)
                result[key] = merged(known if isinstance(known, dict) else {}, value)
            elif isinstance(value, list):
                result[key] = list(value)
            else:
                result[key] = value or result.get(key, value)
    return result


#- merged | args | in-place update: the base itself is changed and returned
def merged(base, override):
    for key, value in override.items():
        if isinstance(value, dict):
            known = base.get(key)
            base[key] = merged(known if isinstance(known, dict) else {}, value)
        else:
            base[key] = list(value) if isinstance(value, list) else value
    return base
