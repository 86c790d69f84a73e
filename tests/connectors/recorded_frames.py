"""Frames of the public recordings, or a skip where these are not at hand."""

import os
from pathlib import Path

import pytest

from connectors.measure import coarsest
from connectors.registry import venue as venue_of
from connectors.venue import Topic
from market.grid import Grid
from market.inputs import InputKind
from replay.source import Recorded

#: Beside the repository, or where a run from a copy of it says.
FEEDS = Path(os.environ.get("CROSSQUOTE_FEEDS") or Path(__file__).parents[3] / "shared" / "feeds")
SETS = {
    "binance-spot": ("binance", "binance-spot-2024-08/btcusdt_20240808.gz"),
    "binance-spot-2021": ("binance", "binance-spot-2021-04-04/BINANCE-ee25be.0.zst"),
    "binance-us": ("binance-us", "binance-us-2021-10/BINANCE_US.jsonl.zst"),
    "binance-usdm": ("binance-usdm", "binance-usdm-2024-08/btcusdt_20240808.gz"),
    "binance-usdm-2021": ("binance-usdm", "binance-usdm-2021-07/BINANCE_FUTURES.jsonl.zst"),
    "binance-coinm": ("binance-coinm", "binance-coinm-2024-08/btcusd_perp_20240808.gz"),
    "coinbase": ("coinbase", "coinbase-advanced-2026-08/COINBASE.seq0-599.jsonl.zst"),
    "coinbase-exchange": (
        "coinbase-exchange",
        "coinbase-exchange-2021-04/COINBASE.ws.28.0.five-products-a.zst",
    ),
}


def inputs(name, frames_max):
    """Yield (data, symbol or None) of frames and depth replies; a symbol marks a reply."""
    venue, path = SETS[name]
    if not (FEEDS / path).exists():
        pytest.skip(f"the recordings are not here: {path}")
    protocol = venue_of(venue)
    seen = 0
    for item in Recorded(venue, [FEEDS / path]).inputs():
        if item.kind is InputKind.FRAME:
            seen += 1
            if seen > frames_max:
                return
            yield item.data, None
        elif item.kind is InputKind.REPLY:
            topic, symbol = protocol.topic(item.note)
            if topic is Topic.DEPTH:
                yield item.data, symbol


def grids(protocol, symbol, frames):
    """Return the grids that hold every number of a symbol in these frames."""
    prices, sizes = [Grid(0)], [Grid(0)]
    for data in frames:
        for found, into in zip(protocol.grids(data, symbol), (prices, sizes), strict=True):
            if found is not None:
                into.append(found)
    return tuple(coarsest([grid.increment for grid in found]) for found in (prices, sizes))
