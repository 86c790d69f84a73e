"""Names to addresses to sockets."""

import asyncio
import socket
import threading

import pytest

from connectors.transport import dial as dial_module
from connectors.transport.dial import Address, Resolver, dial, endpoint, error_name
from connectors.transport.stream import StreamError
from tests.connectors.transport.venue_server import DEADLINE_S, free_port, raw_server


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://stream.binance.com:9443/ws", ("stream.binance.com", 9443, True)),
        ("wss://ws-feed.exchange.coinbase.com", ("ws-feed.exchange.coinbase.com", 443, True)),
        ("ws://127.0.0.1/ws", ("127.0.0.1", 80, False)),
        ("http://[::1]:8080/", ("::1", 8080, False)),
    ],
)
def test_a_url_names_host_port_and_tls(url, expected):
    assert endpoint(url) == expected


@pytest.mark.parametrize("url", ["ftp://host", "wss://", "host:80", ""])
def test_anything_else_is_refused(url):
    with pytest.raises(ValueError, match="expected"):
        endpoint(url)


async def test_literal_addresses_need_no_lookup():
    resolver = Resolver()
    assert await resolver.lookup("127.0.0.1", 1) == [Address(socket.AF_INET, ("127.0.0.1", 1))]
    assert await resolver.lookup("::1", 2) == [Address(socket.AF_INET6, ("::1", 2, 0, 0))]


async def test_a_stuck_lookup_delays_no_other_host_and_is_shared(monkeypatch):
    release = threading.Event()
    calls = []

    def getaddrinfo(host, port, **options):
        calls.append(host)
        if host == "stuck.example":
            release.wait(DEADLINE_S)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.9", port))]

    monkeypatch.setattr(dial_module.socket, "getaddrinfo", getaddrinfo)
    resolver = Resolver()
    stuck = [asyncio.ensure_future(resolver.lookup("stuck.example", 1)) for _ in range(20)]
    for number in range(20):
        found = await resolver.lookup(f"fine{number}.example", 7)
        assert found == [Address(socket.AF_INET, ("127.0.0.9", 7))]
    assert not any(task.done() for task in stuck)
    stuck.pop().cancel()
    release.set()
    outcomes = await asyncio.gather(*stuck, return_exceptions=True)
    assert all(isinstance(outcome, socket.gaierror) for outcome in outcomes)
    assert calls.count("stuck.example") == 1


async def test_the_next_address_is_tried_when_one_refuses(monkeypatch):
    async def handle(reader, writer):
        writer.close()

    refused = await free_port()
    async with raw_server(handle) as port:

        async def lookup(self, host, asked):
            return [
                Address(socket.AF_INET, ("127.0.0.1", refused)),
                Address(socket.AF_INET, ("127.0.0.1", port)),
            ]

        monkeypatch.setattr(Resolver, "lookup", lookup)
        with await dial("venue.example", 1) as connection:
            assert connection.getpeername()[1] == port


async def test_a_name_that_is_unknown_is_named_dns(monkeypatch):
    async def lookup(self, host, port):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(Resolver, "lookup", lookup)
    with pytest.raises(StreamError) as caught:
        await dial("venue.example", 1)
    assert caught.value.name == "dns"


def test_network_errors_have_names():
    assert error_name(ConnectionResetError()) == "lost"
    assert error_name(OSError(113, "no route")) == "unreachable"
    assert error_name(OSError(5, "io")) == "network"
