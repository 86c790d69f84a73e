"""Rules of mode testnet: which venues take part, and the keys without which nothing trades there.

What needs keys is trading: without strategies the mode only watches.
"""

from collections.abc import Iterator, Mapping

from connectors.testnet.networks import NETWORKS, network, secret_names

from .model import Settings
from .problem import Origin, Problem
from .secrets import Secret

#: Its public books are read; its orders are matched here.
LOCAL = ("coinbase",)
_WHERE = {
    ("binance", "testnet"): "https://testnet.binance.vision makes keys",
    ("binance", "demo"): "https://demo.binance.com makes keys",
    ("coinbase-exchange", "sandbox"): "the sandbox's own website makes keys",
}


def testnet_venues(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield (path, message) of each venue that mode testnet does not have."""
    if settings.mode != "testnet":
        return
    there = dict.fromkeys((*(one.venue for one in NETWORKS), *LOCAL))
    for name in settings.venues.enabled():
        if name not in there:
            expected = f"expected false in mode testnet, which has {', '.join(there)} only"
            yield f"venues.{name}.enabled", f"got 'true', {expected}"


def missing_keys(settings: Settings, secrets: Mapping[str, Secret]) -> Iterator[Problem]:
    """Yield each key that is missing for trading at the chosen networks."""
    if settings.mode != "testnet" or not settings.trading.strategies:
        return
    for venue, one in settings.testnet:
        if venue not in settings.venues.enabled():
            continue
        chosen = network(venue, one.network)
        for name in secret_names(chosen):
            if name not in secrets:
                where = _WHERE[venue, one.network]
                message = f"missing, trading at {chosen.words} needs {name} or {name}_FILE; {where}"
                yield Problem("", message, Origin("environment", name))
