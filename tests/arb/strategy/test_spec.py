"""A strategy's text makes what it says, or is refused with the key that is wrong."""

import pytest

import checkpoint
from arb.schedule.config import AtEnd, Style
from arb.strategy.spec import (
    STRATEGIES,
    InstrumentsError,
    SpecError,
    StrategySpec,
    check,
    make,
)
from market.grid import Grid
from market.instrument import Instrument
from market.order import Side
from tests.arb.strategy.rig import BookRig
from tests.recorded_world import feed
from tests.trading_world import trading_node

BTC = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(6))
ETH = Instrument("binance", "ETHUSDT", "ETH", "USDT", Grid(1), Grid(3))
CROSS = Instrument("binance", "ETHBTC", "ETH", "BTC", Grid(5), Grid(3))


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_can_be_made_without_any_key(name):
    check(StrategySpec(name))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("twap", "side", "hold"),
        ("twap", "size", "-1"),
        ("twap", "style", "calm"),
        ("twap", "end_s", "0"),
        ("twap", "profile", "1,2"),
        ("vwap", "profile", "1,x"),
        ("vwap", "profile", "0,0"),
        ("vwap", "period_s", "0"),
        ("pov", "participation", "0"),
        ("pov", "participation", "1.5"),
        ("triangular", "size", "0"),
        ("triangular", "sequenced", "maybe"),
        ("xemm", "colour", "red"),
        ("xemm", "changes_per_second", "-1"),
        ("glft", "changes_per_second", "1000000"),
        ("glft", "life_ms", "-5"),
    ],
)
def test_a_key_that_cannot_be_is_named(name, key, value):
    with pytest.raises(SpecError, match=rf"{name}|{key}|must not be negative"):
        check(StrategySpec(name, keys=((key, value),)))


def test_a_schedule_gets_all_its_keys():
    rig = BookRig(BTC)
    keys = {
        "side": "sell", "size": "0.5", "start_s": "1.5", "end_s": "10", "limit": "59000.5",
        "participation": "0.25", "style": "aggressive", "at_end": "cross", "profile": "1,3",
    }  # fmt: skip
    made = make(StrategySpec("vwap", keys=tuple(keys.items())), rig.trader)
    config = made.config
    assert (config.side, config.style, config.at_end) == (Side.SELL, Style.AGGRESSIVE, AtEnd.CROSS)
    assert (config.size, config.limit) == (5 * 10**26, 590_005 * 10**26)
    assert config.share_ppm == 250_000
    assert (made.window.start, made.window.end) == (1_500_000_000, 10_000_000_000)


def test_a_cycle_is_found_among_the_instruments_once_it_is_there():
    spec = StrategySpec("triangular")
    assert make(spec, BookRig(BTC, ETH).trader) is None
    assert make(spec, BookRig(CROSS, ETH, BTC).trader).slots == (2, 1, 0)
    named = StrategySpec("triangular", (BTC.id, ETH.id))
    with pytest.raises(SpecError, match="takes 3"):
        make(named, BookRig(BTC, ETH).trader)


@pytest.mark.parametrize(
    ("strategy", "count"), [("glft", 2), ("twap", 3), ("arbitrage", 3), ("xemm", 1)]
)
def test_a_wrong_number_of_instruments_is_refused(strategy, count):
    ids = tuple(f"BTC-USDT.{number}" for number in range(count))
    with pytest.raises(InstrumentsError, match=f"got {count}, {strategy} takes "):
        check(StrategySpec(strategy, ids))


def test_several_of_a_kind_trade_side_by_side_under_their_own_names_and_can_be_written_down():
    specs = (
        StrategySpec("glft", (), (("size", "0.01"),)),
        StrategySpec("wide", (), (("size", "0.02"), ("half_bps", "40")), "skew"),
        StrategySpec("wider", (), (("size", "0.02"), ("half_bps", "60")), "skew"),
        StrategySpec("late", (), (("end_s", "4"),), "twap"),
    )
    node = trading_node(specs)
    for item in feed(7, 3)[:900]:
        node.handle(*item)
    for world in node.desk.worlds.values():
        trader = world.trader
        assert list(trader.strategies) == ["glft", "wide", "wider", "late"]
        assert {one.strategy for one in trader.store.open.values()} >= {"wide", "wider"}
        assert type(trader.strategies["late"].curve).__name__ == "Even"
    assert checkpoint.dump(checkpoint.load(checkpoint.dump(node))) == checkpoint.dump(node)


def test_a_hedged_strategy_waits_for_the_book_that_converts():
    """It listens to it from its beginning: otherwise its quotes would follow an old rate."""
    dollars = Instrument("coinbase", "BTC-USD", "BTC", "USD", Grid(2), Grid(8))
    tether = Instrument("coinbase", "USDT-USD", "USDT", "USD", Grid(5), Grid(2))
    for kind in ("xemm", "arbitrage"):
        spec = StrategySpec(kind, (BTC.id, dollars.id))
        assert make(spec, BookRig(BTC, dollars).trader) is None
        made = make(spec, BookRig(BTC, dollars, tether).trader)
        assert made is not None
        assert made.slots == (0, 1, 2)
