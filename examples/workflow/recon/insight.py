# SPDX-License-Identifier: Apache-2.0
"""What the buyers and the floor manager look at: customers, baskets, scanners."""


def revenue_by_customer(orders, totals):
    revenue = {}
    for order in orders:
        if order["customer"] not in revenue:
            revenue[order["customer"]] = 0
        revenue[order["customer"]] += totals.get(order["number"], 0)
    return revenue


def top_customers(revenue, limit):
    return sorted(revenue.items(), key=lambda item: (-item[1], item[0]))[:limit]


def baskets(lines):
    """{order number: [skus]}"""
    orders = {}
    for line in lines:
        orders.setdefault(line["order"], []).append(line["sku"])
    return orders


def bought_together(orders, limit):
    """Pairs of articles most often found in one order: [((a, b), times)]."""
    pairs = []
    for skus in orders.values():
        unique = sorted(set(skus))
        for i in range(len(unique)):
            for j in range(i + 1, len(unique)):
                pairs.append((unique[i], unique[j]))
    counts = {}
    for pair in pairs:
        counts[pair] = counts.get(pair, 0) + 1
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]


def picks(events):
    return [event for event in events if "ms" in event]


def device_table(events):
    """[(device, picks, mean ms, warnings)] by device."""
    devices = []
    for event in events:
        if event["device"] not in devices:
            devices.append(event["device"])
    table = []
    for device in sorted(devices):
        mine = [event for event in events if event["device"] == device]
        times = [event["ms"] for event in mine if "ms" in event]
        warnings = len([event for event in mine if event["level"] == "WARN"])
        mean = sum(times) / len(times) if times else 0.0
        table.append((device, len(times), mean, warnings))
    return table


def slow_picks(events, limit):
    """The slowest picks of the night: [(ms, device, order)]."""
    slow = []
    for event in picks(events):
        slow.append((event["ms"], event["device"], event["order"]))
        slow.sort(reverse=True)
        slow = slow[:limit]
    return slow


def unknown_picks(events, orders):
    """Picks for orders that are not ours to pick any more."""
    numbers = [order["number"] for order in orders]
    strange = []
    for event in picks(events):
        if event["order"] not in numbers:
            strange.append((event["device"], event["order"]))
    return strange
