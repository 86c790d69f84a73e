"""The assets of a venue, and the smallest units in which the engine counts them."""

from collections.abc import Iterable
from decimal import Decimal, localcontext

from engine.rules import ASSETS_MAX, UNIT_MAX
from sim.market.listing import Listing

# Decimals of an asset where its listings allow it: what venues show of balances.
_DECIMALS = 8
_SPREAD_MAX = 6  # decimals between an asset's coarsest and finest grid: 10**6 is below UNIT_MAX
_DIGITS = 60

assert 10**_SPREAD_MAX <= UNIT_MAX


class Assets:
    """Numbers every asset of some listings and chooses its smallest unit, a power of ten.

    Asset 0 is none of them: a deposit of it makes an account one that has to pay. Raises ValueError
    for more assets than the engine holds, and where grids of one asset lie too far apart.
    """

    NONE = 0

    def __init__(self, listings: Iterable[Listing]) -> None:
        needs: dict[str, list[int]] = {}
        for listing in listings:
            needs.setdefault(listing.base, []).append(listing.size_decimals)
            places = listing.price_decimals + listing.size_decimals
            needs.setdefault(listing.quote, []).append(places)
        if len(needs) >= ASSETS_MAX:
            raise ValueError(f"at most {ASSETS_MAX - 1} assets a venue, not {len(needs)}")
        self._numbers = {name: number for number, name in enumerate(needs, 1)}
        self._decimals = {name: _decimals(name, places) for name, places in needs.items()}

    @property
    def names(self) -> list[str]:
        """Every asset."""
        return list(self._numbers)

    def number(self, asset: str) -> int:
        """Return the engine's number of an asset; KeyError if unknown."""
        return self._numbers[asset]

    def base_unit(self, listing: Listing) -> int:
        """Return how many smallest units of the base asset a lot is."""
        unit: int = 10 ** (self._decimals[listing.base] - listing.size_decimals)
        return unit

    def quote_unit(self, listing: Listing) -> int:
        """Return how many smallest units of the quote asset a tick times a lot is."""
        places = listing.price_decimals + listing.size_decimals
        unit: int = 10 ** (self._decimals[listing.quote] - places)
        return unit

    def units(self, asset: str, amount: Decimal | str) -> int:
        """Return an amount in smallest units; ValueError if finer than they are, or negative."""
        with localcontext(prec=_DIGITS):
            scaled = Decimal(amount).scaleb(self._decimals[asset])
            if scaled < 0 or scaled != scaled.to_integral_value():
                raise ValueError(f"{amount} is no amount of {asset}")
            return int(scaled)

    def amount(self, asset: str, units: int) -> Decimal:
        """Return smallest units as an amount, exactly."""
        with localcontext(prec=_DIGITS):
            return Decimal(units).scaleb(-self._decimals[asset])


def _decimals(name: str, places: list[int]) -> int:
    finest, coarsest = max(places), min(places)
    if finest - coarsest > _SPREAD_MAX:
        raise ValueError(f"the grids of {name} lie too far apart: {coarsest} and {finest} decimals")
    return max(finest, min(_DECIMALS, coarsest + _SPREAD_MAX))
