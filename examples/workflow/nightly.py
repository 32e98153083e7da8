#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The nightly run: read a day's feeds, settle the day, print the report for the morning shift.

Without folders to read it takes every day that is still lying in feeds/: after a weekend, three.
"""
import argparse
import sys
from pathlib import Path

from recon import clean, feeds, fulfil, insight, settle, shelves
from recon.report import money, render


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("days", nargs="*", help="folders of a day's feeds")
    parser.add_argument("--top", type=int, default=12, help="rows in each ranking")
    return parser.parse_args(argv)


def settlement(orders, totals, payments, top):
    accounts, unclaimed = settle.settle(orders, totals, payments)
    full = len([1 for due, paid in accounts.values() if paid == due])
    part = len([1 for due, paid in accounts.values() if 0 < paid < due])
    none = len([1 for due, paid in accounts.values() if paid == 0])
    summary = [("paid in full", full), ("paid in part", part), ("not paid", none),
               ("unclaimed payments", len(unclaimed)),
               ("unclaimed money", money(sum(payment["amount"] for payment in unclaimed)))]
    debtors = [(name, money(amount), count)
               for name, amount, count in settle.owing(accounts, orders, top)]
    return summary, debtors


def report(folder, top):
    raw_orders = feeds.load_orders(folder)
    raw_lines = feeds.load_lines(folder)
    payments = feeds.load_payments(folder)
    shipments = feeds.load_shipments(folder)
    stock = feeds.load_stock(folder)
    kits = feeds.load_kits(folder)
    events = feeds.load_events(folder)

    orders = clean.live_orders(clean.latest_revisions(raw_orders))
    lines = clean.lines_of(orders, clean.drop_repeats(raw_lines))
    totals = settle.order_totals(lines)
    summary, debtors = settlement(orders, totals, payments, top)
    short = fulfil.short_lines(lines, shipments)
    carriers = fulfil.carrier_table(fulfil.delays(orders, shipments))
    need = shelves.demand(short, kits)
    lacking = shelves.shortages(need, stock)
    revenue = insight.revenue_by_customer(orders, totals)
    pairs = insight.bought_together(insight.baskets(lines), top)
    strange = insight.unknown_picks(events, orders)

    return render([
        ("Intake", [("order rows", len(raw_orders)), ("orders to serve", len(orders)),
                    ("order lines", len(lines)), ("scanner events", len(events))], "<24 >10"),
        ("Settlement", summary, "<24 >14"),
        ("Owing most", debtors, "<32 >12 >4"),
        ("Carriers", [(name, n, f"{mid:.1f}h", f"{far:.1f}h", late)
                      for name, n, mid, far, late in carriers], "<12 >6 >8 >8 >6"),
        ("Sent short", [("lines", len(short)),
                        ("units", sum(line["qty"] - sent for line, sent in short))], "<24 >10"),
        ("Will run out", lacking[:top], "<10 >8 >8 >8"),
        ("Reorder", [(sku,) for sku in shelves.reorder(stock)[:top]], "<10"),
        ("Best customers", [(name, money(amount)) for name, amount
                            in insight.top_customers(revenue, top)], "<32 >14"),
        ("Bought together", [(a, b, n) for (a, b), n in pairs], "<10 <10 >4"),
        ("Scanners", [(name, n, f"{mean:.0f} ms", warned) for name, n, mean, warned
                      in insight.device_table(events)], "<10 >6 >10 >5"),
        ("Slowest picks", insight.slow_picks(events, top), ">8 <10 <10"),
        ("Picked for nobody", [("picks", len(strange)), ("devices", len(
            set(device for device, _ in strange)))], "<24 >10"),
    ])


def main(argv=None):
    options = arguments(argv)
    days = options.days or sorted(str(day) for day in Path("feeds").glob("????-??-??"))
    if not days:
        print("nightly: no feeds to read; make_feeds.py writes some to practise on", file=sys.stderr)
        return 2
    for day in days:
        try:
            text = report(day, options.top)
        except feeds.FeedError as error:
            print(f"nightly: {error}", file=sys.stderr)
            return 2
        print(f"=== {Path(day).name} ===\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
