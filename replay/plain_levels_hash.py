"""The plain twin of replay.levels_hash."""

from books.book import Book
from market.grid import DECIMALS_MAX, Grid

_MASK = (1 << 64) - 1


def unit(grid: Grid) -> int:
    """Return what one tick or lot adds to a value, modulo 2**64."""
    worth: int = grid.step * 10 ** (DECIMALS_MAX - grid.decimals)
    return worth & _MASK


def levels_hash(book: Book, price: Grid, size: Grid) -> int:
    """Return the 64 bits of a live book's levels."""
    tick, lot = unit(price), unit(size)
    total = 0
    for ask, salt in ((False, 1), (True, 2)):
        for ticks, lots in book.levels(ask):
            total += _mixed(ticks * tick & _MASK, lots * lot & _MASK, salt)
    return total & _MASK


def _mixed(price: int, size: int, salt: int) -> int:
    x = (price * 0x9E3779B97F4A7C15 + size * 0xC2B2AE3D27D4EB4F + salt) & _MASK
    x ^= x >> 29
    x = x * 0xBF58476D1CE4E5B9 & _MASK
    return x ^ (x >> 32)
