"""Makes ccxt's exchange for a test network: sandbox addresses, exact numbers, guarded requests."""

from typing import Any
from urllib.parse import urlsplit

import aiohttp

from connectors.hosts import ForbiddenHostError, is_loopback, require_allowed
from connectors.testnet.guard import guarded
from connectors.testnet.networks import Network

#: A request that arrives later than this is refused by Binance.
WINDOW_MS = 2_000
#: What a request may take, from the line that asks for it to the answer.
TIMEOUT_MS = 2_500

_OPTIONS: dict[str, dict[str, object]] = {
    "binance": {
        "defaultType": "spot",
        # Else futures, margins and the wallet are asked for, which the test networks do not have.
        "fetchMarkets": {"types": ["spot"]},
        "fetchCurrencies": False,
        "fetchMargins": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
        "recvWindow": WINDOW_MS,
        "adjustForTimeDifference": True,
    },
    "coinbaseexchange": {},
}


def exchange_of(
    ccxt: Any,
    network: Network,
    keys: tuple[str, ...],
    session: aiohttp.ClientSession,
    base_url: str = "",
) -> Any:
    """Return the exchange of `ccxt.pro` for a network; `base_url` is a server on this machine.

    Raises ForbiddenHostError where any of its trading addresses is not allowed.
    """
    key, secret, *rest = keys
    config = {
        "apiKey": key,
        "secret": secret,
        **({"password": rest[0]} if rest else {}),
        "timeout": TIMEOUT_MS,
        "enableRateLimit": True,
        "session": session,
        "options": dict(_OPTIONS[network.exchange]),
    }
    made = guarded(getattr(ccxt, network.exchange))(config)
    # Every number stays the text that the venue wrote, and every asset keeps the venue's name.
    made.number = str
    made.commonCurrencies = {}
    if network.demo:
        made.enable_demo_trading(True)
    else:
        made.set_sandbox_mode(True)
    if base_url:
        _move(made, network, base_url)
    for url in trading_urls(made, network):
        require_allowed(url)
    return made


def trading_urls(exchange: Any, network: Network) -> tuple[str, ...]:
    """Return the addresses by which an exchange trades: REST, and the stream of its user."""
    table = exchange.urls["api"]
    if network.venue == "binance":
        return table["public"], table["private"], table["ws"]["ws-api"]["spot"]
    return table["public"], table["private"], table["ws"]


def _move(exchange: Any, network: Network, base_url: str) -> None:
    """Have an exchange speak to a server on this machine instead; raises ForbiddenHostError."""
    parts = urlsplit(base_url)
    if not is_loopback(base_url) or parts.scheme != "http":
        raise ForbiddenHostError(f"expected http:// and this machine, got {base_url!r}")
    http, ws = f"http://{parts.netloc}", f"ws://{parts.netloc}"
    table = exchange.urls["api"]
    if network.venue == "binance":
        table.update(public=f"{http}/api/v3", private=f"{http}/api/v3")
        table["ws"]["ws-api"]["spot"] = f"{ws}/ws-api/v3"
    else:
        table.update(public=http, private=http, ws=ws)
