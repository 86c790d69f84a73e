"""Fees: exact rates in parts per billion, and what a trade costs in whole units."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from market.grid import BadNumberError, split_decimal

#: One in parts per billion: 0.1 % is 1_000_000 ppb, one basis point 100_000 ppb.
PPB = 10**9
_DECIMALS = 9

_RATE = re.compile(r"(-?)(.+)")


@dataclass(frozen=True, slots=True)
class Fees:
    """Rates of one account on one venue or instrument; a negative maker rate is a rebate."""

    maker_ppb: int
    taker_ppb: int

    def __post_init__(self) -> None:
        """Refuse rates that no venue can mean: a whole trade, or a rebate for taking."""
        if not (-PPB < self.maker_ppb < PPB and 0 <= self.taker_ppb < PPB):
            raise ValueError(
                "expected a maker rate between -1 and 1 and a taker rate from 0 to 1,"
                f" got {self.maker_ppb} and {self.taker_ppb} parts per billion"
            )


#: What the lowest tier of each venue pays, for when nobody stated the account's own rates. Venues
#: change these and grant discounts: set the real ones in the configuration.
LOWEST_TIER: dict[str, Fees] = {
    "binance": Fees(1_000_000, 1_000_000),
    "binance-us": Fees(1_000_000, 1_000_000),
    "binance-usdm": Fees(200_000, 500_000),
    "binance-coinm": Fees(100_000, 500_000),
    "coinbase": Fees(6_000_000, 12_000_000),
    "coinbase-exchange": Fees(4_000_000, 6_000_000),
}


@dataclass(frozen=True, slots=True)
class FeeTier:
    """What an account pays whose volume of 30 days is at least `volume`, in whole units."""

    volume: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class FeeLadder:
    """A venue's tiers above the lowest one, by growing volume.

    `volume` is what the account had traded in the 30 days before anything was traded here; it is
    kept until it would have aged away.
    """

    tiers: tuple[FeeTier, ...]
    volume: int = 0

    def __post_init__(self) -> None:
        """Refuse tiers that no volume could choose between."""
        volumes = [tier.volume for tier in self.tiers]
        if volumes != sorted(set(volumes)) or (volumes and volumes[0] <= 0) or self.volume < 0:
            raise ValueError("expected tiers of growing volumes above zero")

    def rates(self, volume: int, lowest: Fees) -> Fees:
        """Return what is paid at a volume, `lowest` below the first tier."""
        found = lowest
        for tier in self.tiers:
            if volume < tier.volume:
                break
            found = tier.fees
        return found


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Rates by venue, with exceptions by (venue, native symbol), and tiers by venue.

    `rates` are those of the lowest tier; an exception holds in every tier.
    """

    venues: Mapping[str, Fees] = field(default_factory=lambda: dict(LOWEST_TIER))
    instruments: Mapping[tuple[str, str], Fees] = field(default_factory=dict)
    ladders: Mapping[str, FeeLadder] = field(default_factory=dict)

    def rates(self, venue: str, native: str) -> Fees:
        """Return the rates of an instrument; raises KeyError for a venue without any."""
        return self.instruments.get((venue, native)) or self.venues[venue]

    def with_venue(self, venue: str, fees: Fees) -> "FeeSchedule":
        """Return the schedule with other rates for a venue; exceptions stay."""
        return replace(self, venues={**self.venues, venue: fees})

    def with_instrument(self, venue: str, native: str, fees: Fees) -> "FeeSchedule":
        """Return the schedule with an exception for one instrument."""
        return replace(self, instruments={**self.instruments, (venue, native): fees})

    def with_ladder(self, venue: str, ladder: FeeLadder) -> "FeeSchedule":
        """Return the schedule with tiers for a venue."""
        return replace(self, ladders={**self.ladders, venue: ladder})

    def ladder(self, venue: str, native: str) -> FeeLadder | None:
        """Return the tiers that hold for an instrument, None where its rates never change."""
        return None if (venue, native) in self.instruments else self.ladders.get(venue)


def fee(notional_units: int, rate_ppb: int) -> int:
    """Return the fee on `notional_units` in the same units, rounded up: against us.

    A rebate is negative and loses its fraction, which is rounding up as well.
    """
    if notional_units < 0:
        raise ValueError(f"a notional cannot be negative: {notional_units}")
    return -(-notional_units * rate_ppb // PPB)


def rate_ppb(text: str) -> int:
    """Return the parts per billion of a rate as decimal text: `"0.001"` is 1_000_000.

    Parts finer than one billionth are rounded up: against us. Raises BadNumberError unless the
    rate is a plain decimal between -1 and 1.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise BadNumberError(f"expected a rate as 0.001, got {text[:48]!r}")
    digits, decimals = split_decimal(match[2])
    signed = -digits if match[1] else digits
    scaled: int = -(-signed * 10**_DECIMALS // 10**decimals)
    if not -PPB < scaled < PPB:
        raise BadNumberError(f"expected a rate between -1 and 1, got {text[:48]!r}")
    return scaled
