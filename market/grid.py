"""The grid of a price or a size: how decimal text becomes an integer, and back."""

import math
import re
from dataclasses import dataclass

#: A price is at most this many ticks and a size this many lots, so that sums stay inside int64.
UNITS_MAX = 10**18 - 1
#: No venue publishes finer decimals; more of them in a message is absurd, not precise.
DECIMALS_MAX = 18
#: Digits on either side of the point which a wire number may have.
DIGITS_MAX = 40

_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)


class BadNumberError(ValueError):
    """The text is not a plain unsigned decimal inside the limits."""


class OffGridError(ValueError):
    """The value is a good number which this grid cannot express: refine the grid."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Multiples of `step * 10**-decimals`; a tick or a lot is one multiple.

    A price grid of `decimals=2, step=5` holds 0.05, 0.10, 0.15 …: 0.15 is 3 ticks.
    """

    decimals: int
    step: int = 1

    def __post_init__(self) -> None:
        """Refuse a grid that no venue can mean."""
        if not 0 <= self.decimals <= DECIMALS_MAX:
            raise ValueError(f"decimals must be 0 to {DECIMALS_MAX}, not {self.decimals}")
        if not 1 <= self.step <= UNITS_MAX:
            raise ValueError(f"step must be 1 to {UNITS_MAX}, not {self.step}")

    @classmethod
    def of_increment(cls, text: str) -> "Grid":
        """Return the grid of an increment as venues spell it: `0.01000000`, `0.5`, `10`."""
        digits, decimals = split_decimal(text)
        if digits == 0:
            raise BadNumberError(f"an increment cannot be zero: {text!r}")
        if digits > UNITS_MAX:
            raise BadNumberError(f"an increment cannot have so many digits: {text!r}")
        return cls(decimals, digits)

    def parse(self, text: str) -> int:
        """Return the number of units that `text` means; raises BadNumberError, OffGridError.

        Written with the grid's decimals, a value has at most 18 digits.
        """
        digits, decimals = split_decimal(text)
        if digits * 10**self.decimals > UNITS_MAX * 10**decimals + 10**decimals - 1:
            raise BadNumberError(f"{text!r} is too large for {self.decimals} decimals")
        if decimals > self.decimals:
            raise OffGridError(f"{text!r} needs {decimals} decimals, the grid has {self.decimals}")
        scale: int = 10 ** (self.decimals - decimals)
        units, rest = divmod(digits * scale, self.step)
        if rest:
            raise OffGridError(f"{text!r} is not a multiple of {self.increment}")
        return units

    def format(self, units: int) -> str:
        """Return the exact decimal text of `units`, without trailing zeros."""
        return plain_decimal(units * self.step, self.decimals)

    @property
    def increment(self) -> str:
        """The value of one unit as decimal text."""
        return self.format(1)

    def refined(self, text: str) -> "Grid":
        """Return the coarsest grid that holds this one and the value `text`.

        Raises BadNumberError where the value would not fit the finer grid: one absurd number
        must not spoil a grid for all that follow.
        """
        try:
            self.parse(text)
        except OffGridError:
            digits, decimals = split_decimal(text)
        else:
            return self
        if digits > UNITS_MAX:
            raise BadNumberError(f"{text!r} has more digits than any grid holds")
        finer = self.merged(Grid(decimals, digits))
        finer.parse(text)
        return finer

    def merged(self, other: "Grid") -> "Grid":
        """Return the coarsest grid that holds both."""
        decimals = max(self.decimals, other.decimals)
        mine = self.step * 10 ** (decimals - self.decimals)
        theirs = other.step * 10 ** (decimals - other.decimals)
        step = math.gcd(mine, theirs)
        while decimals and step % 10 == 0:
            step //= 10
            decimals -= 1
        return Grid(decimals, step)

    def factor_to(self, finer: "Grid") -> int:
        """Return how many units of `finer` one unit of this grid is; it must be a whole number."""
        top: int = self.step * 10 ** max(0, finer.decimals - self.decimals)
        bottom: int = finer.step * 10 ** max(0, self.decimals - finer.decimals)
        factor, rest = divmod(top, bottom)
        if rest:
            raise ValueError(f"{finer} does not refine {self}")
        return factor


def split_decimal(text: str) -> tuple[int, int]:
    """Return (digits, decimals) of plain decimal text, trailing zeros dropped.

    `"0.0500"` is (5, 2), `"10"` is (10, 0). Signs, exponents, spaces, more than DIGITS_MAX
    digits on a side or more than DECIMALS_MAX decimals raise BadNumberError.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadNumberError(f"not a plain decimal: {text[:48]!r}")
    whole, fraction = match[1], match[2] or ""
    if len(whole) > DIGITS_MAX or len(fraction) > DIGITS_MAX:
        raise BadNumberError(f"more than {DIGITS_MAX} digits: {text[:48]!r}…")
    fraction = fraction.rstrip("0")
    if len(fraction) > DECIMALS_MAX:
        raise BadNumberError(f"more than {DECIMALS_MAX} decimals: {text!r}")
    return int(whole + fraction), len(fraction)


def plain_decimal(digits: int, decimals: int) -> str:
    """Return `digits * 10**-decimals` as text without trailing zeros, with a sign if negative."""
    sign = "-" if digits < 0 else ""
    text = str(abs(digits)).rjust(decimals + 1, "0")
    if not decimals:
        return sign + text
    whole, fraction = text[:-decimals], text[-decimals:].rstrip("0")
    return f"{sign}{whole}.{fraction}" if fraction else sign + whole
