"""What ticks and lots of an instrument are worth in amounts."""

from dataclasses import dataclass

from market.amount import AMOUNT_DECIMALS
from market.instrument import Instrument, Kind


class NotTradableError(ValueError):
    """The instrument cannot be held in exact amounts: inverse, or absurdly fine."""


@dataclass(frozen=True, slots=True)
class Units:
    """Amounts (10**-AMOUNT_DECIMALS) of an instrument.

    `lot` is one lot in base currency, `notional` one tick times one lot in quote currency.
    """

    lot: int
    notional: int

    @classmethod
    def of(cls, instrument: Instrument) -> "Units":
        """Return the units of a linear instrument; NotTradableError for any other."""
        if instrument.inverse or instrument.kind is Kind.FUTURE:
            raise NotTradableError(f"{instrument.id}: only spot and linear perpetuals are traded")
        price, size = instrument.price, instrument.size
        # A fee rate has nine decimals more, so that a fee in parts per billion is exact as well.
        if price.decimals + size.decimals + 9 > AMOUNT_DECIMALS:
            raise NotTradableError(f"{instrument.id}: ticks times lots are finer than amounts")
        lot: int = size.step * instrument.multiplier * 10 ** (AMOUNT_DECIMALS - size.decimals)
        return cls(lot, lot * price.step // 10**price.decimals)
