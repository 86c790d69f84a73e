"""Recorded exchange bytes give exactly the figures that an independent rebuild gave."""

from itertools import islice

import pytest

from cli.report import book_row, report
from market.effects import EffectKind
from market.fees import Fees, FeeSchedule
from node import Node, NodeConfig
from replay.source import Recorded, merged
from tests.node_world import FEEDS, feed, needs_feeds, replayed

pytestmark = needs_feeds

#: venue, set, and sums over its books: diffs, stale, applied, checks, mismatches, absent.
BINANCE = [
    ("binance", "binance-spot-2024-08", (6495, 2, 6493, 6493, 2, 26140)),
    ("binance-usdm", "binance-usdm-2024-08", (6551, 4, 6547, 6547, 0, 17747)),
    ("binance-coinm", "binance-coinm-2024-08", (44795, 23, 44772, 44772, 0, 88100)),
    ("binance", "binance-spot-2021-04-04", (2688, 32, 2656, 0, 0, 497 + 392 + 374)),
    ("binance", "binance-spot-2021-08", (546, 18, 528, 527, 0, 67)),
    ("binance-us", "binance-us-2021-10", (336, 4, 332, 316, 0, 7)),
    ("binance-us", "binance-us-2021-04-17", (807, 10, 797, 778, 0, 28)),
    ("binance-usdm", "binance-usdm-2021-07", (764, 12, 752, 744, 0, 58)),
]
#: Sets with figures for their end: id, bid, ask, bid levels, ask levels, changes.
ENDS = {
    "binance-spot-2024-08": (
        "BTC-USDT.BINANCE",
        ["61602.01", "1.67177"],
        ["61602.02", "2.66795"],
        (1971, 2962, 298094),
    ),
    "binance-usdm-2024-08": (
        "BTC-USDT-PERP.BINANCE-USDM",
        ["61659.7", "1.486"],
        ["61659.8", "0.981"],
        (5018, 4578, 443262),
    ),
    "binance-coinm-2024-08": (
        "BTC-USD-PERP.BINANCE-COINM",
        ["61600", "27"],
        ["61600.1", "1647"],
        (1510, 1733, 659405),
    ),
}


def rows_of(node: Node) -> list[dict]:
    return [book_row(node, slot) for slot in range(len(node.books))]


@pytest.mark.parametrize(("venue", "name", "sums"), BINANCE, ids=[row[1] for row in BINANCE])
def test_a_binance_set_gives_the_figures_of_the_independent_rebuild(venue, name, sums):
    node = replayed((venue, feed(name)))
    rows = rows_of(node)
    keys = ("diffs", "stale", "applied", "reference_checks", "reference_mismatches", "absent")
    assert tuple(sum(row[key] for row in rows) for key in keys) == sums
    assert [(row["state"], row["gaps"], row["crossed"]) for row in rows] == [("live", 0, 0)] * len(
        rows
    )
    assert all(not link.errors for link in node.links.values() if link.frames)
    if name in ENDS:
        instrument, bid, ask, counts = ENDS[name]
        (row,) = rows
        assert row["instrument"] == instrument
        assert (row["bid"], row["ask"]) == (bid, ask)
        assert (row["bid_levels"], row["ask_levels"], row["changes"]) == counts


def test_each_symbol_of_one_socket_syncs_at_its_own_snapshot():
    rows = rows_of(replayed(("binance", feed("binance-spot-2021-04-04"))))
    keys = ("diffs", "stale", "applied", "absent", "changes")
    assert {row["instrument"]: tuple(row[key] for key in keys) for row in rows} == {
        "BTC-USDT.BINANCE": (899, 10, 889, 497, 9871),
        "ETH-USDT.BINANCE": (909, 13, 896, 392, 11926),
        "DOT-USDT.BINANCE": (880, 9, 871, 374, 6447),
    }


def test_a_feed_without_any_snapshot_stays_unsynced_and_says_why():
    (row,) = rows_of(replayed(("binance", feed("binance-spot-2023-04"))))
    assert row["state"] == "no snapshot"
    assert (row["diffs"], row["applied"], row["gaps"]) == (3929, 0, 0)
    assert row["bid"] is None
    assert row["ask"] is None
    assert (row["bid_levels"], row["ask_levels"]) == (0, 0)


