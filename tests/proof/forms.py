"""What users fill in, checked."""


class FormError(ValueError):
    def __init__(self, field, why):
        super().__init__("%s: %s" % (field, why))
        self.field = field


def validate(form, rules):
    """The fields that the rules name; FormError for the first that is wrong."""
    values = {}
    for field, low, high in rules:
        if field not in list(form):
            raise FormError(field, "missing")
        value = form[field]
        if type(value) not in (int, float):
            raise FormError(field, "not a number")
        if value < low or value > high:
            raise FormError(field, "not in %s..%s" % (low, high))
        values[field] = value
    return values


def numbers(texts):
    """Each text as a number, or the error that it gave."""
    out = []
    for text in texts:
        try:
            out.append(int(text))
        except ValueError:
            try:
                out.append(float(text))
            except ValueError as error:
                out.append(error)
    return out


def post(entries, accounts):
    """Adds each entry to its account until one has none."""
    for name, cents in entries:
        if name not in sorted(accounts):
            raise FormError(name, "no such account")
        accounts[name] += cents


def main():
    rules = [("age", 18, 120), ("size", 0.5, 2.5), ("count", 0, 10)]
    for form in ({"age": 40, "size": 1.8, "count": 3, "extra": 1}, {"age": 17, "size": 1.0}, {"age": 20, "size": "1"},
                 {"size": 9.0, "count": 1}, {"age": 20, "size": 1.0, "count": True}):
        try:
            validate(form, rules)
        except FormError:
            pass
    numbers(["12", "1.5", "x1", "", "-3"])
    numbers([])
    for entries in ([("cash", 500), ("bank", -500)], [("cash", 1), ("gone", 2), ("bank", 3)], []):
        try:
            post(entries, {"cash": 0, "bank": 900})
        except FormError:
            pass


#+ validate | asks for forgiveness
def validate(form, rules):
    values = {}
    for field, low, high in rules:
        try:
            value = form[field]
        except KeyError:
            raise FormError(field, "missing")
        if type(value) is not int and type(value) is not float:
            raise FormError(field, "not a number")
        if value < low or value > high:
            raise FormError(field, f"not in {low}..{high}")
        values[field] = value
    return values


#+ validate | raised by a function of its own
def _fail(field, why):
    raise FormError(field, why)


def validate(form, rules):
    values = {}
    for field, low, high in rules:
        value = form[field] if field in form else _fail(field, "missing")
        if type(value) not in (int, float):
            _fail(field, "not a number")
        if value < low or value > high:
            _fail(field, "not in %s..%s" % (low, high))
        values[field] = value
    return values


#+ numbers | one after the other instead of within: the error came upon no other
def numbers(texts):
    out = []
    for text in texts:
        try:
            out.append(int(text))
            continue
        except ValueError:
            pass
        try:
            out.append(float(text))
        except ValueError as error:
            out.append(error)
    return out


#+ post | asks the mapping
def post(entries, accounts):
    for name, cents in entries:
        if name not in accounts:
            raise FormError(name, "no such account")
        accounts[name] += cents


#- validate | raise | which error comes first: what is missing before what is wrong
def validate(form, rules):
    for field, low, high in rules:
        if field not in form:
            raise FormError(field, "missing")
    for field, low, high in rules:
        if type(form[field]) not in (int, float):
            raise FormError(field, "not a number")
        if form[field] < low or form[field] > high:
            raise FormError(field, "not in %s..%s" % (low, high))
    return {field: form[field] for field, low, high in rules}


#- validate | kind | bool is an int: True counts as a number
def validate(form, rules):
    for field, low, high in rules:
        if field not in form:
            raise FormError(field, "missing")
        if not isinstance(form[field], (int, float)):
            raise FormError(field, "not a number")
        if form[field] < low or form[field] > high:
            raise FormError(field, "not in %s..%s" % (low, high))
    return {field: form[field] for field, low, high in rules}


#- validate | raise | error type: the base of what was raised
def validate(form, rules):
    values = {}
    for field, low, high in rules:
        value = form.get(field)
        if field not in form:
            raise ValueError("%s: missing" % field)
        if type(value) not in (int, float):
            raise FormError(field, "not a number")
        if value < low or value > high:
            raise FormError(field, "not in %s..%s" % (low, high))
        values[field] = value
    return values


#- validate | raise | attributes of an error: the field is not in it
def validate(form, rules):
    values = {}
    for field, low, high in rules:
        error = None
        if field not in form:
            error = FormError(field, "missing")
        elif type(form[field]) not in (int, float):
            error = FormError(field, "not a number")
        elif form[field] < low or form[field] > high:
            error = FormError(field, "not in %s..%s" % (low, high))
        if error:
            error.field = None
            raise error
        values[field] = form[field]
    return values


#- numbers | return | error text: of int() instead of float()
def numbers(texts):
    out = []
    for text in texts:
        try:
            out.append(int(text) if "." not in text else float(text))
        except ValueError as error:
            out.append(error)
    return out


#- post | args | effects before an error: nothing is posted when an entry is wrong
def post(entries, accounts):
    for name, cents in entries:
        if name not in accounts:
            raise FormError(name, "no such account")
    for name, cents in entries:
        accounts[name] += cents


#- post | return | a result more: the accounts, where there was none
def post(entries, accounts):
    for name, cents in entries:
        if name not in accounts:
            raise FormError(name, "no such account")
        accounts[name] += cents
    return accounts
