"""Names of customers as several systems spell them."""
import unicodedata


def key(name):
    """What all spellings of a name have in common."""
    text = unicodedata.normalize("NFKD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    out = ""
    for c in text.casefold():
        if c.isalnum():
            out += c
        elif not out.endswith(" "):
            out += " "
    return out.strip(" ")


def main():
    for name in ["Müller  &  Söhne", "MULLER & SOHNE", "Weißstraße 5", "mary_ann o'neil", "ﬁnance ltd",
                 "  Ｔｏｋｙｏ K.K. ", "Ærø-Bådfart", "İstanbul A.Ş.", "plain name", "", "---", "ΣΊΣΥΦΟΣ"]:
        key(name)


#+ key | words joined once
def key(name):
    text = unicodedata.normalize("NFKD", name)
    combining = unicodedata.combining
    text = "".join([c for c in text if not combining(c)]).casefold()
    return " ".join("".join([c if c.isalnum() else " " for c in text]).split())


#+ key | ASCII needs no normalisation
def key(name):
    if name.isascii():
        text = name.lower()
    else:
        text = unicodedata.normalize("NFKD", name)
        text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    out = []
    blank = True
    for c in text:
        if c.isalnum():
            out.append(c)
            blank = False
        elif not blank:
            out.append(" ")
            blank = True
    return "".join(out).strip(" ")


#- key | return | case folding: lower() leaves the sharp s
def key(name):
    text = unicodedata.normalize("NFKD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())


#- key | return | normal form: NFD takes ligatures and wide letters for letters of their own
def key(name):
    text = unicodedata.normalize("NFD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


#- key | return | word characters: \w has the underscore
import re

_BETWEEN = re.compile(r"\W+")


def key(name):
    text = unicodedata.normalize("NFKD", name)
    text = "".join(c for c in text if not unicodedata.combining(c))
    return _BETWEEN.sub(" ", text.casefold()).strip(" ")
