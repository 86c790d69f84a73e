"""What a venue checks in an order before its engine sees it."""

from arb.manners import Manners, manners_of
from arb.paper.line import PaperLine
from market.order import Type

_PERMILLE = 1_000


def refusal(
    line: PaperLine, price: int, lots: int, kind: Type, touch: tuple[int, int, int, int]
) -> str:
    """Return why an order is refused, in the venue's words; '' where it keeps every rule.

    `touch` is the book's bid, its lots, ask, its lots; where a side is missing no band holds.
    """
    manners = manners_of(line.instrument.venue)
    if kind is Type.MARKET:
        return _size(line, manners, touch[0] or touch[2], lots)
    if price <= 0 or price % line.rules.tick:
        return manners.price
    out = _beyond(price, touch, manners.up_permille, manners.down_permille)
    if out:
        return manners.band_high if out > 0 else manners.band_low
    return _size(line, manners, price, lots)


def _size(line: PaperLine, manners: Manners, price: int, lots: int) -> str:
    rules = line.rules
    if lots <= 0 or lots % rules.lot:
        return manners.lot
    if lots < rules.lots_min:
        return manners.size_small
    if rules.lots_max and lots > rules.lots_max:
        return manners.size_large
    small = price * lots * rules.units.notional < rules.notional_min
    return manners.notional if small else ""


def _beyond(price: int, touch: tuple[int, int, int, int], up: int, down: int) -> int:
    """Return 1 for a price above the venue's band, -1 below, 0 within."""
    bid, bid_lots, ask, ask_lots = touch
    if not (up and bid_lots and ask_lots):
        return 0
    mid2 = bid + ask
    if 2 * price * _PERMILLE > mid2 * up:
        return 1
    return -1 if 2 * price * _PERMILLE < mid2 * down else 0
