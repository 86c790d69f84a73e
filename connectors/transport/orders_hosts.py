"""The hosts that signed requests may go to, and the one function through which all of them pass.

There is no way to send an order to a production venue: the list is frozen, an address is checked
before anything is signed for it, and redirects are not followed.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

#: Addresses, not names: what a name stands for is somebody else's to say.
HOSTS = frozenset({"127.0.0.1", "::1"})

_Signed = TypeVar("_Signed")


class ForbiddenHostError(ValueError):
    """A signed request was to go to a host that is not on the list."""


def check_host(url: str) -> str:
    """Return host and port of an address as a request names them; raises ForbiddenHostError."""
    parts = urlsplit(url)
    if parts.hostname not in HOSTS or parts.username is not None:
        raise ForbiddenHostError(f"orders may not go to {parts.hostname!r:.80}")
    return parts.netloc


def signed(url: str, sign: Callable[[str], _Signed]) -> _Signed:
    """Return what `sign(host)` makes for an address; ForbiddenHostError, and nothing was signed."""
    return sign(check_host(url))
