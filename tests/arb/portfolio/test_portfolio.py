"""Balances, positions and markouts follow fills to the last unit."""

import pytest

from arb.orders.order import OwnOrder, Purpose
from arb.orders.store import Fill
from arb.portfolio.portfolio import Portfolio
from arb.portfolio.units import NotTradableError, Units
from market.amount import amount_of, text_of
from market.grid import BadNumberError, Grid
from market.instrument import Instrument, Kind
from market.order import Side, Tif, Type

SECOND = 1_000_000_000
SPOT = Instrument("binance", "BTCUSDT", "BTC", "USDT", Grid(2), Grid(5))
PERP = Instrument("binance-usdm", "BTCUSDT", "BTC", "USDT", Grid(1), Grid(3), Kind.PERPETUAL)


class Rig:
    """A portfolio over mid prices that the test sets, as twice the ticks."""

    def __init__(self, instrument: Instrument) -> None:
        self.mid2 = 0
        self.portfolio = Portfolio(lambda _: self.mid2)
        self.portfolio.watch(0, instrument)
        self.now = 0
        self._ids = 0

    def fill(self, side, price, lots, *, fee="0", asset="USDT", maker=True, strategy="a"):
        self._ids += 1
        order = OwnOrder(
            self._ids, 0, side, Type.LIMIT, Tif.GTC, price, lots, Purpose.QUOTE, strategy, self.now
        )
        fill = Fill(order, price, lots, amount_of(fee), asset, maker, self.now, str(self._ids))
        self.portfolio.book(fill, self.now)


def test_amounts_are_exact_texts_and_back():
    for text in ("0", "1", "0.000000000000000001", "-12.5", "61800.01"):
        assert text_of(amount_of(text)) == text
    with pytest.raises(BadNumberError):
        amount_of("1e5")


def test_units_refuse_what_cannot_be_exact():
    with pytest.raises(NotTradableError):
        Units.of(Instrument("binance", "X", "X", "Y", Grid(12), Grid(12)))
    with pytest.raises(NotTradableError):
        Units.of(
            Instrument(
                "binance-coinm", "X", "X", "Y", Grid(1), Grid(0), Kind.PERPETUAL, inverse=True
            )
        )


def test_a_spot_fill_moves_both_balances_and_the_fee():
    rig = Rig(SPOT)
    rig.portfolio.deposit("binance", "USDT", amount_of("1000"))
    rig.fill(Side.BUY, 6_000_000, 1_000, fee="0.6")
    assert text_of(rig.portfolio.balance("binance", "BTC")) == "0.01"
    assert text_of(rig.portfolio.balance("binance", "USDT")) == "399.4"


def test_a_fee_taken_from_the_base_received_leaves_less_to_sell():
    rig = Rig(SPOT)
    rig.mid2 = 12_000_000
    rig.fill(Side.BUY, 6_000_000, 1_000, fee="0.00001", asset="BTC")
    assert text_of(rig.portfolio.balance("binance", "BTC")) == "0.00999"
    assert text_of(rig.portfolio.base_held(0)) == "0.00999"
    gain = rig.portfolio.gain(0)
    assert text_of(gain.total) == "-0.6"
    assert gain.spread - gain.slippage - gain.fees + gain.inventory == gain.total


def test_a_fee_in_a_third_asset_is_kept_apart():
    rig = Rig(SPOT)
    rig.fill(Side.BUY, 6_000_000, 1_000, fee="0.001", asset="BNB")
    assert text_of(rig.portfolio.balance("binance", "BNB")) == "-0.001"
    assert rig.portfolio.gain(0).fees == 0
    assert {key: text_of(fee) for key, fee in rig.portfolio.other_fees.items()} == {
        ("binance", "BNB"): "0.001"
    }


def test_a_perpetual_settles_only_what_is_realised():
    rig = Rig(PERP)
    rig.fill(Side.SELL, 600_000, 100)
    assert rig.portfolio.balance("binance-usdm", "USDT") == 0
    rig.fill(Side.BUY, 590_000, 100)
    assert text_of(rig.portfolio.balance("binance-usdm", "USDT")) == "100"


def test_positions_of_strategies_are_kept_apart_and_add_up():
    rig = Rig(SPOT)
    rig.mid2 = 2 * 6_000_000
    rig.fill(Side.BUY, 6_000_000, 300, strategy="a")
    rig.fill(Side.SELL, 6_000_100, 100, strategy="b")
    assert text_of(rig.portfolio.base_held(0)) == "0.002"
    both = [rig.portfolio.gain(0, name).total for name in ("a", "b")]
    assert sum(both) == rig.portfolio.gain(0).total


def test_finer_grids_leave_values_as_they_are():
    rig = Rig(SPOT)
    rig.mid2 = 2 * 6_000_000
    rig.fill(Side.BUY, 6_000_000, 300)
    before = rig.portfolio.gain(0)
    rig.portfolio.watch(0, SPOT.with_grids(Grid(4), Grid(8)))
    rig.mid2 = 0
    assert rig.portfolio.gain(0) == before


def test_markouts_say_how_the_price_stood_later():
    rig = Rig(SPOT)
    rig.mid2 = 2 * 6_000_000
    rig.fill(Side.BUY, 6_000_000, 1_000)
    rig.mid2 = 2 * 6_001_000
    assert rig.portfolio.settle_markouts(SECOND) == 5 * SECOND
    rig.mid2 = 0
    assert rig.portfolio.settle_markouts(5 * SECOND) == 30 * SECOND
    markouts = rig.portfolio.markouts
    assert text_of(markouts.sums[SECOND, True].gain) == "0.1"
    assert (markouts.sums[5 * SECOND, True].fills, markouts.given_up) == (0, 1)
