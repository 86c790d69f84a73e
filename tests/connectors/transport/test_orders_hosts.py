"""A door that signs by itself sends to this machine only, not even to a test network."""

import pytest

from connectors.hosts import TESTNETS, ForbiddenHostError
from connectors.transport.orders_hosts import check_host, signed


def test_an_address_of_this_machine_is_named_as_requests_name_it():
    assert check_host("ws://127.0.0.1:9001/ws-api/v3") == "127.0.0.1:9001"
    assert signed("http://[::1]:80/", lambda host: f"for {host}") == "for [::1]:80"


@pytest.mark.parametrize(
    "host", [*sorted(TESTNETS), "api.binance.com", "localhost", "127.0.0.1@api.coinbase.com", ""]
)
def test_for_any_other_host_nothing_is_signed(host):
    seen = []
    with pytest.raises(ForbiddenHostError):
        signed(f"https://{host}/order", seen.append)
    assert not seen
