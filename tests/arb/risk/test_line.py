"""What risk knows of an instrument: its rules as integers, and the volume of the last minute."""

from hypothesis import given
from hypothesis import strategies as st

from arb.risk.line import Line
from arb.risk.plain_line import PlainLine
from market.fees import Fees
from market.grid import Grid
from market.instrument import Instrument, Kind

SPOT = Instrument(
    "binance",
    "BTCUSDT",
    "BTC",
    "USDT",
    Grid(2),
    Grid(5),
    tick="0.05",
    lot="0.0001",
    min_size="0.0002",
    max_size="5",
    min_notional="10",
)
PERP = Instrument("binance-usdm", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), Kind.PERPETUAL)
FEES = Fees(-1_000, 2_000)
TRADES = st.lists(st.tuples(st.integers(1, 10**15), st.integers(0, 40_000_000_000)), max_size=30)


def known(line) -> dict[str, object]:
    return {name: getattr(line, name) for name in Line.__slots__}


def test_rules_become_ticks_lots_and_amounts():
    line = Line.of(SPOT, FEES)
    assert (line.tick, line.lot, line.lots_min, line.lots_max) == (5, 10, 20, 500_000)
    assert (line.notional_min, line.spot) == (10**28, True)


@given(trades=TRADES, instrument=st.sampled_from([SPOT, PERP]), later=st.integers(0, 10**11))
def test_both_twins_know_the_same(trades, instrument, later):
    compiled, plain = Line.of(instrument, FEES), PlainLine.of(instrument, FEES)
    assert known(compiled) == known(plain)
    now = 0
    for lots, pause in trades:
        now += pause
        compiled.hear_trade(lots, now)
        plain.hear_trade(lots, now)
        assert known(compiled) == known(plain)
    finer = instrument.with_grids(Grid(3), Grid(6))
    found = []
    for kind, old in ((Line, compiled), (PlainLine, plain)):
        line = kind.of(finer, FEES)
        line.adopt(old)
        line.forget(now + later)
        found.append(known(line))
    assert found[0] == found[1]
