"""Money is exact: nothing is lost, nothing is spent twice, whatever the fees and the order."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.code import OUTSIDE, RATE_ONE, Op
from engine.core import Engine
from engine.naive import NaiveEngine
from engine.naive_ledger import fee
from engine.record import Command
from engine.rules import BookRules

from .flow import ACCOUNTS, random_commands

FUNDS = 30_000


def funded(kind, rules):
    engine = kind()
    engine.add_instrument(rules)
    for account in range(1, ACCOUNTS + 1):
        for asset in (0, 1):
            engine.deposit(account, asset, FUNDS)
    return engine


@pytest.mark.parametrize("kind", [NaiveEngine, Engine])
@pytest.mark.parametrize("seed", range(25))
def test_funded_accounts_never_overdraw_and_every_unit_stays(kind, seed):
    """After every command: available is not negative, and all balances sum to the deposits."""
    rules, commands = random_commands(seed, 250)
    engine = funded(kind, rules)
    deposits = {0: FUNDS * ACCOUNTS, 1: FUNDS * ACCOUNTS}
    for command in commands:
        engine.batch(command.pack())
        engine.drain()
        if command.op == Op.DEPOSIT:
            deposits[command.price] += command.qty
        for asset in (0, 1):
            rows = [engine.balance(account, asset) for account in range(1, ACCOUNTS + 1)]
            assert all(total >= reserved >= 0 for total, reserved in rows), command
            outside = engine.balance(OUTSIDE, asset)[0]
            assert sum(total for total, _ in rows) + outside == deposits[asset]


@given(st.lists(st.integers(0, 1 << 40), max_size=8), st.integers(0, RATE_ONE // 2))
@settings(max_examples=200, deadline=None)
def test_fees_of_parts_never_exceed_the_fee_of_the_whole(parts, rate):
    assert sum(fee(part, rate) for part in parts) <= fee(sum(parts), rate)


@pytest.mark.parametrize("rate", [-RATE_ONE // 2, -1, 1, 12_345, RATE_ONE // 2])
def test_both_twins_charge_the_same_fee_on_the_largest_amounts(rate):
    """Amounts near 2^62 neither overflow nor round differently."""
    rng = random.Random(rate)
    naive, core = (kind() for kind in (NaiveEngine, Engine))
    for engine in (naive, core):
        engine.add_instrument(BookRules(maker_fee=rate, taker_fee=rate))
    for number in range(1, 60, 2):
        price = rng.choice((1 << 40, 1, (1 << 40) - rng.randrange(1000)))
        qty = rng.randint(1, min(1 << 40, (1 << 62) // price))
        for engine in (naive, core):
            assert engine.new(0, number, 1, 1, price, qty) == 0
            assert engine.new(0, number + 1, 2, 0, price, qty) == 0
    assert core.drain() == naive.drain()
    assert core.snapshot() == naive.snapshot()
    assert abs(core.balance(1, 1)[0]) > 1 << 62


@pytest.mark.parametrize("kind", [NaiveEngine, Engine])
def test_an_amount_beyond_the_limit_is_a_bad_quantity(kind):
    engine = kind()
    engine.add_instrument(BookRules())
    assert engine.new(0, 1, 1, 0, 1 << 40, 1 << 22) == 0
    assert engine.new(0, 2, 1, 0, 1 << 40, (1 << 22) + 1) == 5
    assert engine.new(0, 3, 1, 0, (1 << 40) + 1, 1) == 4
    assert engine.replace(1, 1 << 40, (1 << 22) + 1) == 5


@pytest.mark.parametrize("kind", [NaiveEngine, Engine])
def test_accounts_and_assets_are_shared_by_the_books_of_a_venue(kind):
    """Selling on one book pays for a purchase on another that has the same quote asset."""
    engine = kind()
    engine.add_instrument(BookRules(base=0, quote=9))
    engine.add_instrument(BookRules(base=3, quote=9, quote_unit=10))
    engine.deposit(1, 0, 5)
    assert engine.new(1, 1, 1, 0, 10, 5) == 10
    engine.new(0, 2, 2, 0, 100, 5)
    assert engine.new(0, 3, 1, 1, 100, 5) == 0
    assert engine.balance(1, 9) == (500, 0)
    assert engine.new(1, 4, 1, 0, 10, 5) == 0
    assert engine.balance(1, 9) == (500, 500)
    assert engine.batch(Command(Op.CANCEL_ALL, instrument=1, account=1).pack()) == 1
    assert engine.balance(1, 9) == (500, 0)
