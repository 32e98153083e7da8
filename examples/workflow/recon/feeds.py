# SPDX-License-Identifier: Apache-2.0
"""Reading the day's feeds: CSV exports and the scanner log."""
import csv
import re
from datetime import datetime
from pathlib import Path


class FeedError(Exception):
    """A feed that is missing or does not look as agreed."""


def read_rows(folder, name, columns):
    """The rows of folder/name as dicts; every column asked for must be there."""
    path = Path(folder) / name
    if not path.exists():
        raise FeedError(f"{path} is missing; make_feeds.py writes a set to practise on")
    with open(path, newline="", encoding="utf-8") as feed:
        rows = list(csv.DictReader(feed))
    for column in columns:
        if rows and column not in rows[0]:
            raise FeedError(f"{path} has no column {column!r}")
    return rows


def pence(text):
    """'12.30' -> 1230, without going through a float."""
    pounds, _, rest = text.strip().partition(".")
    return int(pounds) * 100 + int((rest + "00")[:2])


def parse_time(text):
    for layout in ("%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, layout)
        except ValueError:
            continue
    raise FeedError(f"cannot read the time {text!r}")


def load_orders(folder):
    orders = []
    for row in read_rows(folder, "orders.csv", ["order", "revision", "customer"]):
        orders.append({"number": row["order"], "revision": int(row["revision"]),
                       "customer": row["customer"], "placed": parse_time(row["placed"]),
                       "channel": row["channel"], "status": row["status"]})
    return orders


def load_lines(folder):
    lines = []
    for row in read_rows(folder, "lines.csv", ["order", "sku", "qty", "price"]):
        lines.append({"order": row["order"], "line": int(row["line"]), "sku": row["sku"],
                      "qty": int(row["qty"]), "price": pence(row["price"])})
    return lines


def load_payments(folder):
    payments = []
    for row in read_rows(folder, "payments.csv", ["payment", "reference", "amount"]):
        payments.append({"id": row["payment"], "reference": row["reference"].strip(),
                         "payer": row["payer"], "amount": pence(row["amount"]),
                         "received": row["received"]})
    return payments


def load_shipments(folder):
    shipments = []
    for row in read_rows(folder, "shipments.csv", ["parcel", "order", "sku", "qty"]):
        shipments.append({"parcel": row["parcel"], "order": row["order"], "carrier": row["carrier"],
                          "sku": row["sku"], "qty": int(row["qty"]),
                          "shipped": parse_time(row["shipped"])})
    return shipments


def load_stock(folder):
    stock = []
    for row in read_rows(folder, "stock.csv", ["sku", "bin", "on_hand"]):
        stock.append({"sku": row["sku"], "description": row["description"], "bin": row["bin"],
                      "on_hand": int(row["on_hand"]), "reorder_at": int(row["reorder_at"])})
    return stock


def load_kits(folder):
    """{kit: [(component, quantity), …]}; a component may be a kit itself."""
    kits = {}
    for row in read_rows(folder, "kits.csv", ["kit", "component", "qty"]):
        kits.setdefault(row["kit"], []).append((row["component"], int(row["qty"])))
    return kits


def parse_event(text):
    """One line of the scanner log as a dict, or None for comments and blanks."""
    head = re.compile(r"^(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d) (INFO|WARN) (scan-\d+) (.*)$")
    match = head.match(text)
    if not match:
        return None
    event = {"day": match.group(1), "hour": int(match.group(2)), "level": match.group(5),
             "device": match.group(6), "text": match.group(7)}
    if event["text"].startswith("pick "):
        for name, value in re.compile(r"(\w+)=(\S+)").findall(event["text"]):
            event[name] = int(value) if value.isdigit() else value
    return event


def load_events(folder):
    path = Path(folder) / "scanners.log"
    if not path.exists():
        raise FeedError(f"{path} is missing; make_feeds.py writes a set to practise on")
    events = []
    with open(path, encoding="utf-8") as log:
        for text in log:
            event = parse_event(text.rstrip("\n"))
            if event is not None:
                events.append(event)
    return events
