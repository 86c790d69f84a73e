"""The test networks by venue: what ccxt calls them, and where their public data is.

Coinbase Advanced Trade has none on which orders trade: its sandbox gives canned answers. Its orders
are matched here, against its public books, and nothing signed is ever sent there.
"""

from typing import Final, NamedTuple

#: What a status says of a venue whose orders stay here.
LOCAL_ONLY: Final = "matched here, as Coinbase Advanced Trade has no trading sandbox"


class Network(NamedTuple):
    """One test network.

    `exchange` is ccxt's class, and `demo` says that its demo addresses are meant instead of those
    of its sandbox. `ws` and `rest` are where the public market data is; `words` are for people.
    `secrets` are the last parts of the names of the keys that it needs.
    """

    venue: str
    name: str
    exchange: str
    demo: bool
    ws: str
    rest: str
    words: str
    secrets: tuple[str, ...] = ("API_KEY", "API_SECRET")


NETWORKS: Final = (
    Network(
        "binance",
        "testnet",
        "binance",
        False,
        "wss://stream.testnet.binance.vision",
        "https://testnet.binance.vision",
        "Binance Spot Testnet",
    ),
    Network(
        "binance",
        "demo",
        "binance",
        True,
        "wss://demo-stream.binance.com",
        "https://demo-api.binance.com",
        "Binance Demo Mode",
    ),
    Network(
        "coinbase-exchange",
        "sandbox",
        "coinbaseexchange",
        False,
        "wss://ws-feed-public.sandbox.exchange.coinbase.com",
        "https://api-public.sandbox.exchange.coinbase.com",
        "Coinbase Exchange sandbox",
        ("API_KEY", "API_SECRET", "API_PASSPHRASE"),
    ),
)


def network(venue: str, name: str = "") -> Network:
    """Return a venue's test network by its name, the first without one; raises KeyError."""
    for one in NETWORKS:
        if one.venue == venue and name in ("", one.name):
            return one
    raise KeyError(f"{venue} has no test network {name}".rstrip())


def secret_names(chosen: Network) -> tuple[str, ...]:
    """Return the environment variables of the keys that a network needs."""
    prefix = chosen.venue.upper().replace("-", "_")
    return tuple(f"{prefix}_{part}" for part in chosen.secrets)
