"""A rate comes from a book that may be used, at its worse side, and is never assumed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb.rates import Rates
from market.fees import PPB
from market.grid import Grid
from market.instrument import Instrument, Kind
from tests.arb.strategy.rig import FakeBook, FakeL1, FakeSight

BRIDGE = Instrument("coinbase", "USDT-USD", "USDT", "USD", Grid(4), Grid(2))
#: A tick of a quarter of a cent.
COARSE = Instrument("coinbase", "USDC-USD", "USDC", "USD", Grid(4, 25), Grid(2))


def rates_of(*instruments: Instrument) -> tuple[Rates, list[FakeBook], FakeL1]:
    books, l1 = [FakeBook() for _ in instruments], FakeL1()
    for book in books:
        book.live = True
        book.sides = ([(9_980, 5)], [(10_010, 5)])
    return Rates(list(instruments), FakeSight(books, l1)), books, l1


def test_what_we_are_paid_is_converted_at_the_worse_side_and_rounded_down():
    rates, *_ = rates_of(BRIDGE)
    assert rates.convert(10_001, "USDT", "USD", 0, up=False) == 10_001 * 9_980 // 10_000
    assert rates.convert(10_001, "USD", "USDT", 0, up=False) == 10_001 * 10_000 // 10_010


def test_what_we_pay_is_converted_at_the_other_side_and_rounded_up():
    rates, *_ = rates_of(BRIDGE)
    assert rates.convert(10_001, "USDT", "USD", 0, up=True) == -(-10_001 * 10_010 // 10_000)
    assert rates.convert(10_001, "USD", "USDT", 0, up=True) == -(-10_001 * 10_000 // 9_980)


def test_the_step_of_a_grid_is_part_of_its_price():
    rates, books, _ = rates_of(COARSE)
    books[0].sides = ([(400, 1)], [(401, 1)])
    assert rates.convert(10_000, "USDC", "USD", 0, up=False) == 10_000
    assert rates.convert(10_000, "USDC", "USD", 0, up=True) == 10_025
    assert rates.mid_ppb("USDC", "USD", 0) == 1_001_250_000


def test_a_currency_is_worth_itself():
    rates, *_ = rates_of()
    assert rates.convert(7, "USD", "USD", 0, up=True) == 7
    assert rates.mid_ppb("USD", "USD", 0) == PPB


@pytest.mark.parametrize("wrong", ["missing", "graded", "not live", "no bid", "no ask"])
def test_without_a_usable_book_there_is_no_rate_rather_than_one(wrong):
    rates, books, l1 = rates_of(*(() if wrong == "missing" else (BRIDGE,)))
    if wrong == "graded":
        l1.bad.add(0)
    elif wrong == "not live":
        books[0].live = False
    elif wrong != "missing":
        bids, asks = books[0].sides
        books[0].sides = ([], asks) if wrong == "no bid" else (bids, [])
    for source, target in (("USDT", "USD"), ("USD", "USDT")):
        for up in (False, True):
            assert rates.convert(100, source, target, 0, up=up) is None
        assert rates.mid_ppb(source, target, 0) == 0


def test_only_a_spot_book_converts_and_one_that_comes_later_is_found():
    perpetual = Instrument(
        "binance-usdm", "USDTUSD", "USDT", "USD", Grid(4), Grid(2), Kind.PERPETUAL
    )
    instruments = [perpetual]
    books = [FakeBook(), FakeBook()]
    rates = Rates(instruments, FakeSight(books, FakeL1()))
    assert rates.slot_between("USD", "USDT") is None
    instruments.append(BRIDGE)
    assert rates.slot_between("USD", "USDT") == (1, False)
    assert rates.slot_between("USDT", "USD") == (1, True)


@given(
    st.integers(0, 10**30),
    st.integers(1, 20_000),
    st.integers(0, 500),
    st.booleans(),
    st.booleans(),
)
def test_a_conversion_is_the_exact_quotient_rounded_against_us(amount, bid, spread, direct, up):
    rates, books, _ = rates_of(BRIDGE)
    books[0].sides = ([(bid, 1)], [(bid + spread, 1)])
    source, target = ("USDT", "USD") if direct else ("USD", "USDT")
    price = Fraction(bid + spread if up is direct else bid, 10_000)
    exact = amount * price if direct else amount / price
    found = rates.convert(amount, source, target, 0, up=up)
    assert 0 <= (found - exact if up else exact - found) < 1
    back = rates.convert(found, target, source, 0, up=up)
    assert back >= amount if up else back <= amount, "there and back never pays"
