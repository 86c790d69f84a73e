"""A listing: one instrument at one simulated venue, with its grid."""

from dataclasses import dataclass

from engine.code import PRICE_MAX, QTY_MAX

BINANCE = "BINANCE"
COINBASE = "COINBASE"


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument at one venue.

    A tick is 10**-price_decimals of the quote asset, a lot 10**-size_decimals of the base asset.
    The limits of an order are in ticks and lots, the smallest notional in ticks times lots.
    """

    venue: str
    base: str
    quote: str
    price_decimals: int
    size_decimals: int
    min_notional: int = 0
    qty_min: int = 1
    qty_max: int = QTY_MAX
    price_min: int = 1
    price_max: int = PRICE_MAX

    @property
    def pair(self) -> str:
        """Return the canonical pair, such as `BTC-USDT`."""
        return f"{self.base}-{self.quote}"

    @property
    def id(self) -> str:
        """Return the instrument id, such as `BTC-USDT.BINANCE`."""
        return f"{self.pair}.{self.venue}"
