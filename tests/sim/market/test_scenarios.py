"""Each scenario by name, and what makes it that scenario."""

from functools import cache
from itertools import pairwise

import pytest

from engine.code import State
from sim.market.event import Side
from sim.market.scenarios import SCENARIOS, crowd, deep
from sim.market.world import World

START = 1_700_000_000 * 10**9
STEP_NS = 500_000_000
BTC, FAR_BTC = "BTC-USDT.BINANCE", "BTC-USD.COINBASE"
ETH, USDT = "ETH-USD.COINBASE", "USDT-USD.COINBASE"


@cache
def run(name, seconds=100):
    """Return (touches, states) by listing, one a step from the end of the warm-up on."""
    spec = SCENARIOS[name]
    world = World(spec, 3, START)
    world.advance(START + spec.warm_up_ns)
    touches = {listing.id: [] for listing in world.listings}
    states = {listing.id: [] for listing in world.listings}
    for _ in range(seconds * 10**9 // STEP_NS):
        world.advance(world.now_ns + STEP_NS)
        for listing in world.listings:
            touches[listing.id].append(world.book(listing.id).touch)
            states[listing.id].append(world.exchange(listing.venue).state(listing.id))
    return touches, states


def middles(name, listing):
    return [(touch.bid + touch.ask) / 2 for touch in run(name)[0][listing] if touch]


def swing(values):
    """Return the mean size of a step, in basis points."""
    moves = [abs(b / a - 1) for a, b in pairwise(values)]
    return sum(moves) / len(moves) * 1e4


def test_there_is_a_world_of_every_name():
    assert list(SCENARIOS) == [
        "calm",
        "trending",
        "volatile",
        "thin",
        "flash-crash",
        "one-venue-lags",
        "depeg",
        "halt",
    ]


@pytest.mark.parametrize(
    "name", [name for name in SCENARIOS if name not in ("flash-crash", "halt")]
)
def test_books_have_two_sides_that_do_not_cross(name):
    for touches in run(name)[0].values():
        assert all(touch and touch.bid < touch.ask for touch in touches)


def test_trending_prices_end_well_above_where_they_began():
    for listing in (BTC, FAR_BTC, ETH):
        values = middles("trending", listing)
        assert values[-1] / values[0] > 1.003


def test_volatile_prices_move_more_than_calm_ones():
    for listing in (BTC, ETH):
        assert swing(middles("volatile", listing)) > 1.7 * swing(middles("calm", listing))


def test_a_thin_market_has_wide_spreads_and_little_behind_them():
    def spread(name):
        touches = run(name)[0][BTC]
        return sorted(touch.ask - touch.bid for touch in touches)[len(touches) // 2]

    def behind(name):
        return sum(touch.bid_lots + touch.ask_lots for touch in run(name)[0][BTC])

    assert spread("thin") > 10 * spread("calm")
    assert behind("thin") < behind("calm") / 2


def test_in_a_flash_crash_one_price_falls_by_more_than_a_percent_and_comes_back():
    values = middles("flash-crash", BTC)
    assert min(values) < 0.99 * values[55]
    assert abs(values[-1] / values[0] - 1) < 0.01
    touches = run("flash-crash")[0][BTC]
    empty = [at for at, touch in enumerate(touches) if touch is None]
    assert all(60 <= at <= 80 for at in empty)  # never but in the crash itself
    assert swing(middles("flash-crash", FAR_BTC)) < 1.5 * swing(middles("calm", FAR_BTC))


def test_a_venue_that_lags_follows_the_other_one():
    """Its moves go with what the other venue did two seconds before, not with what it does."""
    moves = []
    for listing in (BTC, FAR_BTC):
        touches = run("one-venue-lags")[0][listing]
        moves.append([b.bid + b.ask - a.bid - a.ask for a, b in pairwise(touches)])
    lead, late = moves
    at_once = correlation(lead, late)
    after = max(correlation(lead[:-steps], late[steps:]) for steps in (3, 4, 5))
    assert after > 0.25 > 2 * at_once


def correlation(xs, ys):
    count = len(xs)
    mean_x, mean_y = sum(xs) / count, sum(ys) / count
    both = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys, strict=True))
    square_x = sum((x - mean_x) ** 2 for x in xs)
    square_y = sum((y - mean_y) ** 2 for y in ys)
    return both / (square_x * square_y) ** 0.5


def test_in_a_depeg_the_dollar_token_loses_three_percent_and_recovers():
    values = middles("depeg", USDT)
    assert min(values) < 0.98 * values[0]
    assert values[-1] > 0.995 * values[0]
    assert max(middles("depeg", BTC)) > 1.025 * middles("depeg", BTC)[0]


def test_a_halted_instrument_stands_still_and_reopens_by_auction():
    touches, states = run("halt")
    order = list(dict.fromkeys(states[BTC]))
    assert order == [State.OPEN, State.HALTED, State.CANCEL_ONLY, State.AUCTION]
    assert states[BTC][-1] is State.OPEN
    halted = [
        t for t, state in zip(touches[BTC], states[BTC], strict=True) if state is State.HALTED
    ]
    assert len(halted) > 10
    assert len(set(halted)) == 1
    assert State.CANCEL_ONLY in states[ETH]
    assert State.AUCTION in states[ETH]
    for listing in (BTC, ETH):
        reopened = touches[listing][-20:]
        assert all(touch and touch.bid < touch.ask for touch in reopened)
    assert set(states[FAR_BTC]) == {State.OPEN}


def test_a_scenario_comes_again_with_its_cycle():
    spec = SCENARIOS["halt"]
    world = World(spec, 3, START)
    seen = []
    for second in range(20, 20 + 2 * 120):
        world.advance(START + second * 10**9)
        if second % 120 == 55:  # 35 s after the warm-up and each cycle
            seen.append(world.exchange("BINANCE").state(BTC))
    assert seen == [State.HALTED, State.HALTED]


def test_a_crowd_has_as_many_symbols_a_venue_as_asked_for():
    world = World(crowd(7, 20.0), 1, START)
    assert len(world.exchange("BINANCE").listings) == len(world.exchange("COINBASE").listings) == 7
    world.advance(START + 5 * 10**9)
    for listing in world.listings:
        assert world.book(listing.id).touch is not None
    for symbols in (0, 721):
        with pytest.raises(ValueError, match="symbols"):
            crowd(symbols, 1.0)


def test_a_deep_world_has_books_of_tens_of_thousands_of_levels():
    world = World(deep(SCENARIOS["calm"]), 1, START)
    world.advance(START + 10**9)
    for side in Side:
        assert len(world.book(FAR_BTC).side(side)) > 10_000
    assert len(world.book(BTC).side(Side.BID)) < 1000
