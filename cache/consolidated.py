"""The best bid and ask of one pair over all venues, from the quotes that may be used."""

from dataclasses import dataclass

from books.grade import UNUSABLE
from cache.l1 import L1, Quote
from market.grid import plain_decimal
from market.instrument import Instrument


@dataclass(frozen=True, slots=True)
class BestSide:
    """The best price of a side: the instrument that shows it, exact decimal price and size."""

    instrument: str
    slot: int
    price: str
    size: str


@dataclass(frozen=True, slots=True)
class Consolidated:
    """The best of both sides; None where no venue's quote may be used.

    `usable` of `venues` quotes took part. `crossed` says that one venue's bid is above another's
    ask: an edge before fees, not an error.
    """

    pair: str
    bid: BestSide | None
    ask: BestSide | None
    usable: int
    venues: int
    crossed: bool


@dataclass(slots=True)
class _Member:
    instrument: Instrument
    slot: int


class ConsolidatedQuotes:
    """Quotes by canonical pair (`BTC-USDT`); different quote currencies never mix."""

    def __init__(self, l1: L1) -> None:
        self._l1 = l1
        self._members: dict[str, list[_Member]] = {}

    @property
    def pairs(self) -> list[str]:
        """The pairs known, in the order in which they came."""
        return list(self._members)

    def add(self, instrument: Instrument, slot: int) -> None:
        """Add an instrument or replace it after its grids were refined."""
        members = self._members.setdefault(instrument.pair, [])
        for member in members:
            if member.slot == slot:
                member.instrument = instrument
                return
        members.append(_Member(instrument, slot))

    def best(self, pair: str, now: int) -> Consolidated:
        """Return the best usable bid and ask of a pair at `now`; KeyError for an unknown pair.

        Of equal prices the larger size wins, then the earlier instrument.
        """
        members = self._members[pair]
        decimals = max(one.instrument.price.decimals for one in members)
        lots = max(one.instrument.size.decimals for one in members)
        sides: list[tuple[tuple[int, int], BestSide] | None] = [None, None]
        usable = 0
        for member in members:
            quote = self._l1.read(member.slot, now)
            if quote.grade & UNUSABLE:
                continue
            usable += 1
            for side in (0, 1):
                price, size = _common(member.instrument, quote, side, decimals, lots)
                rank = (price if side == 0 else -price, size)
                held = sides[side]
                if held is None or rank > held[0]:
                    sides[side] = (rank, _shown(member, price, size, decimals, lots))
        bid, ask = sides
        return Consolidated(
            pair,
            bid[1] if bid else None,
            ask[1] if ask else None,
            usable,
            len(members),
            crossed=bool(bid and ask and bid[0][0] > -ask[0][0]),
        )


def _common(
    instrument: Instrument, quote: Quote, side: int, decimals: int, lots: int
) -> tuple[int, int]:
    """Return price and size of a side in units of 10**-decimals and 10**-lots."""
    ticks, size = (quote.ask_price, quote.ask_lots) if side else (quote.bid_price, quote.bid_lots)
    price_scale: int = 10 ** (decimals - instrument.price.decimals)
    size_scale: int = 10 ** (lots - instrument.size.decimals)
    return ticks * instrument.price.step * price_scale, size * instrument.size.step * size_scale


def _shown(member: _Member, price: int, size: int, decimals: int, lots: int) -> BestSide:
    return BestSide(
        member.instrument.id, member.slot, plain_decimal(price, decimals), plain_decimal(size, lots)
    )
