"""The walk finds the size of most profit, against an exact model that tries every size."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from arb.walk import Costs, Result, walk
from market.fees import PPB

RATES = st.integers(0, PPB // 20)
COSTS = st.builds(Costs, RATES, RATES, RATES, RATES)
SIZES = st.integers(1, 6)


def book(descending: bool):
    """Return sides of up to four levels, best first, at prices near one another."""
    prices = st.lists(st.integers(90, 115), min_size=0, max_size=4, unique=True)
    return prices.flatmap(
        lambda held: st.tuples(*(SIZES for _ in held)).map(
            lambda sizes: list(zip(sorted(held, reverse=descending), sizes, strict=True))
        )
    )


def taken(levels: list[tuple[int, int]], base: int) -> int:
    """Return the money for `base` units from the best level on."""
    money = 0
    for price, size in levels:
        part = min(size, base)
        money += part * price
        base -= part
    assert base == 0
    return money


def exact(sells, buys, costs: Costs, base: int) -> Fraction:
    """Return the profit of a size with fractions instead of rounding."""
    keep = (1 - Fraction(costs.sell_ppb, PPB)) * (1 - Fraction(costs.sell_conversion_ppb, PPB))
    take = (1 + Fraction(costs.buy_ppb, PPB)) * (1 + Fraction(costs.buy_conversion_ppb, PPB))
    return taken(sells, base) * keep - taken(buys, base) * take


@given(book(True), book(False), COSTS, st.integers(0, 40))
def test_no_other_size_pays_more(sells, buys, costs, limit):
    result = walk(sells, buys, costs, limit)
    deepest = min(sum(n for _, n in sells), sum(n for _, n in buys), limit)
    best = max(exact(sells, buys, costs, base) for base in range(deepest + 1))
    assert 0 <= result.base <= deepest
    assert exact(sells, buys, costs, result.base) == best


@given(book(True), book(False), COSTS, st.integers(0, 40))
def test_fees_are_rounded_up_and_profit_is_never_overstated(sells, buys, costs, limit):
    result = walk(sells, buys, costs, limit)
    truth = exact(sells, buys, costs, result.base)
    assert result.proceeds == taken(sells, result.base)
    assert result.cost == taken(buys, result.base)
    assert truth - 4 <= result.net <= truth


@given(book(True), book(False), COSTS, st.integers(0, 40))
def test_a_forced_walk_trades_as_much_as_depth_and_limit_allow(sells, buys, costs, limit):
    result = walk(sells, buys, costs, limit, forced=True)
    assert result.base == min(sum(n for _, n in sells), sum(n for _, n in buys), limit)


def test_an_empty_side_trades_nothing():
    nothing = Result(0, 0, 0, 0)
    assert walk([], [(1, 1)], Costs(0, 0), 9) == nothing
    assert walk([(1, 1)], [], Costs(0, 0), 9) == nothing
    assert walk([(2, 5)], [(1, 5)], Costs(0, 0), 0) == nothing


def test_a_unit_that_just_breaks_even_is_not_traded():
    assert walk([(100, 5)], [(100, 5)], Costs(0, 0), 9).base == 0


def test_a_converted_leg_pays_its_conversion_on_what_is_converted():
    """Selling 1,000 at 10 % leaves 900, of which the conversion takes another 10 %."""
    tenth = PPB // 10
    result = walk([(1000, 1)], [(100, 1)], Costs(tenth, 0, tenth, 0), 1)
    assert (result.fees, result.net) == (190, 710)
    result = walk([(1000, 1)], [(100, 1)], Costs(0, tenth, 0, tenth), 1)
    assert result.fees == 10 + 11
