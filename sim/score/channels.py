"""Which of a venue's channels say something about a book, and which one's loss a client can see."""

from collections.abc import Sequence
from typing import Protocol

from sim.market.listing import Listing
from sim.wire import binance, coinbase


class Channels(Protocol):
    """Names of channels as the venue's faults know them."""

    def listing(self, channel: str) -> str | None:
        """Return the listing whose touch a channel carries, None for none."""

    def guarded(self, channel: str) -> Sequence[str]:
        """Return the listings whose books a client must doubt when a frame of it is lost."""


class BinanceChannels:
    """Diffs carry update ids a symbol; a best quote that is lost is made good by the next one."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._ids = {binance.symbol_of(one).lower(): one.id for one in listings}

    def listing(self, channel: str) -> str | None:
        """Return the listing of a diff or best quote."""
        symbol, _, kind = channel.partition("@")
        return self._ids.get(symbol) if kind == "bookTicker" or _is_diff(kind) else None

    def guarded(self, channel: str) -> Sequence[str]:
        """Return the listing of a diff."""
        symbol, _, kind = channel.partition("@")
        return (self._ids[symbol],) if _is_diff(kind) and symbol in self._ids else ()


class CoinbaseChannels:
    """One number a connection counts all frames: each of them guards every book."""

    _TOUCHES = ("l2_data", "ticker")

    def __init__(self, listings: Sequence[Listing]) -> None:
        self._ids = {coinbase.product_of(one): one.id for one in listings}
        self._all = tuple(self._ids.values())

    def listing(self, channel: str) -> str | None:
        """Return the listing of a level 2 update or ticker."""
        kind, _, product = channel.partition(" ")
        return self._ids.get(product) if kind in self._TOUCHES else None

    def guarded(self, channel: str) -> Sequence[str]:  # noqa: ARG002
        """Return every listing."""
        return self._all


def _is_diff(kind: str) -> bool:
    return kind == "depth" or kind.startswith("depth@")
