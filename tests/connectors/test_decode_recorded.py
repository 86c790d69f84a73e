"""The decoders agree with their plain twins on what the venues really sent."""

import re

import pytest

from connectors.registry import venue as venue_of
from market.frame import Refusal
from tests.connectors.decode_twins import Twins
from tests.connectors.recorded_frames import SETS, grids, inputs

FRAMES_MAX = 2500
_NAMES = re.compile(rb'"(?:s|product_id)":"([A-Z0-9_-]+)"')
_FAMILY = {"binance-us": "binance", "binance-usdm": "binance", "binance-coinm": "binance"}


def recorded(name):
    """Return twins that know the symbols and grids of a recording, and its inputs."""
    taken = list(inputs(name, FRAMES_MAX))
    venue = SETS[name][0]
    protocol = venue_of(venue)
    by_symbol = {}
    for data, symbol in taken:
        names = [symbol] if symbol else {x.decode() for x in _NAMES.findall(data)}
        for found in names:
            by_symbol.setdefault(found, []).append(data)
    symbols = {found: grids(protocol, found, datas) for found, datas in by_symbol.items()}
    return Twins.of(_FAMILY.get(venue, venue), symbols), taken


@pytest.mark.parametrize("name", SETS)
def test_recorded_frames_give_the_twins_events(name):
    """Thousands of recorded frames and replies decode to exactly the twin's events."""
    pair, taken = recorded(name)
    assert len(taken) > 400
    refused = 0
    for data, symbol in taken:
        outcome = pair.outcome(data, symbol)
        assert outcome == pair.twin(data, symbol)
        refused += isinstance(outcome, Refusal)
    assert refused == 0


@pytest.mark.parametrize("name", ["binance-spot", "coinbase-exchange"])
def test_a_grid_that_is_too_coarse_is_named(name):
    """Numbers finer than the grid are refused as off grid, by both, with the symbol's name."""
    _, taken = recorded(name)
    data = next(data for data, _ in taken if b"depthUpdate" in data or b"l2update" in data)
    symbol = _NAMES.search(data)[1].decode()
    coarse = grids(venue_of(SETS[name][0]), symbol, [])
    pair = Twins.of(_FAMILY.get(SETS[name][0], SETS[name][0]), {symbol: coarse})
    assert pair.outcome(data) == pair.twin(data) == Refusal.OFF_GRID
    assert pair.fast.frame.symbol == symbol.encode()
