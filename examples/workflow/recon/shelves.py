# SPDX-License-Identifier: Apache-2.0
"""Stock: what the open orders need once kits are taken apart, and what is short."""


def units_in(sku, component, kits):
    """How many of a component one unit of sku holds, through all kits within kits."""
    if sku == component:
        return 1
    if sku not in kits:
        return 0
    total = 0
    for part, quantity in kits[sku]:
        total += quantity * units_in(part, component, kits)
    return total


def components(sku, kits):
    """The plain articles inside sku, each once, in the order met."""
    found = []
    queue = [sku]
    while queue:
        current = queue.pop(0)
        if current in kits:
            for part, _ in kits[current]:
                queue.append(part)
        elif current not in found:
            found.append(current)
    return found


def parts_list(sku, kits):
    """{component: units} for one unit of sku."""
    return {part: units_in(sku, part, kits) for part in components(sku, kits)}


def demand(short, kits):
    """Units of every plain article that the lines still to be sent need."""
    parts = {}
    for sku in sorted(set(line["sku"] for line, _ in short)):
        parts[sku] = parts_list(sku, kits)
    need = {}
    for line, sent in short:
        for part, units in parts[line["sku"]].items():
            if part not in need:
                need[part] = 0
            need[part] += (line["qty"] - sent) * units
    return need


def on_hand(stock):
    held = {}
    for row in stock:
        held[row["sku"]] = held.get(row["sku"], 0) + row["on_hand"]
    return held


def best_bin(sku, stock):
    """Where to pick from first: the fullest bin, by name where two are as full."""
    bins = [row for row in stock if row["sku"] == sku and row["on_hand"] > 0]
    if not bins:
        return "-"
    return sorted(bins, key=lambda row: (-row["on_hand"], row["bin"]))[0]["bin"]


def shortages(need, stock):
    """[(sku, needed, held, bin)] for what will run out, worst first."""
    held = on_hand(stock)
    rows = []
    for sku in need:
        if need[sku] > held.get(sku, 0):
            rows.append((sku, need[sku], held.get(sku, 0), best_bin(sku, stock)))
    return sorted(rows, key=lambda row: (row[2] - row[1], row[0]))


def reorder(stock):
    """Articles below their reorder level, with all their bins taken together."""
    held = on_hand(stock)
    level = {}
    for row in stock:
        level[row["sku"]] = max(level.get(row["sku"], 0), row["reorder_at"])
    return sorted(sku for sku in held if held[sku] < level[sku])
