"""Cells of a CSV feed, turned into values."""


def convert(cell):
    text = cell.strip()
    if text == "":
        return None
    if text.lower() in ["true", "yes"]:
        return True
    if text.lower() in ["false", "no"]:
        return False
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return cell


def main():
    cells = ["", " 12 ", "007", "1_000", "-0.0", "3.0", "2.75", "1e3", "nan", "yes", "False", "No.", "-5",
             "EUR", " padded text ", "12 kg", "TRUE", "0", "-0", "inf", "٣", "4.", "1.5.2"]
    for cell in cells:
        convert(cell)


#+ convert | words by a table, and no integer has a point in it
_WORDS = {"": None, "true": True, "yes": True, "false": False, "no": False}


def convert(cell):
    text = cell.strip()
    word = text.lower()
    if word in _WORDS:
        return _WORDS[word]
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return cell


#+ convert | ASCII text with no digit and no n or i in it is no number
def convert(cell):
    text = cell.strip()
    if not text:
        return None
    word = text.lower()
    if word == "true" or word == "yes":
        return True
    if word == "false" or word == "no":
        return False
    if word.isascii() and not set(word) & set("0123456789ni"):
        return cell
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return cell


#- convert | return | int for float: 3.0 becomes 3
def convert(cell):
    text = cell.strip()
    word = text.lower()
    if word in ("", "true", "yes", "false", "no"):
        return {"": None, "true": True, "yes": True}.get(word, False)
    try:
        value = float(text)
    except ValueError:
        return cell
    if value == value and abs(value) < 1e15 and value == int(value) and str(value) != "-0.0":
        return int(value)
    return value


#- convert | return | negative zero: -0.0 goes through an integer
import re

_NUMBER = re.compile(r"[-+]?\d[\d_]*")


def convert(cell):
    text = cell.strip()
    word = text.lower()
    if word in ("", "true", "yes", "false", "no"):
        return {"": None, "true": True, "yes": True}.get(word, False)
    if _NUMBER.fullmatch(text):
        return int(text)
    try:
        value = float(text)
    except ValueError:
        return cell
    return value or 0.0


#- convert | return | bool for int: 0 and 1 are taken for flags
_WORDS = {"": None, "true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def convert(cell):
    text = cell.strip()
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return cell


#- convert | return | number syntax: a pattern that does not know 1_000
import re

_INT = re.compile(r"[-+]?\d+")
_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?(?:nan|inf(?:inity)?)", re.I)


def convert(cell):
    text = cell.strip()
    word = text.lower()
    if word in ("", "true", "yes", "false", "no"):
        return {"": None, "true": True, "yes": True}.get(word, False)
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return cell