def test_coinbase_advanced_ends_with_both_books_live_and_no_frame_missing():
    node = replayed(("coinbase", feed("coinbase-advanced-2026-08")))
    rows = rows_of(node)
    assert [(row["instrument"], row["state"]) for row in rows] == [
        ("BTC-USD.COINBASE", "live"),
        ("ETH-USD.COINBASE", "live"),
    ]
    link = node.links["coinbase.COINBASE.ws.2"]
    assert (link.frames, link.gaps, link.sequence.last, link.errors) == (600, 0, 599, {})
    assert sum(row["applied"] for row in rows) == 436
    assert sum(row["changes"] for row in rows) == 2565
    assert sum(row["absent"] for row in rows) == 28
    assert all(row["crossed"] == 0 for row in rows)


def test_coinbase_exchange_ends_with_all_books_live_at_the_known_touch():
    path = FEEDS / "coinbase-exchange-2021-04" / "COINBASE.ws.28.0.five-products-a.zst"
    node = replayed(("coinbase-exchange", [path]))
    rows = {row["instrument"].partition(".")[0]: row for row in rows_of(node)}
    assert {name: (row["bid"][0], row["ask"][0]) for name, row in rows.items()} == {
        "SKL-USD": ("0.7902", "0.7911"),
        "BAND-BTC": ("0.00033388", "0.00033421"),
        "BAND-GBP": ("14.7366", "14.7664"),
        "NU-GBP": ("0.4388", "0.4393"),
        "CRV-EUR": ("3.2956", "3.301"),
    }
    assert all(row["state"] == "live" and row["crossed"] == 0 for row in rows.values())
    assert sum(row["applied"] for row in rows.values()) == 4814
    assert sum(row["absent"] for row in rows.values()) == 0
    checks = sum(row["reference_checks"] for row in rows.values())
    mismatches = sum(row["reference_mismatches"] for row in rows.values())
    assert (checks, checks - mismatches) == (70, 66)


def test_exchange_rules_from_the_products_reply_need_no_refinement():
    """With the venue's own rules on hand no grid is refined by values seen."""
    paths = feed("coinbase-exchange-2021-04")
    rows = rows_of(replayed(("coinbase-exchange", paths)))
    assert [row["state"] for row in rows] == ["live"] * 5


# --- spot against the perpetual ------------------------------------------------------------------

SPOT = FEEDS / "binance-spot-2024-08" / "btcusdt_20240808.gz"
PERPETUAL = FEEDS / "binance-usdm-2024-08" / "btcusdt_20240808.gz"
NAME = "BTC-USDT.BINANCE>BTC-USDT-PERP.BINANCE-USDM"


def pair(config: NodeConfig, inputs: int | None = None) -> dict:
    """Return the edge after the first inputs, or all of them."""
    node = Node(config)
    sources = [Recorded("binance", [SPOT]), Recorded("binance-usdm", [PERPETUAL])]
    for item in islice(merged(sources), inputs):
        node.handle(*item)
    node.finish()
    return report(node, 0, 0.0)["edges"][NAME]


def test_spot_stands_over_the_perpetual_nearly_always_and_taker_fees_eat_it():
    edge = pair(NodeConfig(discover=True))
    assert edge["kind"] == "basis"
    assert round(edge["gross_share_quotes"], 4) == 0.9998
    assert edge["gross_share_depth"] >= 0.999
    assert list(edge["rules"]) == ["fees"]
    assert edge["rules"]["fees"]["opportunities"] > 0
    assert edge["rules"]["fees"]["best_net_bps"] < 0
    assert edge["rules"]["fees"]["best_profit"] == "0"


def test_without_fees_the_same_crossing_pays():
    none = Fees(0, 0)
    fees = FeeSchedule({"binance": none, "binance-usdm": none})
    edge = pair(NodeConfig(discover=True, fees=fees), 8_000)
    assert "fees" not in edge["rules"]
    survived = edge["rules"]["observe only"]
    assert survived["opportunities"] > 0
    assert survived["best_net_bps"] > 0
    assert float(survived["best_profit"]) > 0
    assert survived["outcomes"]["50ms"]["valued"] > 0


def test_a_clean_recording_asks_for_first_snapshots_and_never_to_reconnect():
    node = Node(NodeConfig(discover=True))
    kinds: dict[EffectKind, int] = {}
    for item in merged([Recorded("binance-us", feed("binance-us-2021-10"))]):
        for effect in node.handle(*item):
            kinds[effect.kind] = kinds.get(effect.kind, 0) + 1
    assert kinds[EffectKind.FETCH] >= len(node.books) == 4
    assert EffectKind.RECONNECT not in kinds
