"""Where the doors that sign by themselves may send: this machine, of all the hosts of the list.

The test networks of the list are for the ccxt process (`connectors.testnet`). An address is checked
before anything is signed for it, and redirects are not followed.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from connectors.hosts import ForbiddenHostError, is_loopback, require_allowed

_Signed = TypeVar("_Signed")


def check_host(url: str) -> str:
    """Return host and port of an address as a request names them; raises ForbiddenHostError."""
    require_allowed(url)
    if not is_loopback(url):
        raise ForbiddenHostError(f"orders may not go to {url[:120]!r} by this door")
    return urlsplit(url).netloc


def signed(url: str, sign: Callable[[str], _Signed]) -> _Signed:
    """Return what `sign(host)` makes for an address; ForbiddenHostError, and nothing was signed."""
    return sign(check_host(url))
