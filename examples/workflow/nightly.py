#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The nightly run: read the feeds, settle the day, print the report for the morning shift."""
import argparse
import sys

from recon import clean, feeds, fulfil, insight, settle, shelves
from recon.report import money, render


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("feeds", nargs="?", default="feeds", help="folder of the feeds")
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


def main(argv=None):
    options = arguments(argv)
    try:
        raw_orders = feeds.load_orders(options.feeds)
        raw_lines = feeds.load_lines(options.feeds)
        payments = feeds.load_payments(options.feeds)
        shipments = feeds.load_shipments(options.feeds)
        stock = feeds.load_stock(options.feeds)
        kits = feeds.load_kits(options.feeds)
        events = feeds.load_events(options.feeds)
    except feeds.FeedError as error:
        print(f"nightly: {error}", file=sys.stderr)
        return 2

    orders = clean.live_orders(clean.latest_revisions(raw_orders))
    lines = clean.lines_of(orders, clean.drop_repeats(raw_lines))
    totals = settle.order_totals(lines)
    summary, debtors = settlement(orders, totals, payments, options.top)
    short = fulfil.short_lines(lines, shipments)
    carriers = fulfil.carrier_table(fulfil.delays(orders, shipments))
    need = shelves.demand(short, kits)
    lacking = shelves.shortages(need, stock)
    revenue = insight.revenue_by_customer(orders, totals)
    pairs = insight.bought_together(insight.baskets(lines), options.top)
    strange = insight.unknown_picks(events, orders)

    print(render([
        ("Intake", [("order rows", len(raw_orders)), ("orders to serve", len(orders)),
                    ("order lines", len(lines)), ("scanner events", len(events))], "<24 >10"),
        ("Settlement", summary, "<24 >14"),
        ("Owing most", debtors, "<32 >12 >4"),
        ("Carriers", [(name, n, f"{mid:.1f}h", f"{far:.1f}h", late)
                      for name, n, mid, far, late in carriers], "<12 >6 >8 >8 >6"),
        ("Sent short", [("lines", len(short)),
                        ("units", sum(line["qty"] - sent for line, sent in short))], "<24 >10"),
        ("Will run out", lacking[:options.top], "<10 >8 >8 >8"),
        ("Reorder", [(sku,) for sku in shelves.reorder(stock)[:options.top]], "<10"),
        ("Best customers", [(name, money(amount)) for name, amount
                            in insight.top_customers(revenue, options.top)], "<32 >14"),
        ("Bought together", [(a, b, n) for (a, b), n in pairs], "<10 <10 >4"),
        ("Scanners", [(name, n, f"{mean:.0f} ms", warned) for name, n, mean, warned
                      in insight.device_table(events)], "<10 >6 >10 >5"),
        ("Slowest picks", insight.slow_picks(events, options.top), ">8 <10 <10"),
        ("Picked for nobody", [("picks", len(strange)), ("devices", len(
            set(device for device, _ in strange)))], "<24 >10"),
    ]), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
