"""No signed request may go to a host that is not on the list."""

import pytest

from connectors.transport.orders_hosts import HOSTS, ForbiddenHostError, check_host, signed


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "ws://127.0.0.1:1/ws-api/v3", "http://[::1]:9/x"]
)
def test_loopback_is_allowed_and_named_with_its_port(url):
    assert check_host(url) in url


@pytest.mark.parametrize(
    "url",
    [
        "https://api.binance.com",
        "wss://ws-api.binance.com:443/ws-api/v3",
        "https://api.coinbase.com",
        "http://localhost:80",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@api.binance.com",
        "http://user@127.0.0.1",
        "http://api.binance.com#127.0.0.1",
        "//",
        "",
    ],
)
def test_nothing_is_signed_for_any_other_host(url):
    with pytest.raises(ForbiddenHostError):
        signed(url, lambda host: pytest.fail(f"signed for {host}"))


def test_the_list_is_frozen():
    assert frozenset({"127.0.0.1", "::1"}) == HOSTS
    assert signed("http://127.0.0.1:5", lambda host: host) == "127.0.0.1:5"
