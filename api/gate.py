"""Who is let in, by which door: over the Unix socket whoever may open it, over TCP by rules.

A page in somebody's browser can reach a port on loopback. So a request must name a host that is
ours (a rebound name is none), must not come from a page of another origin, and where it changes
something without a token it must carry `X-Crossquote`, which no foreign page can add unasked.
"""

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from aiohttp import web

from .audit_log import AuditLog
from .limits import Rates
from .route import RefusedError, Scope
from .tokens import Tokens

#: What a request without a token carries that changes something.
OWN_HEADER = "X-Crossquote"
#: How a browser gives a token with a WebSocket: among the protocols that it offers.
TOKEN_PROTOCOL = "bearer."  # noqa: S105 - what stands before one
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Caller(NamedTuple):
    """Who asks: a token's name or an address, and how they came."""

    name: str
    way: str


#: Who comes in by the Unix door.
DOOR = Caller("door", "unix")


class Gate(Protocol):
    """Decides about requests and keeps the record of those that change something."""

    def admit(self, request: web.Request, scope: Scope, *, changes: bool) -> Caller:
        """Return who asks; RefusedError where the request is not let in."""

    def note(self, caller: Caller, name: str, target: str, body: bytes, refusal: str) -> None:
        """Put a call that changes something on record."""


class LocalGate:
    """The Unix door: its mode decides who may open it, so everyone who comes in may do all."""

    def __init__(self, audit: AuditLog | None = None) -> None:
        self._audit = audit

    def admit(self, request: web.Request, scope: Scope, *, changes: bool) -> Caller:  # noqa: ARG002
        """Let everyone in."""
        return DOOR

    def note(self, caller: Caller, name: str, target: str, body: bytes, refusal: str) -> None:
        """Put a call on record."""
        if self._audit is not None:
            self._audit.note(caller.name, caller.way, name, target, body, refusal)


class PublicGate:
    """The TCP port. `hosts` are names by which it is reached besides those of loopback.

    A token is needed as soon as there is a file of them, and always beyond `loopback`.
    """

    def __init__(
        self,
        tokens: Tokens,
        rates: Rates,
        audit: AuditLog,
        hosts: Iterable[str] = (),
        *,
        loopback: bool = True,
    ) -> None:
        self._tokens = tokens
        self._loopback = loopback
        self._rates = rates
        self._audit = audit
        self._hosts = frozenset(host.lower() for host in (*_LOCAL_NAMES, *hosts))

    def admit(self, request: web.Request, scope: Scope, *, changes: bool) -> Caller:
        """Return who asks; raises RefusedError 401, 403, 421 or 429."""
        self._check_host(request)
        self._check_origin(request)
        address = request.remote or "unknown"
        # Before the token is looked at: guessing is paced too.
        self._rates.take(address)
        if self._loopback and not self._tokens.needed:
            if changes and OWN_HEADER not in request.headers:
                raise RefusedError(403, f"a call that changes something needs {OWN_HEADER}: 1")
            return Caller(address, "tcp")
        found = self._tokens.find(_token_of(request))
        if found is None:
            raise RefusedError(
                401,
                "a token is needed: Authorization: Bearer …, made by `crossquote token add`",
                {"WWW-Authenticate": 'Bearer realm="crossquote"'},
            )
        self._rates.take(f"token {found.name}")
        if scope not in found.scopes:
            raise RefusedError(403, f"the token {found.name!r} has not the scope {scope.value!r}")
        return Caller(found.name, "tcp")

    def note(self, caller: Caller, name: str, target: str, body: bytes, refusal: str) -> None:
        """Put a call on record."""
        self._audit.note(caller.name, caller.way, name, target, body, refusal)

    def _check_host(self, request: web.Request) -> None:
        name = _host_name(request.headers.get("Host", ""))
        if name not in self._hosts:
            raise RefusedError(421, f"{name[:80]!r} is not this host; api.hosts names others")

    def _check_origin(self, request: web.Request) -> None:
        """Refuse what a page of another origin sends."""
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("Host"):
            raise RefusedError(403, f"pages of {origin[:80]!r} may not ask here")
        if origin is None and site == "cross-site":
            raise RefusedError(403, "pages of other sites may not ask here")


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(header: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{header}").hostname or "").lower()
    except ValueError:
        return ""


def _token_of(request: web.Request) -> str:
    """Return the token that a request carries, '' without."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return token.strip()
    for name in request.headers.get("Sec-WebSocket-Protocol", "").split(","):
        if name.strip().startswith(TOKEN_PROTOCOL):
            return name.strip().removeprefix(TOKEN_PROTOCOL)
    return ""
