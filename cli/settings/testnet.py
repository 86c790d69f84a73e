"""The keys of the section `testnet`: which test networks orders go to in mode testnet.

There is no key for a host of a venue: the hosts are a frozen list, and an address here can only be
one of this machine.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from .kinds import text

_URL = "a server on this machine instead (http://127.0.0.1:PORT), empty for the network itself"


class BinanceTestnet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Binance spot."""

    network: Annotated[
        Literal["testnet", "demo"], text("testnet: Spot Testnet; demo: Demo Mode")
    ] = "testnet"
    url: Annotated[str, text(_URL, "local_url")] = ""


class CoinbaseSandbox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Coinbase Exchange."""

    network: Annotated[Literal["sandbox"], text("the sandbox")] = "sandbox"
    url: Annotated[str, text(_URL, "local_url")] = ""


class TestnetSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The test networks of mode testnet; orders of coinbase stay here, as it has none."""

    binance: Annotated[BinanceTestnet, Meta(description="Binance spot")] = BinanceTestnet()
    coinbase_exchange: Annotated[CoinbaseSandbox, Meta(description="Coinbase Exchange")] = field(
        default=CoinbaseSandbox(), name="coinbase-exchange"
    )

    def __iter__(self) -> Iterator[tuple[str, BinanceTestnet | CoinbaseSandbox]]:
        """Yield (venue name, its settings) in a fixed order."""
        yield "binance", self.binance
        yield "coinbase-exchange", self.coinbase_exchange
