# SPDX-License-Identifier: Apache-2.0
"""Money: which payment belongs to which order, and what is still owed."""
from recon.clean import squash


def order_totals(lines):
    """{order number: pence}"""
    totals = {}
    for line in lines:
        if line["order"] in totals:
            totals[line["order"]] += line["qty"] * line["price"]
        else:
            totals[line["order"]] = line["qty"] * line["price"]
    return totals


def match_by_reference(payments, orders):
    """Payments that quote an order number we know: [(payment, order)]; and the others."""
    matched = []
    others = []
    for payment in payments:
        found = None
        for order in orders:
            if order["number"] == payment["reference"]:
                found = order
                break
        if found is not None:
            matched.append((payment, found))
        else:
            others.append(payment)
    return matched, others


def distance(a, b):
    """Edits that turn a into b."""
    previous = list(range(len(b) + 1))
    for i, ca in enumerate(a, 1):
        row = [i]
        for j, cb in enumerate(b, 1):
            row.append(min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (ca != cb)))
        previous = row
    return previous[-1]


def likely_payer(payer, customers):
    """The customer whose name is nearest, if it is near at all."""
    wanted = squash(payer)
    if wanted in customers:
        return wanted
    near = [name for name in customers if abs(len(name) - len(wanted)) <= 2
            and name[:1] == wanted[:1]]
    if not near:
        return None
    best = sorted(near, key=lambda name: (distance(wanted, name), name))[0]
    return best if distance(wanted, best) <= 2 else None


def match_by_amount(payments, orders, totals, settled):
    """Payments without a usable reference: the payer's oldest unpaid order of that very amount."""
    customers = []
    for order in orders:
        name = squash(order["customer"])
        if name not in customers:
            customers.append(name)
    matched = []
    for payment in payments:
        customer = likely_payer(payment["payer"], customers)
        if customer is None:
            continue
        open_orders = [order for order in orders
                       if totals.get(order["number"]) == payment["amount"]
                       and order["number"] not in settled
                       and squash(order["customer"]) == customer]
        if open_orders:
            first = sorted(open_orders, key=lambda order: order["placed"])[0]
            settled.append(first["number"])
            matched.append((payment, first))
    return matched


def settle(orders, totals, payments):
    """Every order's money: {number: (due, paid)}, and the payments nobody claims."""
    matched, others = match_by_reference(payments, orders)
    settled = [order["number"] for _, order in matched]
    by_amount = match_by_amount(others, orders, totals, settled)
    claimed = [payment["id"] for payment, _ in by_amount]
    unclaimed = [payment for payment in others if payment["id"] not in claimed]

    paid = {}
    for payment, order in matched + by_amount:
        paid[order["number"]] = paid.get(order["number"], 0) + payment["amount"]
    accounts = {}
    for order in orders:
        accounts[order["number"]] = (totals.get(order["number"], 0), paid.get(order["number"], 0))
    return accounts, unclaimed


def owing(accounts, orders, limit):
    """The customers that owe most: [(customer, pence, orders)]."""
    debts = {}
    for order in orders:
        due, paid = accounts[order["number"]]
        if paid < due:
            if order["customer"] not in debts:
                debts[order["customer"]] = [0, 0]
            debts[order["customer"]][0] += due - paid
            debts[order["customer"]][1] += 1
    rows = [(name, amount, count) for name, (amount, count) in debts.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))[:limit]
