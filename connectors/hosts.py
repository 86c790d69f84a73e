"""The hosts that a signed order request may reach: this machine and the venues' test networks.

The list is frozen: nothing adds to it, neither a setting nor the environment. Whatever signs an
order or carries a signed one calls `require_allowed` with the address that it is about to use, and
follows no redirect. The addresses are those of the venues' own documentation of their test
networks; `docs/testnets.md` names them.
"""

import re
from typing import Final

#: Addresses, not names: what a name of this machine stands for is somebody else's to say.
LOOPBACK: Final = frozenset({"127.0.0.1", "[::1]"})

TESTNETS: Final = frozenset(
    {
        # Binance Spot Testnet: REST and the WebSocket API.
        "testnet.binance.vision",
        "ws-api.testnet.binance.vision",
        # Binance Demo Mode: REST and the WebSocket API.
        "demo-api.binance.com",
        "demo-ws-api.binance.com",
        # Coinbase Exchange sandbox: REST, and the feed with its user channel.
        "api-public.sandbox.exchange.coinbase.com",
        "ws-feed-public.sandbox.exchange.coinbase.com",
    }
)
ALLOWED: Final = LOOPBACK | TESTNETS

URL_MAX: Final = 8_192
#: One form only, so that no two readers of an address can see different hosts in it: no user
#: information, no escapes, no backslash, no blank before the path.
_FORM: Final = re.compile(
    r"(https|wss|http|ws)://([a-z0-9.-]{1,253}|\[::1\])(?::([0-9]{1,5}))?(?:[/?][!-\[\]-~]*)?"
)
_PLAIN: Final = ("http", "ws")
_TLS_PORTS: Final = (None, "443", "9443")


class ForbiddenHostError(ValueError):
    """A signed request would leave for a host that is not on the list."""


def require_allowed(url: str) -> None:
    """Return if a signed request may be sent to `url`; raises ForbiddenHostError.

    A test network is reached by TLS only, at the ports on which it is served.
    """
    scheme, host, port = _parts(url)
    if host in LOOPBACK:
        return
    if host not in TESTNETS:
        raise ForbiddenHostError(f"signed requests do not go to {host}: it is no test network")
    if scheme in _PLAIN or port not in _TLS_PORTS:
        raise ForbiddenHostError(f"{host} is reached by TLS only, not at {url[:120]!r}")


def is_loopback(url: str) -> bool:
    """Tell whether an address is of this machine; raises ForbiddenHostError for what is none."""
    return _parts(url)[1] in LOOPBACK


def _parts(url: str) -> tuple[str, str, str | None]:
    found = _FORM.fullmatch(url) if len(url) <= URL_MAX else None
    if found is None:
        raise ForbiddenHostError(f"no address for a signed request: {url[:120]!r}")
    return found[1], found[2], found[3]
