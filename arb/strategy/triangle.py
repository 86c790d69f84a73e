"""Three books of one venue that close a cycle, and the size at which going round pays most."""

from dataclasses import dataclass

from arb.risk.line import Line
from market.fees import PPB, fee
from market.instrument import Instrument
from market.order import Side

#: (ticks, lots), best first.
Depth = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Triangle:
    """Slots of the books `middle`/home, `top`/home and `top`/`middle`.

    With BTC-USDT, ETH-USDT and ETH-BTC, home is USDT, the middle BTC and the top ETH.
    """

    middle_home: int
    top_home: int
    top_middle: int

    @classmethod
    def of(cls, slots: tuple[int, ...], instruments: list[Instrument]) -> "Triangle":
        """Return the cycle of three slots in any order; ValueError where they close none."""
        for cross in slots:
            rest = [slot for slot in slots if slot != cross]
            one = instruments[cross]
            bases = {instruments[slot].base: slot for slot in rest}
            same = len({(instruments[at].quote, instruments[at].venue) for at in rest}) == 1
            if same and bases.keys() == {one.base, one.quote}:
                found = cls(bases[one.quote], bases[one.base], cross)
                if len(rest) == 2 and instruments[rest[0]].venue == one.venue:
                    return found
        names = ", ".join(instruments[slot].id for slot in slots)
        raise ValueError(f"{names}: no three books of one venue that close a cycle")

    @property
    def slots(self) -> tuple[int, int, int]:
        """The three slots."""
        return self.middle_home, self.top_home, self.top_middle

    def sides(self, *, forward: bool) -> dict[int, Side]:
        """Return what each book does; forward buys the top with the middle and sells it home."""
        one = Side.BUY if forward else Side.SELL
        return {self.middle_home: one, self.top_middle: one, self.top_home: one.other}


@dataclass(frozen=True, slots=True)
class Round:
    """One way round: lots of each book, the worst price of each walk, and what is left at home.

    `middle` is what the middle asset's leg moves and `net` the gain, in amounts, after all fees.
    """

    lots: dict[int, int]
    prices: dict[int, int]
    middle: int
    net: int
    cost: int


def best_size(
    triangle: Triangle,
    lines: dict[int, Line],
    depths: dict[int, Depth],
    most: tuple[int, int],
    margin_ppb: int,
    *,
    forward: bool,
) -> int:
    """Return the amount of the top asset at which the last piece still pays, at most `most`.

    `most` are amounts of top and middle asset. Prices only get worse along the walk, so that what
    pays at the margin pays most in all; `margin_ppb` of the bought value has to remain.
    """
    order = triangle.slots
    at, left = [0, 0, 0], [0, 0, 0]
    for index, slot in enumerate(order):
        if not depths[slot]:
            return 0
        left[index] = depths[slot][0][1] * lines[slot].units.lot
    top = middle = 0
    cross_fee = lines[triangle.top_middle].taker_ppb
    factor = PPB + cross_fee if forward else PPB - cross_fee
    while top < most[0] and middle < most[1]:
        ticks = [depths[slot][at[index]][0] for index, slot in enumerate(order)]
        if not pays(triangle, lines, ticks, margin_ppb, forward=forward):
            break
        line = lines[triangle.top_middle]
        # How much of the middle asset one lot of the top asset moves, with its fee, times PPB.
        unit = ticks[2] * line.units.notional * factor
        by_middle = min(left[0], most[1] - middle) * PPB * line.units.lot // unit
        piece = min(left[1], left[2], most[0] - top, by_middle)
        used = piece * unit // (line.units.lot * PPB)
        top, middle = top + piece, middle + used
        left[0] -= used
        left[1] -= piece
        left[2] -= piece
        # A remainder of the middle book too small to carry anything is used up as well.
        done = [piece == by_middle, left[1] == 0, left[2] == 0]
        for index in [one for one in range(3) if done[one]]:
            at[index] += 1
            slot = order[index]
            if at[index] == len(depths[slot]):
                return top
            left[index] = depths[slot][at[index]][1] * lines[slot].units.lot
    return top


def pays(
    triangle: Triangle, lines: dict[int, Line], ticks: list[int], margin_ppb: int, *, forward: bool
) -> bool:
    """Whether a piece at these prices (middle/home, top/home, top/middle) leaves the margin."""
    middle, top, cross = (lines[slot] for slot in triangle.slots)
    sign = 1 if forward else -1
    # Both ways of getting from the top asset home, for the same piece, in the same units.
    direct = ticks[1] * top.units.notional * middle.units.lot * cross.units.lot * PPB**2
    direct *= PPB - sign * top.taker_ppb
    around = ticks[2] * cross.units.notional * ticks[0] * middle.units.notional * top.units.lot
    around *= (PPB + sign * cross.taker_ppb) * (PPB + sign * middle.taker_ppb) * PPB
    brought, bought = (direct, around) if forward else (around, direct)
    return brought * PPB > bought * (PPB + margin_ppb)


def go_round(
    triangle: Triangle, lines: dict[int, Line], depths: dict[int, Depth], top: int, *, forward: bool
) -> Round | None:
    """Return what moving `top` brings at the depths shown, in whole lots; None beyond them.

    What is bought of the middle asset is rounded up and what is sold down: a rest under a lot stays
    ours and is not counted.
    """
    cross, home = lines[triangle.top_middle], lines[triangle.top_home]
    middle = lines[triangle.middle_home]
    step = max(home.units.lot * home.lot, cross.units.lot * cross.lot)
    top -= top % step
    lots = {
        triangle.top_home: top // home.units.lot,
        triangle.top_middle: top // cross.units.lot,
    }
    walked = _value(depths[triangle.top_middle], lots[triangle.top_middle])
    if walked is None or top == 0:
        return None
    value = walked[0] * cross.units.notional
    paid = fee(value, cross.taker_ppb)
    moved = value + paid if forward else value - paid
    unit = middle.units.lot * middle.lot
    lots[triangle.middle_home] = (-(-moved // unit) if forward else moved // unit) * middle.lot
    prices = {triangle.top_middle: walked[1]}
    flows = {}
    for slot in (triangle.top_home, triangle.middle_home):
        found = _value(depths[slot], lots[slot])
        if found is None:
            return None
        flows[slot] = found[0] * lines[slot].units.notional
        prices[slot] = found[1]
    fees = {slot: fee(value, lines[slot].taker_ppb) for slot, value in flows.items()}
    selling = triangle.top_home if forward else triangle.middle_home
    buying = triangle.middle_home if forward else triangle.top_home
    cost = flows[buying] + fees[buying]
    net = flows[selling] - fees[selling] - cost
    return Round(lots, prices, lots[triangle.middle_home] * middle.units.lot, net, cost)


def _value(depth: Depth, lots: int) -> tuple[int, int] | None:
    """Return (ticks times lots, worst ticks) of walking a depth; None where it does not reach."""
    value, worst = 0, 0
    for ticks, size in depth:
        if lots <= 0:
            break
        part = min(lots, size)
        value, lots, worst = value + ticks * part, lots - part, ticks
    return None if lots > 0 or worst == 0 else (value, worst)
