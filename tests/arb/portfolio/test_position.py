"""Average cost, and an attribution whose parts make up the whole exactly."""

from hypothesis import given
from hypothesis import strategies as st

from arb.portfolio.position import Position
from market.order import Side

TRADE = st.tuples(
    st.sampled_from(Side),
    st.integers(1, 50),
    st.integers(1, 500),
    st.integers(-9, 9),
    st.booleans(),
)


def test_a_round_trip_realises_the_difference():
    position = Position()
    position.trade(Side.BUY, 10, 1000, 1005, maker=True)
    position.trade(Side.SELL, 10, 1030, 1025, maker=False)
    assert (position.base, position.cost, position.realised) == (0, 0, 30)
    assert (position.spread, position.slippage) == (5, -5)


def test_reducing_takes_its_share_of_the_cost():
    position = Position()
    position.trade(Side.BUY, 10, 1000, 1000, maker=True)
    position.trade(Side.SELL, 4, 440, 440, maker=True)
    assert (position.base, position.cost, position.realised) == (6, 600, 40)


def test_going_through_zero_opens_the_other_side_at_the_new_price():
    position = Position()
    position.trade(Side.BUY, 10, 1000, 1000, maker=True)
    position.trade(Side.SELL, 25, 2750, 2750, maker=True)
    assert (position.base, position.cost, position.realised) == (-15, -1650, 100)


@given(st.lists(TRADE, max_size=40), st.integers(1, 500))
def test_the_parts_make_up_the_whole_and_money_is_conserved(trades, last):
    position = Position()
    cash = 0
    for side, base, price, off, maker in trades:
        position.trade(side, base, base * price, base * (price + off), maker=maker)
        position.pay(base)
        cash -= side.sign * base * price + base
    mark = position.base * last
    assert position.total(mark) == cash + mark
    parts = position.spread - position.slippage - position.fees + position.inventory(mark)
    assert parts == position.total(mark)
    if position.base == 0:
        assert position.cost == 0
