# SPDX-License-Identifier: Apache-2.0
"""Goods out: what was sent against what was ordered, how fast, and by whom."""
from datetime import timedelta

LATE_AFTER = timedelta(hours=72)


def short_lines(lines, shipments):
    """Lines of which less was sent than ordered: [(line, sent)]."""
    short = []
    for line in lines:
        sent = 0
        for parcel in shipments:
            if parcel["order"] == line["order"] and parcel["sku"] == line["sku"]:
                sent += parcel["qty"]
        if sent < line["qty"]:
            short.append((line, sent))
    return short


def delays(orders, shipments):
    """Hours from placing to sending: [(carrier, hours, late)]."""
    placed = {order["number"]: order["placed"] for order in orders}
    rows = []
    for parcel in shipments:
        if parcel["order"] in placed:
            waited = parcel["shipped"] - placed[parcel["order"]]
            rows.append((parcel["carrier"], waited.total_seconds() / 3600, waited > LATE_AFTER))
    return rows


def percentile(values, share):
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def carrier_table(rows):
    """[(carrier, parcels, median hours, 95th percentile, late)] by name."""
    table = []
    for carrier in sorted(set(row[0] for row in rows)):
        hours = [row[1] for row in rows if row[0] == carrier]
        late = len([row for row in rows if row[0] == carrier and row[2]])
        table.append((carrier, len(hours), percentile(hours, 0.5), percentile(hours, 0.95), late))
    return table
