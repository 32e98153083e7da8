# SPDX-License-Identifier: Apache-2.0
from datetime import datetime, timedelta

import pytest

from recon import clean, feeds, fulfil, insight, settle, shelves
from recon.report import money, render, table

MONDAY = datetime(2024, 3, 4, 9, 0)


def order(number, revision=0, customer="Elgin Deli Ltd", status="open", placed=MONDAY):
    return {"number": number, "revision": revision, "customer": customer, "placed": placed,
            "channel": "web", "status": status}


def line(number, n, sku="P-1", quantity=1, price=100):
    return {"order": number, "line": n, "sku": sku, "qty": quantity, "price": price}


def payment(ident, reference, payer="Elgin Deli Ltd", amount=100):
    return {"id": ident, "reference": reference, "payer": payer, "amount": amount, "received": ""}


@pytest.mark.parametrize("text, amount", [("12.30", 1230), ("0.5", 50), ("7", 700), ("1.999", 199)])
def test_pence_never_rounds(text, amount):
    assert feeds.pence(text) == amount


def test_a_missing_feed_says_what_to_do(tmp_path):
    with pytest.raises(feeds.FeedError, match="make_feeds.py"):
        feeds.read_rows(tmp_path, "orders.csv", ["order"])


def test_events_of_all_shapes():
    pick = feeds.parse_event("2024-03-07 21:00:03 INFO scan-02 pick order=SO-1 sku=P-1 qty=2 ms=90")
    assert (pick["hour"], pick["order"], pick["ms"]) == (21, "SO-1", 90)
    assert "ms" not in feeds.parse_event("2024-03-07 21:00:03 WARN scan-02 misread")
    assert feeds.parse_event("# comment") is None


def test_repeats_go_and_the_first_stays():
    first, second = line("a", 1), line("a", 2)
    assert clean.drop_repeats([first, second, line("a", 1, price=5), first]) == [first, second]


def test_the_last_revision_counts_whatever_order_they_came_in():
    orders = [order("a", 1), order("b"), order("a", 0), order("a", 2), order("b")]
    assert [(o["number"], o["revision"]) for o in clean.latest_revisions(orders)] == [("a", 2), ("b", 0)]


def test_names_are_squashed_alike():
    assert clean.squash("Elgin Deli Ltd") == clean.squash("ELGIN  deli, Limited") == "elgin deli"
    assert clean.squash("Bray & Sons") == "bray and sons"


@pytest.mark.parametrize("a, b, edits", [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3)])
def test_distance(a, b, edits):
    assert settle.distance(a, b) == edits


def test_money_finds_its_order_by_reference_then_by_amount():
    orders = [order("a"), order("b", placed=MONDAY - timedelta(days=1)), order("c")]
    totals = {"a": 100, "b": 100, "c": 250}
    accounts, unclaimed = settle.settle(
        orders, totals,
        [payment("1", "c", amount=200), payment("2", "thanks", "Elgin Dely"),
         payment("3", "", "Nobody we know")])
    assert accounts == {"a": (100, 0), "b": (100, 100), "c": (250, 200)}
    assert [p["id"] for p in unclaimed] == ["3"]
    assert settle.owing(accounts, orders, 5) == [("Elgin Deli Ltd", 150, 2)]


def test_short_lines_add_up_all_parcels():
    sent = [{"order": "a", "sku": "P-1", "qty": 1}, {"order": "a", "sku": "P-1", "qty": 1}]
    full, short = line("a", 1, quantity=2), line("a", 2, "P-2", quantity=1)
    assert fulfil.short_lines([full, short], sent) == [(short, 0)]


def test_kits_within_kits():
    kits = {"K-1": [("P-1", 2), ("K-2", 3)], "K-2": [("P-1", 1), ("P-2", 4)]}
    assert shelves.parts_list("K-1", kits) == {"P-1": 5, "P-2": 12}
    assert shelves.parts_list("P-9", kits) == {"P-9": 1}
    need = shelves.demand([(line("a", 1, "K-1", 2), 1), (line("b", 1, "P-2", 1), 0)], kits)
    assert need == {"P-1": 5, "P-2": 13}
    stock = [{"sku": "P-2", "bin": "A", "on_hand": 3, "reorder_at": 1},
             {"sku": "P-2", "bin": "B", "on_hand": 4, "reorder_at": 9}]
    assert shelves.shortages(need, stock) == [("P-2", 13, 7, "B"), ("P-1", 5, 0, "-")]
    assert shelves.reorder(stock) == ["P-2"]


def test_insight():
    assert insight.bought_together({"a": ["y", "x"], "b": ["x", "y", "z"]}, 1) == [(("x", "y"), 2)]
    events = [{"device": "s2", "level": "INFO", "ms": 5, "order": "a"},
              {"device": "s1", "level": "WARN"},
              {"device": "s2", "level": "INFO", "ms": 7, "order": "b"}]
    assert insight.device_table(events) == [("s1", 0, 0.0, 1), ("s2", 2, 6.0, 0)]
    assert insight.slow_picks(events, 1) == [(7, "s2", "b")]
    assert insight.unknown_picks(events, [order("a")]) == [("s2", "b")]


def test_report():
    assert money(123456) == "1,234.56"
    assert table([("a", 1)], "<3 >3") == "a     1\n"
    assert "nothing to report" in render([("Empty", [], "<3")])
