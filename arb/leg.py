"""One leg of a comparison: an instrument's book in common integer units."""

from books.book import Book
from market.fees import Fees
from market.instrument import Instrument

#: Decimals of the common base unit; inverse contracts are rounded down to it.
BASE_DECIMALS = 8


class Leg:
    """An instrument with its book and fees, and the factors to common units.

    `price_unit * ticks` is the price in units of 10**-price_decimals of the quote currency.
    """

    def __init__(self, instrument: Instrument, book: Book, fees: Fees) -> None:
        self.book = book
        self.slot = book.slot
        self.fees = fees
        self.instrument = instrument

    @property
    def id(self) -> str:
        """The instrument id."""
        return self.instrument.id

    def price_unit(self, decimals: int) -> int:
        """Return what one tick is in units of 10**-decimals."""
        grid = self.instrument.price
        unit: int = grid.step * 10 ** (decimals - grid.decimals)
        return unit

    def base_units(self, ticks: int, lots: int, decimals: int) -> int:
        """Return a size in units of 10**-decimals of the base currency, rounded down."""
        size = self.instrument.size
        value: int = lots * size.step * self.instrument.multiplier * 10**decimals
        if not self.instrument.inverse:
            linear: int = value // 10**size.decimals
            return linear
        price = self.instrument.price
        base: int = value * 10**price.decimals // (10**size.decimals * ticks * price.step)
        return base

    @property
    def base_decimals(self) -> int:
        """Decimals that hold this leg's sizes; BASE_DECIMALS for inverse contracts."""
        return BASE_DECIMALS if self.instrument.inverse else self.instrument.size.decimals
