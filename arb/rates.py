"""What one currency is worth in another: through a conversion book, never by assumption."""

from arb.plain_sight import PlainSight
from arb.sight import Sight
from market.fees import PPB
from market.instrument import Instrument, Kind


class Rates:
    """Conversion between quote currencies by the spot books that are watched.

    `instruments` is the node's own list. A rate exists while its book's quote may be used; nothing
    stands in for it.
    """

    def __init__(self, instruments: list[Instrument], sight: Sight | PlainSight) -> None:
        self._instruments = instruments
        self._sight = sight
        self._slots: dict[tuple[str, str], tuple[int, bool] | None] = {}
        self._known = 0

    def slot_between(self, source: str, target: str) -> tuple[int, bool] | None:
        """Return (slot, direct) of the book that converts, the first one watched; None without.

        Direct means that the book's base is `source`.
        """
        if self._known != len(self._instruments):
            self._slots.clear()
            self._known = len(self._instruments)
        key = (source, target)
        if key not in self._slots:
            self._slots[key] = self._find(source, target)
        return self._slots[key]

    def _find(self, source: str, target: str) -> tuple[int, bool] | None:
        for slot, one in enumerate(self._instruments):
            if one.kind is Kind.SPOT and {one.base, one.quote} == {source, target}:
                return slot, one.base == source
        return None

    def convert(self, amount: int, source: str, target: str, now: int, *, up: bool) -> int | None:
        """Return an amount in another currency, at the worse side of the book.

        `up` says that more is worse (something to be paid). None while no rate can be had.
        """
        if source == target:
            return amount
        found = self.slot_between(source, target)
        if found is None:
            return None
        slot, direct = found
        touch = self._touch(slot, now)
        if touch is None:
            return None
        grid = self._instruments[slot].price
        scale = 10**grid.decimals
        price = (touch[1] if up else touch[0]) if direct else (touch[0] if up else touch[1])
        price *= grid.step
        top, bottom = (amount * price, scale) if direct else (amount * scale, price)
        return -(-top // bottom) if up else top // bottom

    def mid_ppb(self, source: str, target: str, now: int) -> int:
        """Return what one unit is worth at the mid price, in parts per billion; 0 if unknown."""
        if source == target:
            return PPB
        found = self.slot_between(source, target)
        if found is None:
            return 0
        slot, direct = found
        touch = self._touch(slot, now)
        if touch is None:
            return 0
        grid = self._instruments[slot].price
        twice = (touch[0] + touch[1]) * grid.step
        scale: int = 2 * 10**grid.decimals
        return twice * PPB // scale if direct else scale * PPB // twice

    def _touch(self, slot: int, now: int) -> tuple[int, int] | None:
        touch = self._sight.touch(slot, now)
        return (touch[0], touch[2]) if touch is not None and touch[1] and touch[3] else None
