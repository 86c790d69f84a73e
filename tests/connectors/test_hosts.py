"""Signed requests go to this machine and to the named test networks, spelled in one way only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.hosts import ALLOWED, LOOPBACK, TESTNETS, ForbiddenHostError, require_allowed

GOOD = [
    "http://127.0.0.1:9001/api/v3/order?symbol=BTCUSDT&signature=ab",
    "ws://127.0.0.1:9001/ws-api/v3",
    "http://[::1]:9001",
    "https://testnet.binance.vision/api/v3/order",
    "https://testnet.binance.vision:443/api/v3/order",
    "wss://ws-api.testnet.binance.vision:9443/ws-api/v3",
    "https://demo-api.binance.com/api/v3/order",
    "wss://ws-feed-public.sandbox.exchange.coinbase.com?",
]
BAD = [
    "",
    "127.0.0.1",
    "https://api.binance.com/api/v3/order",
    "wss://ws-api.binance.com:443/ws-api/v3",
    "https://fapi.binance.com/fapi/v1/order",
    "https://api.exchange.coinbase.com/orders",
    "https://api.coinbase.com/api/v3/brokerage/orders",
    "https://api-sandbox.coinbase.com/api/v3/brokerage/orders",
    # Only TLS, only the ports on which a test network is served.
    "http://testnet.binance.vision/api/v3/order",
    "ws://ws-api.testnet.binance.vision/ws-api/v3",
    "https://testnet.binance.vision:8443/api/v3/order",
    # What readers of addresses understand in different ways.
    "https://testnet.binance.vision@api.binance.com/",
    "https://api.binance.com@testnet.binance.vision/",
    "https://api.binance.com#@testnet.binance.vision/",
    "https://api.binance.com\\@testnet.binance.vision/",
    "https://testnet.binance.vision\\@api.binance.com/",
    "https://testnet.binance.vision.api.binance.com/",
    "https://testnet.binance.vision./api",
    "https://TESTNET.binance.vision/api",
    "https:/testnet.binance.vision/api",
    "https:///testnet.binance.vision/api",
    "//testnet.binance.vision/api",
    " https://testnet.binance.vision/api",
    "https://testnet.binance.vision/a b",
    "https://testnet.binance.vision/api\n",
    "https://testnet.binance.vision\n.api.binance.com/",
    "https://testnet%2ebinance.vision/api",
    "https://testnet。binance.vision/api",
    "https://127.0.0.1.nip.io/",
    "http://2130706433/",
    "http://127.1/",
    "http://localhost/",
    "http://0.0.0.0/",
    "http://[::ffff:127.0.0.1]/",
    "ftp://127.0.0.1/",
    "http://127.0.0.1:99999999/",
    "https://127.0.0.1:x/",
    "https://testnet.binance.vision/" + "a" * 9_000,
]


@pytest.mark.parametrize("url", GOOD)
def test_addresses_of_the_list_are_allowed(url):
    require_allowed(url)


@pytest.mark.parametrize("url", BAD)
def test_every_other_address_is_forbidden(url):
    with pytest.raises(ForbiddenHostError):
        require_allowed(url)


@given(st.sampled_from(sorted(ALLOWED)), st.text(min_size=1, max_size=20), st.booleans())
def test_nothing_put_around_an_allowed_host_leads_elsewhere(host, around, before):
    """Whatever is accepted, a reader of addresses sees an allowed host in it."""
    from urllib.parse import urlsplit

    from yarl import URL

    url = f"https://{around}{host}" if before else f"https://{host}{around}"
    try:
        require_allowed(url)
    except ForbiddenHostError:
        return
    hosts = {one.strip("[]") for one in ALLOWED}
    assert urlsplit(url).hostname in hosts
    assert URL(url, encoded=True).host in hosts


def test_the_list_cannot_be_changed():
    assert isinstance(ALLOWED, frozenset)
    assert TESTNETS | LOOPBACK == ALLOWED
    production = ("api.binance.com", "api.exchange.coinbase.com", "api.coinbase.com")
    assert not ALLOWED & set(production)
