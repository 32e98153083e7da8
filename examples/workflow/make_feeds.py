#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes three days' worth of feeds into feeds/, the same bytes every time.

The real files come from the shop, the bank, the carrier and the warehouse scanners; these stand in
for them. Only random() is used, whose sequence Python guarantees for a seed.
"""
import random
import sys
from datetime import datetime, timedelta
from pathlib import Path

TOWNS = ["Ashford", "Brecon", "Carlow", "Dunmore", "Elgin", "Fethard", "Gorey", "Hexham", "Ilkley"]
TRADES = ["Bakery", "Brewing", "Cafe", "Catering", "Deli", "Grocers", "Hotel", "Kitchens", "Stores"]
ENDINGS = ["Ltd", "Limited", "& Sons", "Co", "Group"]
GOODS = ["bowl", "crate", "filter", "jar", "kettle", "ladle", "mixer", "pan", "rack", "sieve", "tray"]
SIZES = ["small", "medium", "large", "double", "catering"]
CARRIERS = ["NORTHLINE", "PARCELCO", "VANMAN"]
NIGHTS = [datetime(2024, 3, day, 21, 0, 0) for day in (8, 9, 10)]


class Dice:
    """Whole numbers and choices out of random() alone."""

    def __init__(self, seed):
        self.random = random.Random(seed).random

    def below(self, n):
        return int(self.random() * n)

    def pick(self, items):
        return items[self.below(len(items))]

    def chance(self, p):
        return self.random() < p


def customers(dice, n):
    names = []
    while len(names) < n:
        name = f"{dice.pick(TOWNS)} {dice.pick(TRADES)} {dice.pick(ENDINGS)}"
        if name not in names:
            names.append(name)
    return names


def misspell(dice, name):
    """What the bank makes of a payer's name."""
    at = 1 + dice.below(len(name) - 2)
    kind = dice.below(3)
    if kind == 0:
        return name[:at] + name[at + 1:]
    if kind == 1:
        return name[:at] + name[at] + name[at:]
    return name.upper()


def write(folder, name, header, rows):
    with open(folder / name, "w", encoding="utf-8", newline="\n") as feed:
        feed.writelines(line + "\n" for line in [header, *rows])


def write_day(folder, night, dice):
    folder.mkdir(parents=True, exist_ok=True)
    names = customers(dice, 160)

    skus = [f"P-{1000 + i}" for i in range(420)]
    kits = [f"K-{200 + i}" for i in range(46)]
    stock = []
    for sku in skus:
        for bin_no in range(1 + dice.below(3)):
            bin_name = f"{chr(65 + dice.below(8))}{dice.below(40):02d}-{bin_no}"
            what = f"{dice.pick(SIZES)} {dice.pick(GOODS)}"
            stock.append(f"{sku},{what},{bin_name},{dice.below(70)},{5 + dice.below(30)}")
    write(folder, "stock.csv", "sku,description,bin,on_hand,reorder_at", stock)

    parts = []
    for i, kit in enumerate(kits):
        # A kit may hold smaller kits; never one made later, so there are no cycles.
        inner = [kits[i - 1 - dice.below(min(i, 9))] for _ in range(2) if i and dice.chance(0.5)]
        for component in sorted(set(inner)) + [dice.pick(skus), dice.pick(skus)]:
            parts.append(f"{kit},{component},{2 if dice.chance(0.15) else 1}")
    write(folder, "kits.csv", "kit,component,qty", parts)

    orders, lines, payments, shipments = [], [], [], []
    for i in range(1300):
        number = f"SO-{30000 + i}"
        customer = dice.pick(names)
        placed = night - timedelta(minutes=5 * (1300 - i))
        status = "cancelled" if dice.chance(0.04) else "open"
        channel = dice.pick(["web", "phone", "rep"])
        for revision in range(1 + (dice.chance(0.15)) + (dice.chance(0.05))):
            row = f"{number},{revision},{customer},{placed:%Y-%m-%d %H:%M},{channel},{status}"
            orders.append(row)
            if dice.chance(0.12):
                orders.append(row)  # the shop sends a row again when it is not sure
        total = 0
        for line in range(1 + dice.below(5)):
            sku = dice.pick(kits) if dice.chance(0.2) else dice.pick(skus)
            quantity, price = 1 + dice.below(9), 250 + dice.below(9000)
            total += quantity * price
            row = f"{number},{line + 1},{sku},{quantity},{price / 100:.2f}"
            lines.append(row)
            if dice.chance(0.05):
                lines.append(row)
            if status == "open" and dice.chance(0.4):
                sent = quantity if dice.chance(0.9) else dice.below(quantity)
                shipped = placed + timedelta(hours=4 + dice.below(90))
                shipments.append(
                    f"PX{len(shipments):05d},{number},{dice.pick(CARRIERS)},{sku},{sent},"
                    f"{shipped:%Y-%m-%d %H:%M}")
        if dice.chance(0.85):
            reference = number if dice.chance(0.9) else dice.pick(["", "INV", number[3:], "thanks"])
            payer = misspell(dice, customer) if dice.chance(0.3) else customer
            paid = total if dice.chance(0.92) else total - 1 - dice.below(total)
            when = placed + timedelta(hours=dice.below(100))
            payments.append(f"BK{70000 + len(payments)},{reference},{payer},{paid / 100:.2f},"
                            f"{when:%Y-%m-%d}")
    write(folder, "orders.csv", "order,revision,customer,placed,channel,status", orders)
    write(folder, "lines.csv", "order,line,sku,qty,price", lines)
    write(folder, "payments.csv", "payment,reference,payer,amount,received", payments)
    write(folder, "shipments.csv", "parcel,order,carrier,sku,qty,shipped", shipments)

    log, clock = [], night
    for _ in range(3000):
        clock += timedelta(milliseconds=300 + dice.below(5000))
        device = f"scan-{dice.below(14):02d}"
        roll = dice.below(100)
        if roll < 82:
            text = (f"INFO {device} pick order=SO-{30000 + dice.below(1300)} sku={dice.pick(skus)} "
                    f"qty={1 + dice.below(9)} ms={120 + dice.below(400) + dice.below(40) ** 2}")
        elif roll < 93:
            text = f"INFO {device} heartbeat battery={dice.below(100)}%"
        else:
            text = f"WARN {device} {dice.pick(['misread', 'no signal', 'bin empty', 'wrong bin'])}"
        log.append(f"{clock:%Y-%m-%d %H:%M:%S} {text}")
    write(folder, "scanners.log", "# warehouse scanners, one line an event", log)


def main(folder="feeds"):
    for night in NIGHTS:
        write_day(Path(folder) / f"{night:%Y-%m-%d}", night, Dice(night.toordinal()))


if __name__ == "__main__":
    main(*sys.argv[1:2])
