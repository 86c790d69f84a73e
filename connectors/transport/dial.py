"""From a host name to a connected TCP socket, without one host delaying another."""

import asyncio
import contextlib
import errno
import functools
import ipaddress
import socket
import ssl
import threading
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from connectors.transport.stream import StreamError

T = TypeVar("T")

_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_UNREACHABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN)


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a host, as socket calls want it."""

    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


def endpoint(url: str) -> tuple[str, int, bool]:
    """Return host, port and whether TLS is asked for; ValueError for anything else than a URL."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"{url!r}: expected ws://, wss://, http:// or https:// and a host")
    return parts.hostname, parts.port or _PORTS[parts.scheme], parts.scheme in ("wss", "https")


@functools.cache
def system_tls() -> ssl.SSLContext:
    """Return the context with the system's certificates, read once: that takes milliseconds."""
    return ssl.create_default_context()


#: First match wins: several of these are kinds of another.
_NAMES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "dns"),
    (ssl.SSLError, "tls"),
    (ssl.CertificateError, "tls"),
    (ConnectionRefusedError, "refused"),
    (TimeoutError, "timeout"),
    (ConnectionError, "lost"),
)


def error_name(error: BaseException) -> str:
    """Return the counter's name of a network error."""
    for kind, name in _NAMES:
        if isinstance(error, kind):
            return name
    unreachable = isinstance(error, OSError) and error.errno in _UNREACHABLE
    return "unreachable" if unreachable else "network"


class Resolver:
    """Looks names up in threads of its own, one a host at a time.

    The loop's shared pool would let one dead name server hold up every venue, and its threads
    hold up the end of the process; these neither share nor linger.
    """

    def __init__(self) -> None:
        self._running: dict[tuple[str, int], asyncio.Future[list[Address]]] = {}

    async def lookup(self, host: str, port: int) -> list[Address]:
        """Return the addresses of `host`, best first; raises socket.gaierror."""
        literal = _literal(host, port)
        if literal is not None:
            return [literal]
        key = (host, port)
        future = self._running.get(key)
        if future is None or future.get_loop() is not asyncio.get_running_loop():
            future = self._start(key)
        return await asyncio.shield(future)

    def _start(self, key: tuple[str, int]) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Address]] = loop.create_future()
        self._running[key] = future

        def finish(found: list[Address], error: OSError | None) -> None:
            self._running.pop(key, None)
            if error is None:
                future.set_result(found)
            else:
                future.set_exception(error)
                future.exception()  # everyone who waited may be gone by now

        def work() -> None:
            found: list[Address] = []
            problem: OSError | None = None
            try:
                rows = socket.getaddrinfo(*key, type=socket.SOCK_STREAM)
                found = [Address(row[0], row[4]) for row in rows]  # type: ignore[arg-type]
            except OSError as error:
                problem = error
            # The loop may have been closed while the name server kept us waiting.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(finish, found, problem)

        threading.Thread(target=work, name=f"lookup {key[0]}", daemon=True).start()
        return future


def _literal(host: str, port: int) -> Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return Address(socket.AF_INET, (host, port))
    return Address(socket.AF_INET6, (host, port, 0, 0))


_resolver = Resolver()


async def dial(host: str, port: int) -> socket.socket:
    """Return a connected, non-blocking socket; StreamError names why there is none.

    Addresses are tried one after another; the caller bounds the time. Cancelling closes.
    """
    try:
        addresses = await _resolver.lookup(host, port)
    except OSError as error:
        raise StreamError("dns", f"{host}: {error}") from error
    failure = StreamError("dns", f"{host}: no address")
    for address in addresses:
        connection = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().sock_connect(connection, address.sockaddr)
        except OSError as error:
            connection.close()
            failure = StreamError(error_name(error), f"{host}:{port}: {error}")
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


async def holding(connection: socket.socket, work: Coroutine[Any, Any, T]) -> T:
    """Run a library's work on a socket; cancelled, end the socket and wait for the work to end.

    Cancelled in the middle of opening, neither library closes its socket on every loop; both do
    when the socket itself comes to its end.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if connection.fileno() >= 0:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        await asyncio.wait({task})
        if not task.cancelled():
            task.exception()
        raise
