# SPDX-License-Identifier: Apache-2.0
"""Feeds repeat themselves and change their mind; this settles what counts."""


def drop_repeats(lines):
    """Order lines without the ones that were sent twice, first come first kept."""
    seen = []
    kept = []
    for line in lines:
        key = (line["order"], line["line"])
        if key in seen:
            continue
        seen.append(key)
        kept.append(line)
    return kept


def latest_revisions(orders):
    """For each order number its last revision, in the order the numbers first came in."""
    numbers = []
    for order in orders:
        if order["number"] not in numbers:
            numbers.append(order["number"])
    by_number = {}
    for order in orders:
        current = by_number.get(order["number"])
        if current is None or order["revision"] > current["revision"]:
            by_number[order["number"]] = order
    return [by_number[number] for number in numbers]


def live_orders(orders):
    return [order for order in orders if order["status"] != "cancelled"]


def lines_of(orders, lines):
    """The lines that belong to these orders."""
    numbers = [order["number"] for order in orders]
    return [line for line in lines if line["order"] in numbers]


def squash(name):
    """A customer's name as banks and people agree on it: no case, no punctuation, no 'Ltd'."""
    text = ""
    for ch in name.lower().replace("&", " and "):
        if ch.isalnum() or ch == " ":
            text += ch
    words = [word for word in text.split() if word not in ("ltd", "limited", "co", "group")]
    return " ".join(words)
